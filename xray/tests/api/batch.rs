//! `BatchGetTraces`, with the facts of the guide's example.

use serde_json::{Value, json};

use crate::world::{World, trace_at};

const TRACE: &str = "1-59602603-23fc5b688855d396af79b496";

/// What the application of the guide's example sent: a web application calls a function, which Lambda and the
/// function itself tell of, and saves to a table; the function publishes to a topic.
/// The minute in which the guide's trace began.
fn its_range() -> Value {
    json!({ "StartTime": 1_499_473_400, "EndTime": 1_499_473_460 })
}

fn scorekeep() -> Vec<Value> {
    vec![
        json!({
            "id": "1fb07842d944e714", "name": "random-name", "parent_id": "0c544c1b1bbff948", "trace_id": TRACE,
            "start_time": 1_499_473_411.677, "end_time": 1_499_473_414.572, "http": { "response": { "status": 200 } },
            "aws": { "request_id": "ac086670-6373-11e7-a174-f31b3397f190" }, "origin": "AWS::Lambda",
            "resource_arn": "arn:aws:lambda:us-west-2:123456789012:function:random-name",
        }),
        json!({
            "id": "194fcc8747581230", "name": "Scorekeep", "trace_id": TRACE, "user": "5M388M1E",
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
            "id": "00f91aa01f4984fd", "name": "random-name", "parent_id": "1fb07842d944e714", "trace_id": TRACE,
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
fn the_guides_trace_has_three_segments_and_two_inferred_ones() {
    let world = World::of(&scorekeep());
    let answer = world.ask("/Traces", json!({ "TraceIds": [TRACE] }));
    let trace = &answer["Traces"][0];
    assert_eq!(trace["Id"], TRACE);
    assert_eq!(trace["Duration"], 3.232);
    assert_eq!(answer["UnprocessedTraceIds"], json!([]));
    let documents = world.documents(TRACE);
    let shape: Vec<_> = documents
        .iter()
        .map(|it| {
            (
                it["name"].as_str().unwrap(),
                it["origin"].as_str().unwrap(),
                it["inferred"] == true,
            )
        })
        .collect();
    assert_eq!(
        shape,
        [
            ("Scorekeep", "AWS::ElasticBeanstalk::Environment", false),
            ("random-name", "AWS::Lambda", false),
            ("random-name", "AWS::Lambda::Function", false),
            ("SNS", "AWS::SNS", true),
            ("DynamoDB", "AWS::DynamoDB::Table", true),
        ]
    );
    let table = &documents[4];
    assert_eq!(table["parent_id"], "4cd3f10b76c624b4");
    assert_eq!(table["start_time"], 1_499_473_414.69);
    assert_eq!(table["end_time"], 1_499_473_414.769);
    assert_eq!(
        table["aws"],
        json!({ "table_name": "scorekeep-user", "operation": "UpdateItem" })
    );
    assert_eq!(
        table["http"],
        json!({ "response": { "status": 200, "content_length": 57 } })
    );
    assert_eq!(table["trace_id"], TRACE);
    assert_eq!(
        documents[0]["subsegments"][1]["subsegments"][0]["name"],
        "DynamoDB"
    );
}

#[test]
fn the_guides_summary_follows() {
    let summaries = World::of(&scorekeep()).summaries_of(its_range(), r#"service("Scorekeep")"#);
    let summary = &summaries[0];
    assert_eq!(summary["Duration"], 3.232);
    assert_eq!(summary["ResponseTime"], 3.232);
    assert_eq!(
        summary["Http"],
        json!({
            "HttpURL": "http://scorekeep.elasticbeanstalk.com/api/user", "HttpMethod": "POST", "HttpStatus": 200,
            "UserAgent": "Mozilla/5.0", "ClientIp": "205.251.233.183",
        })
    );
    let function = json!([{
        "Name": "random-name", "Names": ["random-name"], "Type": "AWS::Lambda::Function", "AccountId": "123456789012",
    }]);
    assert_eq!(
        summary["Annotations"]["Name"],
        json!([{ "AnnotationValue": { "StringValue": "Ola" }, "ServiceIds": function }])
    );
    assert_eq!(summary["Users"][0]["UserName"], "5M388M1E");
    assert_eq!(summary["EntryPoint"]["Name"], "Scorekeep");
    assert_eq!(
        summary["AvailabilityZones"],
        json!([{ "Name": "us-west-2c" }])
    );
    assert_eq!(
        summary["InstanceIds"],
        json!([{ "Id": "i-0cd9e448944061b4a" }])
    );
    assert_eq!(
        summary["ResourceARNs"],
        json!([{ "ARN": "arn:aws:lambda:us-west-2:123456789012:function:random-name" }])
    );
    let nodes: Vec<_> = summary["ServiceIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Name"].as_str().unwrap())
        .collect();
    assert_eq!(nodes.len(), 5);
    assert!(nodes.contains(&"scorekeep-user"));
}

#[test]
fn its_nodes_of_one_name_are_told_apart_by_type() {
    let world = World::of(&scorekeep());
    for (filter, matches) in [
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
        let found = world.summaries_of(its_range(), filter);
        assert_eq!(found.len(), matches, "{filter}");
    }
}

#[test]
fn five_traces_are_got_at_once_and_six_are_refused() {
    let world = World::of(&scorekeep());
    let ids: Vec<_> = (0..6).map(|number| trace_at(0, number)).collect();
    let answer = world.ask("/Traces", json!({ "TraceIds": ids[..5] }));
    assert_eq!(answer["Traces"], json!([]));
    assert_eq!(answer["UnprocessedTraceIds"], json!(ids[..5]));
    let error = world.error("/Traces", json!({ "TraceIds": ids }));
    assert!(
        error.starts_with("TraceIds: expected 0 to 5 elements, not 6"),
        "{error}"
    );
    let upper = TRACE.to_uppercase();
    let answer = world.ask("/Traces", json!({ "TraceIds": [upper, ids[0]] }));
    assert_eq!(answer["Traces"][0]["Id"], TRACE);
    assert_eq!(answer["UnprocessedTraceIds"], json!([ids[0]]));
}

#[test]
fn what_is_no_trace_id_and_the_same_id_twice_are_refused() {
    let world = World::of(&scorekeep());
    let malformed = ["x", "1-2-3", &TRACE[1..], &TRACE.replace('1', "g")];
    for id in malformed {
        for path in ["/Traces", "/TraceGraph"] {
            let error = world.error(path, json!({ "TraceIds": [TRACE, id] }));
            assert_eq!(
                error,
                format!("TraceIds: invalid trace id {id:?}"),
                "{path}"
            );
        }
    }
    for again in [TRACE.to_owned(), TRACE.to_uppercase()] {
        let error = world.error("/Traces", json!({ "TraceIds": [TRACE, again] }));
        assert_eq!(error, format!("TraceIds contain {again:?} more than once"));
    }
}
