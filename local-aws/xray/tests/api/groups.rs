//! Tests of the operations on groups.

use serde_json::json;

use crate::local_xray::{LocalXray, Merge, longest_range};

#[test]
fn a_group_can_be_created_updated_and_deleted() {
    let xray = LocalXray::new();
    let create_response = xray.call(
        "/CreateGroup",
        json!({
            "GroupName": "TestGroup", "FilterExpression": "service(\"example.com\") {fault}",
            "Tags": [{ "Key": "Stage", "Value": "Prod" }],
        }),
    );
    let group = &create_response["Group"];
    let arn = group["GroupARN"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:xray:") && arn.contains(":group/TestGroup/"),
        "{arn}"
    );
    assert_eq!(
        group["FilterExpression"],
        "service(\"example.com\") {fault}"
    );
    assert_eq!(
        group["InsightsConfiguration"],
        json!({ "InsightsEnabled": false, "NotificationsEnabled": false })
    );
    for selector in [
        json!({ "GroupName": "TestGroup" }),
        json!({ "GroupARN": arn }),
    ] {
        assert_eq!(&xray.call("/GetGroup", selector)["Group"], group);
    }
    xray.call("/CreateGroup", json!({ "GroupName": "TestGroup2" }));
    let list_response = xray.call("/Groups", json!({}));
    assert_eq!(list_response["Groups"].as_array().unwrap().len(), 2);
    assert_eq!(&list_response["Groups"][0], group);

    let update_response = xray.call("/UpdateGroup", json!({
        "GroupARN": arn, "FilterExpression": "error", "InsightsConfiguration": { "InsightsEnabled": true },
    }));
    assert_eq!(update_response["Group"]["FilterExpression"], "error");
    assert_eq!(
        update_response["Group"]["InsightsConfiguration"]["InsightsEnabled"],
        true
    );
    let with_notifications = json!({ "NotificationsEnabled": true });
    let request = json!({ "GroupName": "TestGroup", "InsightsConfiguration": with_notifications });
    let response = xray.call("/UpdateGroup", request);
    assert_eq!(
        response["Group"]["InsightsConfiguration"],
        json!({ "InsightsEnabled": true, "NotificationsEnabled": true })
    );
    let without_notifications = json!({ "NotificationsEnabled": false });
    let request =
        json!({ "GroupName": "TestGroup", "InsightsConfiguration": without_notifications });
    xray.call("/UpdateGroup", request);
    xray.call("/UpdateGroup", json!({ "GroupName": "TestGroup" }));
    assert_eq!(
        xray.call("/GetGroup", json!({ "GroupName": "TestGroup" })),
        update_response
    );

    assert_eq!(
        xray.call("/DeleteGroup", json!({ "GroupName": "TestGroup" })),
        json!({})
    );
    assert_eq!(
        xray.call_error("/GetGroup", json!({ "GroupARN": arn })),
        format!("There is no group {arn:?}")
    );
}

#[test]
fn an_invalid_group_an_invalid_selector_and_a_26th_group_are_refused() {
    let xray = LocalXray::new();
    xray.call("/CreateGroup", json!({ "GroupName": "one" }));
    for (request, message) in [
        (json!({}), "The request: missing field `GroupName`"),
        (
            json!({ "GroupName": "n".repeat(33) }),
            "GroupName: expected 1 to 32 characters, not 33",
        ),
        (json!({ "GroupName": "a/b" }), "GroupName can contain only"),
        (json!({ "GroupName": "a b" }), "GroupName can contain only"),
        (
            json!({ "GroupName": "größe" }),
            "GroupName can contain only",
        ),
        (
            json!({ "GroupName": "two", "FilterExpression": " " }),
            "FilterExpression is empty",
        ),
        (
            json!({ "GroupName": "two", "InsightsConfiguration": { "NotificationsEnabled": true } }),
            "NotificationsEnabled requires InsightsEnabled",
        ),
        (
            json!({ "GroupName": "two", "Tags": [{ "Key": "aws:x", "Value": "" }] }),
            "Tags[0]: keys that begin with aws: are reserved",
        ),
        (
            json!({ "GroupName": "two", "Tags": [{ "Key": "a", "Value": "" }, { "Key": "b", "Value": "?" }] }),
            "Tags[1]: a tag can contain only",
        ),
        (
            json!({ "GroupName": "two", "Tags": vec![json!({ "Key": "a", "Value": "b" }); 51] }),
            "Tags: expected 0 to 50 elements, not 51",
        ),
        (
            json!({ "GroupName": "one" }),
            "Group \"one\" exists already",
        ),
        (
            json!({ "GroupName": "Default" }),
            "Group \"Default\" exists already",
        ),
        (
            json!({ "GroupName": "two", "FilterExpression": "oops" }),
            "Invalid filter expression: 'oops' is not a keyword at position 1",
        ),
    ] {
        let error = xray.call_error("/CreateGroup", request);
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(
        xray.call_error("/UpdateGroup", json!({ "GroupName": "two" })),
        "There is no group \"two\""
    );
    let arn = xray.call("/GetGroup", json!({ "GroupName": "one" }))["Group"]["GroupARN"].clone();
    let name_and_arn = json!({ "GroupName": "one", "GroupARN": arn });
    for path in ["/GetGroup", "/UpdateGroup", "/DeleteGroup"] {
        for selector in [json!({}), name_and_arn.clone()] {
            let error = xray.call_error(path, selector);
            assert_eq!(error, "Either GroupName or GroupARN is required, not both");
        }
    }
    for path in ["/ServiceGraph", "/TimeSeriesServiceStatistics"] {
        let error = xray.call_error(path, longest_range().merge(name_and_arn.clone()));
        assert_eq!(error, "Either GroupName or GroupARN is required, not both");
    }
    let default_selector = json!({ "GroupName": "Default" });
    assert_eq!(
        xray.call("/GetGroup", default_selector.clone())["Group"]["GroupName"],
        "Default"
    );
    for path in ["/UpdateGroup", "/DeleteGroup"] {
        let error = xray.call_error(path, default_selector.clone());
        assert_eq!(
            error,
            "The Default group can be neither changed nor deleted"
        );
    }
    assert_eq!(
        xray.call("/Groups", json!({}))["Groups"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for number in 1..25 {
        xray.call("/CreateGroup", json!({ "GroupName": format!("g{number}") }));
    }
    assert_eq!(
        xray.call_error("/CreateGroup", json!({ "GroupName": "more" })),
        "There are 25 groups already"
    );
}
