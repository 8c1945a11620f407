//! Dashboards.

use serde_json::{Value, json};

use crate::client::{Local, NOON};

/// The dashboard body of the template `infra/observability.yml`, with a value for each reference.
fn body_of_the_template() -> String {
    let template = include_str!("../../../../infra/observability.yml");
    let (_, body) = template.split_once("DashboardBody: !Sub |\n").unwrap();
    let (body, _) = body.split_once("\n\n  #").unwrap();
    body.replace("${", "{")
}

/// test_dashboard_lifecycle of the recorded responses, see the module `metrics`.
#[tokio::test]
async fn a_dashboard_is_put_shown_listed_and_deleted() {
    let local = Local::new();
    let body = json!({
        "widgets": [{
            "type": "metric", "x": 0, "y": 0, "width": 6, "height": 6,
            "properties": {
                "metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]],
                "region": "us-east-1", "view": "timeSeries", "stacked": false,
            },
        }],
    })
    .to_string();
    let put = local
        .ok(
            "PutDashboard",
            json!({ "DashboardName": "d-1_A", "DashboardBody": body }),
        )
        .await;
    assert_eq!(put, json!({ "DashboardValidationMessages": [] }));
    let arn = "arn:aws:cloudwatch::000000000000:dashboard/d-1_A";
    let dashboard = local
        .ok("GetDashboard", json!({ "DashboardName": "d-1_A" }))
        .await;
    assert_eq!(
        dashboard,
        json!({ "DashboardArn": arn, "DashboardBody": body, "DashboardName": "d-1_A" })
    );
    let entry = json!({
        "DashboardArn": arn, "DashboardName": "d-1_A", "LastModified": NOON as f64, "Size": body.len(),
    });
    for (parameters, expected) in [
        (json!({}), json!([entry])),
        (json!({ "DashboardNamePrefix": "d-" }), json!([entry])),
        (json!({ "DashboardNamePrefix": "no" }), json!([])),
    ] {
        let list = local.ok("ListDashboards", parameters).await;
        assert_eq!(list, json!({ "DashboardEntries": expected }));
    }
    assert_eq!(
        local
            .ok("DeleteDashboards", json!({ "DashboardNames": ["d-1_A"] }))
            .await,
        json!({})
    );
    assert_eq!(
        local.ok("ListDashboards", json!({})).await,
        json!({ "DashboardEntries": [] })
    );
}

#[tokio::test]
async fn the_body_of_the_template_is_accepted_as_it_is() {
    let local = Local::new();
    let body = body_of_the_template();
    let widgets: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(widgets["widgets"].as_array().unwrap().len(), 7);
    local
        .ok(
            "PutDashboard",
            json!({ "DashboardName": "mysfits-us-east-1", "DashboardBody": body }),
        )
        .await;
    let dashboard = local
        .ok(
            "GetDashboard",
            json!({ "DashboardName": "mysfits-us-east-1" }),
        )
        .await;
    assert_eq!(dashboard["DashboardBody"], body);
}

#[tokio::test]
async fn dashboards_that_do_not_exist_are_named() {
    let local = Local::new();
    local
        .ok(
            "PutDashboard",
            json!({ "DashboardName": "d", "DashboardBody": "{}" }),
        )
        .await;
    let (code, message) = local
        .fail("GetDashboard", json!({ "DashboardName": "other" }))
        .await;
    assert_eq!(
        (&*code, &*message),
        ("ResourceNotFound", "Dashboard other does not exist")
    );
    let names = json!({ "DashboardNames": ["d", "other", "third"] });
    let (code, message) = local.fail("DeleteDashboards", names).await;
    assert_eq!(code, "ResourceNotFound");
    assert_eq!(
        message,
        "The specified dashboard does not exist. [other, third]"
    );
    // None was deleted.
    local
        .ok("GetDashboard", json!({ "DashboardName": "d" }))
        .await;
}

#[tokio::test]
async fn names_and_bodies_that_are_not_valid_are_refused() {
    let local = Local::new();
    // test_invalid_dashboard_name of the recorded responses.
    let put = json!({ "DashboardName": "test test", "DashboardBody": "{}" });
    let (code, message) = local.fail("PutDashboard", put).await;
    assert_eq!(code, "InvalidParameterValue");
    assert_eq!(
        message,
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and \
         underscore (_).\n"
    );
    let widget = |widget: Value| json!({ "widgets": [widget] }).to_string();
    for (body, path) in [
        ("[]".to_owned(), "DashboardBody"),
        ("widgets".to_owned(), "DashboardBody"),
        (json!({ "widgets": 7 }).to_string(), "/widgets"),
        (widget(json!(7)), "/widgets/0"),
        (widget(json!({ "properties": {} })), "/widgets/0/type"),
        (
            widget(json!({ "type": "chart", "properties": {} })),
            "/widgets/0/type",
        ),
        (widget(json!({ "type": "text" })), "/widgets/0/properties"),
        (
            widget(json!({ "type": "text", "properties": {}, "x": -1 })),
            "/widgets/0/x",
        ),
        (
            widget(json!({ "type": "metric", "properties": { "metrics": {} } })),
            "/widgets/0/properties/metrics",
        ),
        (
            widget(
                json!({ "type": "metric", "properties": { "metrics": [["N", "m", { "D": "v" }, "x"]] } }),
            ),
            "/widgets/0/properties/metrics/0/2",
        ),
    ] {
        let put = json!({ "DashboardName": "d", "DashboardBody": body });
        let (code, message) = local.fail("PutDashboard", put).await;
        assert_eq!(code, "InvalidParameterInput", "{body}");
        assert!(message.contains(path), "{message}");
    }
}
