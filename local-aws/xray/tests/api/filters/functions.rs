//! Tests of conditions with `service()`, `edge()` and `rootcause`.

use serde_json::json;

use super::ten_traces::{assert_finds, trace_names, xray_with_ten_traces};

#[test]
fn service_conditions_apply_to_the_nodes_own_segments() {
    assert_finds(&[
        (r#"service("web")"#, "-guest cron minimal"),
        (r#"!service("web")"#, "guest cron minimal"),
        (r#"service("auth") { fault }"#, "broken"),
        (r#"service("auth") { error }"#, "handled"),
        (r#"service("auth") { http.status = 403 }"#, "handled"),
        (r#"service("auth") { !ok }"#, "broken handled"),
        (r#"!service("auth") { !ok }"#, "-broken handled"),
        ("service() { fault }", "broken"),
        (
            "service() { error OR fault }",
            "missing broken throttled handled",
        ),
        (
            r#"service("sessions")"#,
            "fine slow missing broken throttled handled",
        ),
        (r#"service("DynamoDB")"#, ""),
        (
            r#"service(id(type: "AWS::DynamoDB::Table")) { inferred }"#,
            "fine slow missing broken throttled handled",
        ),
        (
            r#"service(id(name: "web", type: "AWS::ECS::Container"))"#,
            "-guest cron minimal",
        ),
        (
            r#"service(id(name: "web", type: "AWS::EC2::Instance"))"#,
            "",
        ),
        (
            r#"service(id(account.id: "111122223333"))"#,
            "fine slow missing broken throttled handled",
        ),
        (r#"service("Web")"#, ""),
        (
            r#"service("web") { root = true and fault = true }"#,
            "broken",
        ),
        (r#"service("auth") { root }"#, ""),
        (r#"service("auth") { responsetime > 5 }"#, "slow"),
        (r#"service("web") { annotation.order = 2 }"#, "missing"),
        (r#"service("auth") { annotation.order }"#, ""),
        (r#"service("cron") { annotation.order = 88 }"#, "cron"),
        (r#"service(id(type: "client"))"#, "-"),
        (
            r#"service("web") { responsetime > 1 OR error } AND http.method = "POST""#,
            "slow missing throttled",
        ),
        (
            r#"http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("auth")"#,
            "unfinished",
        ),
    ]);
}

#[test]
fn edge_conditions_apply_to_the_callers_subsegments() {
    assert_finds(&[
        (
            r#"edge("web", "auth")"#,
            "fine slow missing broken throttled handled",
        ),
        (r#"edge("auth", "web")"#, ""),
        (r#"edge("web", "auth") { error }"#, "handled"),
        // The caller reports the HTTP status 200, and the callee reports the HTTP status 403.
        (r#"edge("web", "auth") { http.status = 403 }"#, ""),
        (r#"edge("auth", "sessions") { fault }"#, "broken"),
        (
            r#"edge("auth", id(type: "AWS::DynamoDB::Table"))"#,
            "fine slow missing broken throttled handled",
        ),
        (
            r#"edge(id(name: "web", type: "client"), "web") { error }"#,
            "missing throttled",
        ),
        (r#"edge(id(type: "client"), "auth")"#, ""),
        // A client node has the same name as the node that the client node calls.
        (r#"edge("web", "web")"#, "-guest cron minimal"),
        (
            r#"edge(id(name: "web", type: "AWS::ECS::Container"), "web")"#,
            "",
        ),
        (r#"!edge("web", "auth")"#, "guest unfinished cron minimal"),
    ]);
}

#[test]
fn root_cause_conditions_apply_to_the_path_of_the_cause() {
    assert_finds(&[
        (r#"rootcause.fault.service { name = "auth" }"#, "broken"),
        (
            r#"rootcause.fault.service { first and name = "web" }"#,
            "broken",
        ),
        (r#"rootcause.fault.service { last and name = "web" }"#, ""),
        (
            r#"rootcause.fault.service { inferred and name = sessions and type = "AWS::DynamoDB::Table" }"#,
            "broken",
        ),
        ("rootcause.fault.service { index > 1 }", "broken"),
        ("rootcause.fault.service { index > 2 }", ""),
        (
            r#"rootcause.fault.entity { last and name = "DynamoDB" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.entity { remote and name = "auth" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.exception { last and message = "it broke" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.exception { first and message CONTAINS "access denied" and name = "deserialize" }"#,
            "broken",
        ),
        ("rootcause.fault.exception", "broken"),
        ("rootcause.fault.service", "broken"),
        ("rootcause.error.service", "missing throttled handled"),
        (r#"rootcause.error.service { name = "auth" }"#, "handled"),
        ("rootcause.responsetime.service", "-unfinished"),
        (
            r#"rootcause.responsetime.entity { remote and coverage > 0.7 and name = "auth" }"#,
            "fine slow missing broken throttled handled",
        ),
        (
            r#"rootcause.responsetime.entity { last and coverage = 1 }"#,
            "guest minimal",
        ),
        (
            r#"rootcause.responsetime.service { last and type = "AWS::DynamoDB::Table" }"#,
            "",
        ),
        ("!rootcause.fault.service error", "missing throttled"),
    ]);
}

#[test]
fn a_root_cause_pattern_matches_the_json_of_a_summary() {
    let xray = xray_with_ten_traces();
    let summary = xray.summaries("fault").remove(0);
    let complete_pattern = json!([summary["FaultRootCauses"][0]]).to_string();
    for (pattern, expected) in [
        (complete_pattern.as_str(), "broken"),
        (
            r#"[{"Services": [{"Name": "web"}, {"Name": "auth"}, {"Name": "sessions"}]}]"#,
            "broken",
        ),
        (
            r#"[{"Services": [{"Name": "web"}, {"Name": "auth"}]}]"#,
            "fine slow missing broken throttled handled",
        ),
        (
            r#"[{"Services": [{"Name": "minimal", "EntityPath": [{"Name": "minimal", "Coverage": 1}]}]}]"#,
            "minimal",
        ),
        (r#"[{"ClientImpacting": false}]"#, "handled"),
        (
            r#"[{"ClientImpacting": false}, {"Services": [{"Name": "unknown"}]}]"#,
            "",
        ),
        (r#"[{"Colour": "red"}]"#, ""),
    ] {
        let filter = format!("rootcause.json = #{pattern}");
        let found_traces = trace_names(&xray.summaries(&filter));
        assert_eq!(found_traces.join(" "), expected, "{filter}");
        let with_service = format!("{filter} AND service(\"web\")");
        let found_traces = trace_names(&xray.summaries(&with_service));
        let expected = if expected == "minimal" { "" } else { expected };
        assert_eq!(found_traces.join(" "), expected, "{with_service}");
    }
}
