//! Tests of the JSON schema of X-Ray segment documents. The schema accepts the documents of the services,
//! and rejects documents with one mistake.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use test_support::segment_schema::violations;

/// Reads the valid documents in `segment_documents.json`, and derives further valid documents from the
/// documents in the file.
fn read_valid_documents() -> BTreeMap<&'static str, Value> {
    let mut documents: BTreeMap<&str, Value> =
        serde_json::from_str(include_str!("segment_documents.json")).unwrap();
    let mut insert_derived = |name, base_document: &str, changes: &[DocumentChange]| {
        let mut document = documents[base_document].clone();
        changes
            .iter()
            .for_each(|change| change.apply(&mut document));
        documents.insert(name, document);
    };
    let set_status = |code| Set("/http/response/status", json!(code));
    let set_true = |pointer| Set(pointer, json!(true));
    let set_cause = || Set("/cause", json!("0f910026178b71ec"));
    let monolith_segment = "monolith segment";
    insert_derived(
        "404",
        monolith_segment,
        &[set_status(404), set_true("/error")],
    );
    insert_derived(
        "429",
        monolith_segment,
        &[set_status(429), set_true("/error"), set_true("/throttle")],
    );
    insert_derived(
        "500",
        monolith_segment,
        &[set_status(500), set_true("/fault")],
    );
    insert_derived(
        "200 with an error and its cause",
        monolith_segment,
        &[set_true("/error"), set_cause()],
    );
    insert_derived(
        "200 with a throttle and its cause",
        monolith_segment,
        &[set_true("/throttle"), set_cause()],
    );
    insert_derived(
        "200 with a fault and its cause",
        monolith_segment,
        &[set_true("/fault"), set_cause()],
    );
    insert_derived(
        "fault after a throttled call",
        "faulty segment",
        &[set_true("/error"), set_true("/throttle")],
    );
    insert_derived(
        "segment in progress",
        monolith_segment,
        &[Remove("/end_time"), set_true("/in_progress")],
    );
    let monolith_call = "call of the monolith";
    insert_derived(
        "call of an untraced service",
        monolith_call,
        &[Remove("/http/request/traced")],
    );
    insert_derived(
        "call without a response",
        monolith_call,
        &[Remove("/http/response"), set_true("/fault")],
    );
    insert_derived(
        "call that is not HTTP",
        monolith_call,
        &[Remove("/http"), set_true("/fault")],
    );
    documents
}

/// One change to a document. The first field of each variant is a JSON pointer.
enum DocumentChange {
    Set(&'static str, Value),
    Remove(&'static str),
}

use DocumentChange::{Remove, Set};

impl DocumentChange {
    fn apply(&self, document: &mut Value) {
        let (Set(pointer, _) | Remove(pointer)) = self;
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = document
            .pointer_mut(parent)
            .expect("the document contains the parent of the changed value");
        match (self, parent) {
            (Set(_, value), Value::Array(items)) => {
                items[key.parse::<usize>().unwrap()] = value.clone();
            }
            (Set(_, value), parent) => parent[key] = value.clone(),
            (Remove(_), parent) => {
                let removed = parent.as_object_mut().unwrap().remove(key);
                assert!(removed.is_some(), "{pointer} does not exist");
            }
        }
    }
}

#[test]
fn the_schema_accepts_the_documents_that_the_services_send() {
    for (name, document) in read_valid_documents() {
        assert_eq!(violations(&document), Vec::<String>::new(), "{name}");
    }
}

/// The name of a valid document, the change that makes the document invalid, the JSON pointer of the only
/// violation, and a word of the error message.
type InvalidDocument = (&'static str, DocumentChange, &'static str, &'static str);

#[rustfmt::skip] // One line for each invalid document.
fn list_invalid_documents() -> Vec<InvalidDocument> {
    let text_of_length = |length: usize| json!("x".repeat(length));
    let annotations: serde_json::Map<_, _> = (0..51).map(|n| (format!("key_{n}"), json!(n))).collect();
    vec![
        // Ids, names and times.
        ("like segment", Set("/id", json!("70DE5B6F19FF9A0A")), "/id", ""),
        ("like segment", Set("/id", json!("70de5b6f")), "/id", ""),
        ("like segment", Remove("/id"), "", "\"id\""),
        ("monolith segment", Set("/parent_id", json!("53995C3F42CD8AD8")), "/parent_id", ""),
        ("call of the monolith", Set("/parent_id", json!("70DE5B6F19FF9A0A")), "/parent_id", ""),
        ("like segment", Set("/trace_id", json!("581cf771a006649127e371903a2de979")), "/trace_id", ""),
        ("call of the monolith", Set("/trace_id", json!("581cf771a006649127e371903a2de979")), "/trace_id", ""),
        ("like segment", Remove("/trace_id"), "", "\"trace_id\""),
        ("like segment", Remove("/name"), "", "\"name\""),
        ("like segment", Set("/name", json!("")), "/name", ""),
        ("like segment", Set("/name", text_of_length(201)), "/name", "longer"),
        ("like segment", Set("/name", json!("like (service)")), "/name", ""),
        ("like segment", Remove("/start_time"), "", "\"start_time\""),
        ("like segment", Remove("/end_time"), "", "\"end_time\""),
        ("like segment", Set("/start_time", json!(1_478_293_361_271_u64)), "/start_time", ""),
        ("like segment", Set("/end_time", json!(1_478_293_361_449_u64)), "/end_time", ""),
        ("like segment", Set("/start_time", json!(0)), "/start_time", ""),
        ("segment in progress", Set("/end_time", json!(1478293361.449)), "/end_time", ""),
        ("segment in progress", Set("/in_progress", json!(false)), "/in_progress", ""),
        // Fields that only a segment or only a subsegment may have.
        ("monolith segment", Set("/type", json!("segment")), "/type", ""),
        ("call of an untraced service", Remove("/type"), "", "namespace"),
        ("call of the monolith", Remove("/parent_id"), "", "\"parent_id\""),
        ("call of the monolith", Remove("/trace_id"), "", "\"trace_id\""),
        ("like segment", Set("/namespace", json!("remote")), "", "namespace"),
        ("like segment", Set("/precursor_ids", json!([])), "", "precursor_ids"),
        ("call of the monolith", Set("/origin", json!("AWS::ECS::Fargate")), "", "origin"),
        ("call of the monolith", Set("/user", json!("ada")), "", "user"),
        ("call of the monolith", Set("/service", json!({})), "", "service"),
        ("call of the monolith", Set("/namespace", json!("local")), "/namespace", ""),
        ("like segment", Set("/origin", json!("AWS::ECS::Task")), "/origin", ""),
        ("call of the monolith", Set("/precursor_ids/0", json!("first")), "/precursor_ids/0", ""),
        ("call of the monolith", Set("/precursor_ids", json!(["53995c3f42cd8ad7", "53995c3f42cd8ad7"])), "/precursor_ids", ""),
        ("faulty segment", Set("/subsegments/0/trace_id", json!("1-581cf771-a006649127e371903a2de97a")), "/subsegments/0", "trace_id"),
        ("faulty segment", Set("/subsegments/0/parent_id", json!("70de5b6f19ff9a0b")), "/subsegments/0", "parent_id"),
        ("faulty segment", Remove("/subsegments/0/end_time"), "/subsegments/0", "\"end_time\""),
        ("faulty segment", Set("/subsegments/0/subsegments", json!([{ "name": "x", "id": "?", "start_time": 1, "end_time": 2 }])), "/subsegments/0/subsegments/0/id", ""),
        ("like segment", Set("/aws/table_name", json!("MysfitsTable")), "/aws", "table_name"),
        ("call of DynamoDB", Set("/aws/ecs", json!({})), "/aws", "ecs"),
        // The HTTP request and response.
        ("call of the monolith", Set("/http/request/x_forwarded_for", json!(true)), "/http/request/x_forwarded_for", ""),
        ("like segment", Set("/http/request/traced", json!(true)), "/http/request/traced", ""),
        ("like segment", Set("/http/request/user_agent", text_of_length(251)), "/http/request/user_agent", "longer"),
        ("500", Set("/http/response/status", json!(600)), "/http/response/status", ""),
        ("monolith segment", Set("/http/response/status", json!(99)), "/http/response/status", ""),
        ("like segment", Set("/http/response/content_length", json!(-2)), "/http/response/content_length", ""),
        // The flags error, throttle and fault must match the status.
        ("404", Remove("/error"), "", "\"error\""),
        ("404", Set("/error", json!(false)), "/error", ""),
        ("404", Set("/fault", json!(true)), "/fault", ""),
        ("429", Remove("/throttle"), "", "\"throttle\""),
        ("429", Set("/throttle", json!(false)), "/throttle", ""),
        ("429", Remove("/error"), "", "\"error\""),
        ("500", Remove("/fault"), "", "\"fault\""),
        ("500", Set("/fault", json!(false)), "/fault", ""),
        ("like segment", Set("/error", json!(true)), "/error", ""),
        ("like segment", Set("/throttle", json!(true)), "/throttle", ""),
        ("like segment", Set("/fault", json!(true)), "/fault", ""),
        ("like segment", Set("/cause", json!("0f910026178b71ec")), "", "anyOf"),
        ("200 with an error and its cause", Set("/error", json!(false)), "", "anyOf"),
        ("200 with a throttle and its cause", Set("/throttle", json!(false)), "", "anyOf"),
        ("200 with a fault and its cause", Set("/fault", json!(false)), "", "anyOf"),
        // The cause.
        ("500", Set("/cause", json!("connection refused")), "/cause", ""),
        ("500", Set("/cause", json!([])), "/cause", ""),
        ("faulty segment", Remove("/cause/exceptions/1/id"), "/cause/exceptions/1", "\"id\""),
        ("faulty segment", Set("/cause/exceptions/0/id", json!("first")), "/cause/exceptions/0/id", ""),
        ("faulty segment", Set("/cause/exceptions/0/cause", json!("second")), "/cause/exceptions/0/cause", ""),
        ("faulty segment", Set("/cause/exceptions/1/truncated", json!(-1)), "/cause/exceptions/1/truncated", ""),
        ("faulty segment", Set("/cause/exceptions/1/skipped", json!(-1)), "/cause/exceptions/1/skipped", ""),
        ("faulty segment", Set("/cause/exceptions/1/stack/0/line", json!(-1)), "/cause/exceptions/1/stack/0/line", ""),
        // Annotations and metadata.
        ("like segment", Set("/annotations/mysfit.id", json!("4e53920c")), "/annotations", "mysfit.id"),
        ("like segment", Set("/annotations/mysfit_id", json!(["4e53920c"])), "/annotations/mysfit_id", ""),
        ("like segment", Set("/annotations/mysfit_id", text_of_length(1001)), "/annotations/mysfit_id", "longer"),
        ("like segment", Set("/annotations", Value::Object(annotations)), "/annotations", "more than 50"),
        ("like segment", Set("/metadata/debug", json!("on")), "/metadata/debug", ""),
        // Blocks that OpenTelemetry's translator adds or misplaces.
        ("call of the monolith", Set("/sql", json!({ "url": "monolith.example" })), "/sql", ""),
        ("like segment", Set("/aws/elastic_beanstalk", json!({ "version_label": "0.1.0" })), "/aws/elastic_beanstalk", ""),
        ("like segment", Set("/cloudwatch_logs", json!([{ "log_group": "/ecs/like-service" }])), "/cloudwatch_logs", ""),
        ("like segment", Set("/aws/cloudwatch_logs", json!({ "log_group": ["/ecs/like-service"] })), "/aws/cloudwatch_logs", ""),
        ("like segment", Set("/aws/cloudwatch_logs/0", json!({})), "/aws/cloudwatch_logs/0", ""),
        ("like segment", Set("/aws/cloudwatch_logs/0/log_group", json!("")), "/aws/cloudwatch_logs/0/log_group", ""),
        ("like segment", Set("/aws/cloudwatch_logs/0/log_group", text_of_length(513)), "/aws/cloudwatch_logs/0/log_group", "longer"),
        ("like segment", Set("/aws/cloudwatch_logs/0/arn", json!("/ecs/like-service")), "/aws/cloudwatch_logs/0/arn", ""),
    ]
}

#[test]
fn a_document_with_one_mistake_has_one_violation_at_the_pointer_of_the_mistake() {
    let documents = read_valid_documents();
    for (name, change, expected_pointer, expected_word) in list_invalid_documents() {
        let mut document = documents[name].clone();
        change.apply(&mut document);
        let found_violations = violations(&document);
        let [violation] = found_violations.as_slice() else {
            panic!(
                "{name}, {expected_pointer}: expected one violation, found {found_violations:#?}"
            );
        };
        let (pointer, message) = violation.split_once(": ").unwrap();
        let is_expected = pointer == expected_pointer && message.contains(expected_word);
        assert!(is_expected, "{name}, {expected_pointer}: {violation}");
    }
}

/// Adds the JSON pointers of `value` and of all nested values to `pointers`. The application's metadata is
/// skipped, because the schema accepts any metadata.
fn collect_pointers(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        _ if pointer == "/metadata/default" => {}
        Value::Object(members) => {
            for (key, member) in members {
                collect_pointers(member, format!("{pointer}/{key}"), pointers);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_pointers(item, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}

/// Applies `change` to each value of each valid document, and asserts a violation at the pointer of the
/// changed value. If `change` returns false, the value is skipped.
fn assert_change_is_rejected_everywhere(change: impl Fn(&str, &mut Value) -> bool) {
    for (name, valid_document) in read_valid_documents() {
        let mut pointers = Vec::new();
        collect_pointers(&valid_document, String::new(), &mut pointers);
        for pointer in pointers {
            let mut document = valid_document.clone();
            if change(&pointer, document.pointer_mut(&pointer).unwrap()) {
                let found_violations = violations(&document);
                let prefix = format!("{pointer}: ");
                let is_rejected = found_violations
                    .iter()
                    .any(|violation| violation.starts_with(&prefix));
                assert!(is_rejected, "{name}, {pointer}: {found_violations:?}");
            }
        }
    }
}

#[test]
fn null_instead_of_any_value_is_rejected() {
    assert_change_is_rejected_everywhere(|_, value| {
        *value = Value::Null;
        true
    });
}

#[test]
fn an_unknown_field_is_rejected_in_every_object_except_annotations_and_metadata() {
    assert_change_is_rejected_everywhere(|pointer, value| {
        let accepts_any_key = pointer == "/annotations" || pointer.starts_with("/metadata");
        if accepts_any_key || !value.is_object() {
            return false;
        }
        value["unknown"] = json!("x");
        true
    });
}
