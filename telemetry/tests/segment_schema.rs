//! The schema of segment documents takes what the services send, and nothing near it.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use test_support::segment_schema::violations;

/// The like service's segment: the root of its trace, on Fargate.
fn like_segment() -> Value {
    json!({
        "name": "like service",
        "id": "70de5b6f19ff9a0a",
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "start_time": 1478293361.271,
        "end_time": 1478293361.449,
        "origin": "AWS::ECS::Fargate",
        "service": { "version": "0.1.0" },
        "http": {
            "request": {
                "method": "POST",
                "url": "http://mysfits.example/mysfits/4e53920c/like",
                "user_agent": "k6/1.0",
                "client_ip": "203.0.113.7",
                "x_forwarded_for": true
            },
            "response": { "status": 200, "content_length": 23 }
        },
        "aws": {
            "account_id": "123456789012",
            "ecs": {
                "container": "like-service",
                "container_id": "1f0c",
                "container_arn": "arn:aws:ecs:eu-west-1:123456789012:container/1f0c",
                "cluster_arn": "arn:aws:ecs:eu-west-1:123456789012:cluster/mysfits",
                "task_arn": "arn:aws:ecs:eu-west-1:123456789012:task/mysfits/9c2a",
                "task_family": "like-service",
                "launch_type": "fargate"
            },
            "xray": {
                "sdk": "opentelemetry for rust",
                "sdk_version": "0.33.1",
                "auto_instrumentation": false
            },
            "cloudwatch_logs": [{
                "log_group": "/ecs/like-service",
                "arn": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/like-service"
            }]
        },
        "annotations": { "mysfit_id": "4e53920c", "chaos": false, "attempts": 1 },
        "metadata": { "default": { "code.file.path": "like-service/src/routes/likes.rs" } }
    })
}

/// The like service's call, which the monolith answers with a segment of its own.
fn call_to_monolith() -> Value {
    json!({
        "type": "subsegment",
        "name": "monolith",
        "id": "53995c3f42cd8ad8",
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "parent_id": "70de5b6f19ff9a0a",
        "start_time": 1478293361.280,
        "end_time": 1478293361.440,
        "namespace": "remote",
        "http": {
            "request": {
                "method": "POST",
                "url": "http://monolith.example/mysfits/4e53920c/fulfill-like",
                "traced": true
            },
            "response": { "status": 200 }
        },
        "precursor_ids": ["53995c3f42cd8ad7"]
    })
}

/// A call that nobody answers with a segment.
fn untraced_call() -> Value {
    let mut document = call_to_monolith();
    remove(&mut document, "/http/request/traced");
    document
}

/// The monolith's segment, which continues the like service's trace.
fn monolith_segment() -> Value {
    json!({
        "name": "monolith",
        "id": "6b55dcc497934f1a",
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "parent_id": "53995c3f42cd8ad8",
        "start_time": 1478293361.290,
        "end_time": 1478293361.430,
        "http": {
            "request": {
                "method": "POST",
                "url": "http://monolith.example/mysfits/4e53920c/fulfill-like"
            },
            "response": { "status": 200 }
        }
    })
}

/// The monolith's call of DynamoDB.
fn dynamodb_call() -> Value {
    json!({
        "type": "subsegment",
        "name": "DynamoDB",
        "id": "24756640c0d0978a",
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "parent_id": "6b55dcc497934f1a",
        "start_time": 1478293361.300,
        "end_time": 1478293361.420,
        "namespace": "aws",
        "http": { "response": { "status": 200, "content_length": 60 } },
        "aws": {
            "operation": "UpdateItem",
            "table_name": "MysfitsTable",
            "region": "eu-west-1",
            "request_id": "UBQNSO5AEM8T4FDA4RQDEB94OVTDRVV4K4HIRGVJF66Q9ASUAAJG"
        }
    })
}

/// What the guide allows a segment besides, though the services have no use for it.
fn unusual_segment() -> Value {
    json!({
        "name": "monolith",
        "id": "6b55dcc497934f1b",
        "trace_id": "1-581cf771-a006649127e371903a2de97b",
        "start_time": 1478293361.290,
        "end_time": 1478293361.430,
        "origin": "AWS::EC2::Instance",
        "user": "ada",
        "aws": {
            "ec2": {
                "instance_id": "i-0b5a4678fc325bg98",
                "instance_size": "t3.small",
                "ami_id": "ami-0f3a",
                "availability_zone": "eu-west-1c"
            }
        }
    })
}

/// What the guide allows a subsegment besides.
fn unusual_call() -> Value {
    let mut document = dynamodb_call();
    set(&mut document, "/name", json!("SQS"));
    document["aws"] = json!({
        "operation": "SendMessage",
        "account_id": "123456789012",
        "queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/likes",
        "table_names": ["MysfitsTable"],
        "resource_names": ["likes"],
        "xray": { "sdk": "opentelemetry for rust" }
    });
    document
}

/// A segment that carries its failed call, and tells why it failed.
fn faulty_segment() -> Value {
    json!({
        "name": "like service",
        "id": "70de5b6f19ff9a0b",
        "trace_id": "1-581cf771-a006649127e371903a2de97a",
        "start_time": 1478293361.271,
        "end_time": 1478293361.449,
        "http": {
            "request": { "method": "POST" },
            "response": { "status": 502 }
        },
        "fault": true,
        "cause": {
            "working_directory": "/srv",
            "paths": ["/srv/like-service"],
            "exceptions": [
                {
                    "id": "0f910026178b71eb",
                    "type": "LikeError",
                    "message": "the monolith did not answer",
                    "cause": "0f910026178b71ec"
                },
                {
                    "id": "0f910026178b71ec",
                    "type": "ConnectError",
                    "message": "connection refused",
                    "remote": true,
                    "truncated": 3,
                    "skipped": 0,
                    "stack": [{ "path": "src/monolith_client.rs", "line": 71, "label": "like" }]
                }
            ]
        },
        "subsegments": [{
            "name": "monolith",
            "id": "53995c3f42cd8ad9",
            "start_time": 1478293361.280,
            "end_time": 1478293361.281,
            "namespace": "remote",
            "fault": true,
            "cause": "0f910026178b71ec",
            "http": { "request": { "method": "POST", "traced": true } }
        }]
    })
}

/// A segment answered with `status`, with the flags that belong to it.
fn answered(status: u16, flags: &[&str]) -> Value {
    let mut document = monolith_segment();
    document["http"]["response"]["status"] = json!(status);
    for flag in flags {
        document[flag] = json!(true);
    }
    document
}

fn missing() -> Value {
    answered(404, &["error"])
}

fn throttled() -> Value {
    answered(429, &["error", "throttle"])
}

fn failed() -> Value {
    answered(500, &["fault"])
}

/// A good answer with a `flag` that the cause explains.
fn explained(flag: &str) -> Value {
    let mut document = answered(200, &[flag]);
    set(&mut document, "/cause", json!("0f910026178b71ec"));
    document
}

/// A call without an answer.
fn broken_off() -> Value {
    let mut document = call_to_monolith();
    remove(&mut document, "/http/response");
    set(&mut document, "/fault", json!(true));
    document
}

fn in_progress() -> Value {
    let mut document = monolith_segment();
    remove(&mut document, "/end_time");
    document["in_progress"] = json!(true);
    document
}

fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = document.pointer_mut(parent).expect("the parent exists");
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        parent => parent[key] = value,
    }
}

fn remove(document: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = document.pointer_mut(parent).expect("the parent exists");
    let removed = parent.as_object_mut().expect("an object").remove(key);
    assert!(removed.is_some(), "{pointer} was not there to remove");
}

fn good_documents() -> Vec<(&'static str, Value)> {
    let compound = {
        let mut document = faulty_segment();
        set(&mut document, "/error", json!(true));
        set(&mut document, "/throttle", json!(true));
        document
    };
    let unknown_status = {
        let mut document = broken_off();
        set(
            &mut document,
            "/http/response",
            json!({ "content_length": -1 }),
        );
        document
    };
    let without_http = {
        let mut document = broken_off();
        remove(&mut document, "/http");
        document
    };
    vec![
        ("the like service's segment", like_segment()),
        ("the call of the monolith", call_to_monolith()),
        ("a call that nobody answers", untraced_call()),
        ("the monolith's segment", monolith_segment()),
        ("the call of DynamoDB", dynamodb_call()),
        ("a segment with a fault and its cause", faulty_segment()),
        ("a fault that began as a throttled call", compound),
        ("a call that broke off", broken_off()),
        ("a call whose status is not known", unknown_status),
        ("a call that is not HTTP", without_http),
        ("a segment under way", in_progress()),
        ("a missing mysfit", missing()),
        ("a throttled request", throttled()),
        ("a failure", failed()),
        ("a good answer with an error explained", explained("error")),
        (
            "a good answer with a throttle explained",
            explained("throttle"),
        ),
        ("a good answer with a fault explained", explained("fault")),
        ("a segment with the unusual", unusual_segment()),
        ("a call with the unusual", unusual_call()),
    ]
}

#[test]
fn documents_as_the_services_send_them_are_accepted() {
    for (name, document) in good_documents() {
        assert_eq!(violations(&document), Vec::<String>::new(), "{name}");
    }
}

/// One change to a good document.
enum Change {
    Set(&'static str, Value),
    Remove(&'static str),
}

use Change::{Remove, Set};

/// Names the break, the good document, the one change, and what the complaint must speak of: where
/// it is and, after the colon, a word from what it says.
type Break = (
    &'static str,
    fn() -> Value,
    Change,
    &'static str,
    &'static str,
);

#[rustfmt::skip] // A table.
fn breaks() -> Vec<Break> {
    let long = |length: usize| json!("x".repeat(length));
    let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("key_{n}"), json!(n))).collect();
    vec![
        // Who and when.
        ("an upper-case id", like_segment, Set("/id", json!("70DE5B6F19FF9A0A")), "/id", ""),
        ("a short id", like_segment, Set("/id", json!("70de5b6f")), "/id", ""),
        ("an upper-case parent", monolith_segment, Set("/parent_id", json!("53995C3F42CD8AD8")), "/parent_id", ""),
        ("an upper-case parent of a call", call_to_monolith, Set("/parent_id", json!("70DE5B6F19FF9A0A")), "/parent_id", ""),
        ("no id", like_segment, Remove("/id"), "", "\"id\""),
        ("a trace id in W3C form", like_segment, Set("/trace_id", json!("581cf771a006649127e371903a2de979")), "/trace_id", ""),
        ("a call's trace id in W3C form", call_to_monolith, Set("/trace_id", json!("581cf771a006649127e371903a2de979")), "/trace_id", ""),
        ("a segment without trace id", like_segment, Remove("/trace_id"), "", "\"trace_id\""),
        ("no name", like_segment, Remove("/name"), "", "\"name\""),
        ("an empty name", like_segment, Set("/name", json!("")), "/name", ""),
        ("a name too long", like_segment, Set("/name", long(201)), "/name", "longer"),
        ("a name with a bracket", like_segment, Set("/name", json!("like (service)")), "/name", ""),
        ("no start", like_segment, Remove("/start_time"), "", "\"start_time\""),
        ("no end", like_segment, Remove("/end_time"), "", "\"end_time\""),
        ("a time in milliseconds", like_segment, Set("/start_time", json!(1_478_293_361_271_u64)), "/start_time", ""),
        ("an end in milliseconds", like_segment, Set("/end_time", json!(1_478_293_361_449_u64)), "/end_time", ""),
        ("a start at the epoch", like_segment, Set("/start_time", json!(0)), "/start_time", ""),
        ("a time as text", like_segment, Set("/start_time", json!("1478293361.271")), "/start_time", ""),
        ("an end while in progress", in_progress, Set("/end_time", json!(1478293361.449)), "/end_time", ""),
        ("neither ended nor in progress", in_progress, Set("/in_progress", json!(false)), "/in_progress", ""),
        // Segment or subsegment.
        ("a segment that says its type", monolith_segment, Set("/type", json!("segment")), "/type", ""),
        ("a subsegment that does not", untraced_call, Remove("/type"), "", "namespace"),
        ("a subsegment without parent", call_to_monolith, Remove("/parent_id"), "", "\"parent_id\""),
        ("a subsegment without trace id", call_to_monolith, Remove("/trace_id"), "", "\"trace_id\""),
        ("a segment with a namespace", like_segment, Set("/namespace", json!("remote")), "", "namespace"),
        ("a segment with precursors", like_segment, Set("/precursor_ids", json!([])), "", "precursor_ids"),
        ("a subsegment with an origin", call_to_monolith, Set("/origin", json!("AWS::ECS::Fargate")), "", "origin"),
        ("a subsegment with a user", call_to_monolith, Set("/user", json!("ada")), "", "user"),
        ("a subsegment with a service", call_to_monolith, Set("/service", json!({})), "", "service"),
        ("an own namespace", call_to_monolith, Set("/namespace", json!("local")), "/namespace", ""),
        ("an unknown origin", like_segment, Set("/origin", json!("AWS::ECS::Task")), "/origin", ""),
        ("a precursor that is no id", call_to_monolith, Set("/precursor_ids/0", json!("first")), "/precursor_ids/0", ""),
        ("a precursor named twice", call_to_monolith, Set("/precursor_ids", json!(["53995c3f42cd8ad7", "53995c3f42cd8ad7"])), "/precursor_ids", ""),
        ("a nested subsegment with a trace id", faulty_segment, Set("/subsegments/0/trace_id", json!("1-581cf771-a006649127e371903a2de97a")), "/subsegments/0", "trace_id"),
        ("a nested subsegment with a parent", faulty_segment, Set("/subsegments/0/parent_id", json!("70de5b6f19ff9a0b")), "/subsegments/0", "parent_id"),
        ("a nested subsegment without end", faulty_segment, Remove("/subsegments/0/end_time"), "/subsegments/0", "\"end_time\""),
        ("a broken id two levels down", faulty_segment, Set("/subsegments/0/subsegments", json!([{ "name": "x", "id": "?", "start_time": 1, "end_time": 2 }])), "/subsegments/0/subsegments/0/id", ""),
        // HTTP.
        ("a forwarded address as text", like_segment, Set("/http/request/x_forwarded_for", json!("203.0.113.7")), "/http/request/x_forwarded_for", ""),
        ("a forwarded address on a call", call_to_monolith, Set("/http/request/x_forwarded_for", json!(true)), "/http/request/x_forwarded_for", ""),
        ("a traced segment", like_segment, Set("/http/request/traced", json!(true)), "/http/request/traced", ""),
        ("a request's header", like_segment, Set("/http/request/host", json!("mysfits.example")), "/http/request", "host"),
        ("a status as text", like_segment, Set("/http/response/status", json!("200")), "/http/response/status", ""),
        ("an impossible status", failed, Set("/http/response/status", json!(600)), "/http/response/status", ""),
        ("a status too low", monolith_segment, Set("/http/response/status", json!(99)), "/http/response/status", ""),
        ("a length below the unknown", like_segment, Set("/http/response/content_length", json!(-2)), "/http/response/content_length", ""),
        ("a user agent too long", like_segment, Set("/http/request/user_agent", long(251)), "/http/request/user_agent", "longer"),
        ("a length as text", like_segment, Set("/http/response/content_length", json!("23")), "/http/response/content_length", ""),
        // Flags.
        ("404 without error", missing, Remove("/error"), "", "\"error\""),
        ("404 with error false", missing, Set("/error", json!(false)), "/error", ""),
        ("404 with a fault", missing, Set("/fault", json!(true)), "/fault", ""),
        ("429 without throttle", throttled, Remove("/throttle"), "", "\"throttle\""),
        ("429 with throttle false", throttled, Set("/throttle", json!(false)), "/throttle", ""),
        ("429 without error", throttled, Remove("/error"), "", "\"error\""),
        ("500 without fault", failed, Remove("/fault"), "", "\"fault\""),
        ("500 with fault false", failed, Set("/fault", json!(false)), "/fault", ""),
        ("200 with error", like_segment, Set("/error", json!(true)), "/error", ""),
        ("200 with throttle", like_segment, Set("/throttle", json!(true)), "/throttle", ""),
        ("200 with fault", like_segment, Set("/fault", json!(true)), "/fault", ""),
        ("a flag as a number", failed, Set("/error", json!(1)), "/error", ""),
        ("a cause without a flag", like_segment, Set("/cause", json!("0f910026178b71ec")), "", "anyOf"),
        ("a cause with error false", || explained("error"), Set("/error", json!(false)), "", "anyOf"),
        ("a cause with throttle false", || explained("throttle"), Set("/throttle", json!(false)), "", "anyOf"),
        ("a cause with fault false", || explained("fault"), Set("/fault", json!(false)), "", "anyOf"),
        ("a cause that is a sentence", failed, Set("/cause", json!("connection refused")), "/cause", ""),
        ("a cause that is a list", failed, Set("/cause", json!([])), "/cause", ""),
        ("an exception without id", faulty_segment, Remove("/cause/exceptions/1/id"), "/cause/exceptions/1", "\"id\""),
        ("a line as text", faulty_segment, Set("/cause/exceptions/1/stack/0/line", json!("71")), "/cause/exceptions/1/stack/0/line", ""),
        ("an exception's id in words", faulty_segment, Set("/cause/exceptions/0/id", json!("first")), "/cause/exceptions/0/id", ""),
        ("an exception's cause in words", faulty_segment, Set("/cause/exceptions/0/cause", json!("second")), "/cause/exceptions/0/cause", ""),
        ("fewer than no frames cut", faulty_segment, Set("/cause/exceptions/1/truncated", json!(-1)), "/cause/exceptions/1/truncated", ""),
        ("fewer than no exceptions skipped", faulty_segment, Set("/cause/exceptions/1/skipped", json!(-1)), "/cause/exceptions/1/skipped", ""),
        ("a line before the first", faulty_segment, Set("/cause/exceptions/1/stack/0/line", json!(-1)), "/cause/exceptions/1/stack/0/line", ""),
        ("an exception's own field", faulty_segment, Set("/cause/exceptions/0/code", json!(7)), "/cause/exceptions/0", "code"),
        // Annotations and metadata.
        ("an annotation's key with a dot", like_segment, Set("/annotations/mysfit.id", json!("4e53920c")), "/annotations", "mysfit.id"),
        ("an annotation that is a list", like_segment, Set("/annotations/mysfit_id", json!(["4e53920c"])), "/annotations/mysfit_id", ""),
        ("an annotation too long", like_segment, Set("/annotations/mysfit_id", long(1001)), "/annotations/mysfit_id", "longer"),
        ("more than 50 annotations", like_segment, Set("/annotations", Value::Object(many)), "/annotations", "more than 50"),
        ("metadata outside a namespace", like_segment, Set("/metadata/debug", json!("on")), "/metadata/debug", ""),
        // Blocks that a translator invents or misplaces.
        ("a false sql block", call_to_monolith, Set("/sql", json!({ "url": "monolith.example" })), "/sql", ""),
        ("a false Elastic Beanstalk", like_segment, Set("/aws/elastic_beanstalk", json!({ "version_label": "0.1.0" })), "/aws/elastic_beanstalk", ""),
        ("logs outside aws", like_segment, Set("/cloudwatch_logs", json!([{ "log_group": "/ecs/like-service" }])), "/cloudwatch_logs", ""),
        ("logs that are no list", like_segment, Set("/aws/cloudwatch_logs", json!({ "log_group": ["/ecs/like-service"] })), "/aws/cloudwatch_logs", ""),
        ("logs that name nothing", like_segment, Set("/aws/cloudwatch_logs/0", json!({})), "/aws/cloudwatch_logs/0", ""),
        ("a log group without name", like_segment, Set("/aws/cloudwatch_logs/0/log_group", json!("")), "/aws/cloudwatch_logs/0/log_group", ""),
        ("a log group's name too long", like_segment, Set("/aws/cloudwatch_logs/0/log_group", long(513)), "/aws/cloudwatch_logs/0/log_group", "longer"),
        ("a log group's name for its ARN", like_segment, Set("/aws/cloudwatch_logs/0/arn", json!("/ecs/like-service")), "/aws/cloudwatch_logs/0/arn", ""),
        ("a table in a segment", like_segment, Set("/aws/table_name", json!("MysfitsTable")), "/aws", "table_name"),
        ("a container in a subsegment", dynamodb_call, Set("/aws/ecs", json!({})), "/aws", "ecs"),
        ("a field that nobody knows", like_segment, Set("/kind", json!("server")), "", "kind"),
    ]
}

#[test]
fn a_document_with_one_break_is_refused_for_that_break() {
    for (name, good, change, place, word) in breaks() {
        let mut document = good();
        assert!(violations(&document).is_empty(), "{name}: was bad before");
        match change {
            Set(pointer, value) => set(&mut document, pointer, value),
            Remove(pointer) => remove(&mut document, pointer),
        }
        let found = violations(&document);
        let [complaint] = found.as_slice() else {
            panic!("{name}: one complaint expected, not {found:#?}");
        };
        let (at, says) = complaint.split_once(": ").expect("a place and words");
        assert!(at == place && says.contains(word), "{name}: {complaint}");
    }
}

/// Pointers to everything in `value`, itself included, but for what metadata keeps.
fn places(value: &Value, at: String) -> Vec<String> {
    let inside: Vec<(String, &Value)> = match value {
        _ if at == "/metadata/default" => vec![],
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (format!("{at}/{key}"), member))
            .collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(index, item): (usize, _)| (format!("{at}/{index}"), item))
            .collect(),
        _ => vec![],
    };
    let mut found: Vec<_> = inside
        .into_iter()
        .flat_map(|(at, value)| places(value, at))
        .collect();
    found.push(at);
    found
}

fn assert_refused_at(place: &str, name: &str, document: &Value) {
    let found = violations(document);
    let complaint = format!("{place}: ");
    assert!(
        found.iter().any(|found| found.starts_with(&complaint)),
        "{name}, {place}: {found:?}"
    );
}

#[test]
fn null_is_refused_everywhere() {
    for (name, good) in good_documents() {
        for place in places(&good, String::new()) {
            let mut document = good.clone();
            *document.pointer_mut(&place).expect("the place exists") = Value::Null;
            assert_refused_at(&place, name, &document);
        }
    }
}

#[test]
fn an_unknown_field_is_refused_in_every_object() {
    for (name, good) in good_documents() {
        for place in places(&good, String::new()) {
            let mut document = good.clone();
            let object = document.pointer_mut(&place).expect("the place exists");
            // Their keys are the application's own.
            let open = place == "/annotations" || place.starts_with("/metadata");
            if open || !object.is_object() {
                continue;
            }
            object["unknown"] = json!("x");
            assert_refused_at(&place, name, &document);
        }
    }
}
