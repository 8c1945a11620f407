//! Tests of the keywords `group.name` and `group.arn`.

use serde_json::json;

use super::ten_traces::{trace_names, xray_with_ten_traces};
use crate::local_xray::{Merge, longest_range};

#[test]
fn a_filter_can_name_groups_but_the_expression_of_a_group_cannot() {
    let xray = xray_with_ten_traces();
    let group = json!({ "GroupName": "late", "FilterExpression": "responsetime > 3" });
    let group = xray.call("/CreateGroup", group);
    let arn = group["Group"]["GroupARN"].as_str().unwrap();
    let default_group = xray.call("/GetGroup", json!({ "GroupName": "Default" }));
    let default_arn = default_group["Group"]["GroupARN"].as_str().unwrap();
    let arn_filter = format!("group.arn = \"{arn}\"");
    let default_arn_filter = format!("group.arn = \"{default_arn}\" AND user");
    for (filter, expected) in [
        (r#"group.name = "late""#, "slow"),
        (r#"group.name = "late" AND user = "alice""#, "slow"),
        (r#"group.name = "late" AND user = "bob""#, ""),
        (r#"group.name != "late" AND user"#, "guest"),
        ("group.name AND user", "slow guest"),
        (&arn_filter, "slow"),
        (r#"group.name = "Default" AND user"#, "slow guest"),
        (r#"group.name != "Default""#, ""),
        (r#"group.name = "Default" AND group.name = "late""#, "slow"),
        (&default_arn_filter, "slow guest"),
    ] {
        let found_traces = trace_names(&xray.summaries(filter));
        assert_eq!(found_traces.join(" "), expected, "{filter}");
    }
    let unknown_group = json!({ "FilterExpression": r#"ok OR group.name = "early""# });
    assert_eq!(
        xray.call_error("/TraceSummaries", longest_range().merge(unknown_group)),
        "There is no group \"early\""
    );
    let group_with_group_name =
        json!({ "GroupName": "nested", "FilterExpression": r#"group.name = "late""# });
    assert_eq!(
        xray.call_error("/CreateGroup", group_with_group_name),
        "A group's expression cannot name groups"
    );
}
