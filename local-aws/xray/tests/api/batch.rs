//! Tests of `BatchGetTraces` with the example of the developer guide.

use serde_json::{Value, json};

use crate::local_xray::{LocalXray, trace_id_at};

const GUIDE_TRACE_ID: &str = "1-59602603-23fc5b688855d396af79b496";

/// Returns the time range of the minute in which the guide's trace began.
fn guide_range() -> Value {
    json!({ "StartTime": 1_499_473_400, "EndTime": 1_499_473_460 })
}

/// The documents in the example of the developer guide. A web application calls a Lambda function and saves
/// data to a DynamoDB table. The Lambda service sends a segment for the call of the function, and the
/// function sends another segment. The function publishes a message to an SNS topic.
fn guide_documents() -> Vec<Value> {
    vec![
        json!({
            "id": "1fb07842d944e714", "name": "random-name", "parent_id": "0c544c1b1bbff948", "trace_id": GUIDE_TRACE_ID,
            "start_time": 1_499_473_411.677, "end_time": 1_499_473_414.572, "http": { "response": { "status": 200 } },
            "aws": { "request_id": "ac086670-6373-11e7-a174-f31b3397f190" }, "origin": "AWS::Lambda",
            "resource_arn": "arn:aws:lambda:us-west-2:123456789012:function:random-name",
        }),
        json!({
            "id": "194fcc8747581230", "name": "Scorekeep", "trace_id": GUIDE_TRACE_ID, "user": "5M388M1E",
            "start_time": 1_499_473_411.562, "end_time": 1_499_473_414.794, "service": {},
            "origin": "AWS::ElasticBeanstalk::Environment",
            "http": {
                "request": {
                    "url": "http://scorekeep.elasticbeanstalk.com/api/user", "method": "POST",
                    "user_agent": "Mozilla/5.0", "client_ip": "205.251.233.183",
                },
                "response": { "status": 200 },
            },
            "aws": { "ec2": { "availability_zone": "us-west-2c", "instance_id": "i-0cd9e448944061b4a" } },
            "subsegments": [
                {
                    "id": "0c544c1b1bbff948", "name": "Lambda", "namespace": "aws",
                    "start_time": 1_499_473_411.629, "end_time": 1_499_473_414.572,
                    "http": { "response": { "status": 200, "content_length": 14 } },
                    "aws": { "function_name": "random-name", "operation": "Invoke" },
                },
                {
                    "id": "071684f2e555e571", "name": "## UserModel.saveUser",
                    "start_time": 1_499_473_414.581, "end_time": 1_499_473_414.769,
                    "metadata": { "debug": { "test": "Metadata string from UserModel.saveUser" } },
                    "subsegments": [{
                        "id": "4cd3f10b76c624b4", "name": "DynamoDB", "namespace": "aws",
                        "start_time": 1_499_473_414.69, "end_time": 1_499_473_414.769,
                        "http": { "response": { "status": 200, "content_length": 57 } },
                        "aws": { "table_name": "scorekeep-user", "operation": "UpdateItem" },
                    }],
                },
            ],
        }),
        json!({
            "id": "00f91aa01f4984fd", "name": "random-name", "parent_id": "1fb07842d944e714", "trace_id": GUIDE_TRACE_ID,
            "start_time": 1_499_473_412.83, "end_time": 1_499_473_414.57, "origin": "AWS::Lambda::Function",
            "aws": { "function_arn": "arn:aws:lambda:us-west-2:123456789012:function:random-name", "account_id": "123456789012" },
            "subsegments": [
                {
                    "id": "e6d2fe619f827804", "name": "annotations",
                    "start_time": 1_499_473_413.012, "end_time": 1_499_473_413.069,
                    "annotations": { "UserID": "5M388M1E", "Name": "Ola" },
                },
                {
                    "id": "b29b548af4d54a0f", "name": "SNS", "namespace": "aws",
                    "start_time": 1_499_473_413.112, "end_time": 1_499_473_414.071,
                    "http": { "response": { "status": 200 } },
                    "aws": { "operation": "Publish", "region": "us-west-2", "retries": 0 },
                },
                { "id": "2279c0030c955e52", "name": "Initialization", "start_time": 1_499_473_412.064, "end_time": 1_499_473_412.819 },
            ],
        }),
    ]
}

#[test]
fn the_guides_trace_has_three_sent_and_two_inferred_segments() {
    let xray = LocalXray::with_documents(&guide_documents());
    let mut response = xray.call("/Traces", json!({ "TraceIds": [GUIDE_TRACE_ID] }));
    // The documents in the response are strings that contain JSON. The snapshot shows the parsed JSON of each
    // document.
    let documents = xray.trace_documents(GUIDE_TRACE_ID);
    let segments = response["Traces"][0]["Segments"].as_array_mut().unwrap();
    for (segment, document) in segments.iter_mut().zip(documents) {
        segment["Document"] = document;
    }
    insta::assert_json_snapshot!("trace_of_the_guides_example", response);
}

#[test]
fn the_summary_of_the_guides_trace_has_the_values_of_its_documents() {
    let xray = LocalXray::with_documents(&guide_documents());
    let summaries = xray.summaries_in(guide_range(), r#"service("Scorekeep")"#);
    insta::assert_json_snapshot!("summary_of_the_guides_example", summaries);
}

#[test]
fn two_nodes_with_the_same_name_are_distinguished_by_type() {
    let xray = LocalXray::with_documents(&guide_documents());
    for (filter, match_count) in [
        (
            r#"service(id(name: "random-name", type: "AWS::Lambda::Function")) { http.status = 200 }"#,
            0,
        ),
        (
            r#"service(id(name: "random-name", type: "AWS::Lambda")) { http.status = 200 }"#,
            1,
        ),
        (
            r#"service(id(type: "AWS::Lambda::Function")) { annotation.Name = "Ola" }"#,
            1,
        ),
        (r#"service(id(account.id: "123456789012"))"#, 1),
        (r#"service(id(account.id: "1"))"#, 0),
        (
            r#"edge(id(name: "random-name", type: "AWS::Lambda"), id(type: "AWS::Lambda::Function"))"#,
            1,
        ),
        (r#"edge("Scorekeep", id(type: "AWS::Lambda::Function"))"#, 0),
    ] {
        let summaries = xray.summaries_in(guide_range(), filter);
        assert_eq!(summaries.len(), match_count, "{filter}");
    }
}

#[test]
fn a_request_can_have_five_trace_ids_but_not_six() {
    let xray = LocalXray::with_documents(&guide_documents());
    let ids: Vec<_> = (0..6).map(|number| trace_id_at(0, number)).collect();
    let response = xray.call("/Traces", json!({ "TraceIds": ids[..5] }));
    assert_eq!(response["Traces"], json!([]));
    assert_eq!(response["UnprocessedTraceIds"], json!(ids[..5]));
    let error = xray.call_error("/Traces", json!({ "TraceIds": ids }));
    assert!(
        error.starts_with("TraceIds: expected 0 to 5 elements, not 6"),
        "{error}"
    );
    let uppercase_id = GUIDE_TRACE_ID.to_uppercase();
    let response = xray.call("/Traces", json!({ "TraceIds": [uppercase_id, ids[0]] }));
    assert_eq!(response["Traces"][0]["Id"], GUIDE_TRACE_ID);
    assert_eq!(response["UnprocessedTraceIds"], json!([ids[0]]));
}

#[test]
fn an_invalid_trace_id_and_a_repeated_trace_id_are_refused() {
    let xray = LocalXray::with_documents(&guide_documents());
    let malformed_ids = [
        "x",
        "1-2-3",
        &GUIDE_TRACE_ID[1..],
        &GUIDE_TRACE_ID.replace('1', "g"),
    ];
    for id in malformed_ids {
        for path in ["/Traces", "/TraceGraph"] {
            let error = xray.call_error(path, json!({ "TraceIds": [GUIDE_TRACE_ID, id] }));
            assert_eq!(
                error,
                format!("TraceIds: invalid trace id {id:?}"),
                "{path}"
            );
        }
    }
    for repeated in [GUIDE_TRACE_ID.to_owned(), GUIDE_TRACE_ID.to_uppercase()] {
        let error = xray.call_error("/Traces", json!({ "TraceIds": [GUIDE_TRACE_ID, repeated] }));
        assert_eq!(
            error,
            format!("TraceIds contain {repeated:?} more than once")
        );
    }
}
