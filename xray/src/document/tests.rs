//! Which documents are refused, and why.

use super::*;
use serde_json::{Value, json};

fn segment() -> Value {
    json!({
        "name": "example.com",
        "id": "70de5b6f19ff9a0a",
        "start_time": 1.478_293_361_271E9,
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "end_time": 1.478_293_361_449E9,
    })
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut document = segment();
    change(&mut document);
    match Document::parse(&document.to_string()) {
        Ok((_, subject)) => format!("taken: {}", subject.end.is_some()),
        Err(refusal) => refusal.code.to_owned(),
    }
}

#[test]
fn a_minimal_segment_is_taken() {
    let json = segment().to_string();
    let (document, subject) = Document::parse(&json).unwrap();
    assert_eq!(document.name.text(), Some("example.com"));
    assert_eq!(subject.id.to_string(), "70de5b6f19ff9a0a");
    assert_eq!(subject.end, Time::parse_seconds(1.478_293_361_449E9));
    assert!(!subject.is_subsegment);
}

#[test]
fn what_is_required_is_named_when_it_is_missing_or_wrong() {
    for (field, wrong, missing, invalid) in [
        ("id", json!("xyz"), "MissingId", "InvalidId"),
        (
            "trace_id",
            json!("1-2-3"),
            "MissingTraceId",
            "InvalidTraceId",
        ),
        ("name", json!(""), "MissingName", "InvalidName"),
        (
            "start_time",
            json!("noon"),
            "MissingStartTime",
            "InvalidStartTime",
        ),
        ("end_time", json!(-1), "MissingEndTime", "InvalidEndTime"),
    ] {
        let without = |document: &mut Value| {
            document.as_object_mut().unwrap().remove(field);
        };
        assert_eq!(refused(without), missing);
        assert_eq!(refused(|document| document[field] = json!(null)), missing);
        assert_eq!(refused(|document| document[field] = wrong), invalid);
    }
    let subsegment = |document: &mut Value| document["type"] = json!("subsegment");
    assert_eq!(refused(subsegment), "MissingParentId");
    assert_eq!(
        refused(|document| document["parent_id"] = json!("1")),
        "InvalidParentId"
    );
}

#[test]
fn names_of_segments_have_few_symbols_and_two_hundred_characters() {
    for (name, code) in [
        ("a b_.:/%&#=+\\-@ü", "taken: true"),
        (&*"n".repeat(200), "taken: true"),
        (&*"n".repeat(201), "InvalidName"),
        ("what?", "InvalidName"),
    ] {
        assert_eq!(
            refused(|document| document["name"] = json!(name)),
            code,
            "{name}"
        );
    }
}

#[test]
fn names_of_subsegments_have_the_same_symbols_and_fifty_characters_more() {
    for (name, code) in [
        ("a b_.:/%&#=+\\-@ü", "taken: true"),
        (&*"n".repeat(250), "taken: true"),
        (&*"n".repeat(251), "InvalidName"),
        ("$Proxy42", "InvalidName"),
        ("call()", "InvalidName"),
        ("host,1433", "InvalidName"),
        ("tab\t", "InvalidName"),
    ] {
        let alone = refused(|document| {
            document["name"] = json!(name);
            document["type"] = json!("subsegment");
            document["parent_id"] = json!("70de5b6f19ff9a0b");
        });
        let part =
            json!({ "id": "70de5b6f19ff9a0b", "name": name, "start_time": 1, "end_time": 2 });
        let embedded = refused(|document| document["subsegments"] = json!([part]));
        let deeper = refused(|document| {
            let whole = json!({ "id": "70de5b6f19ff9a0c", "name": "work", "start_time": 1, "end_time": 2, "subsegments": [part] });
            document["subsegments"] = json!([whole]);
        });
        assert_eq!([alone, embedded, deeper], [code; 3], "{name}");
    }
}

#[test]
fn one_wrong_subsegment_has_its_whole_document_refused_under_the_documents_id() {
    let part = json!({ "id": "70de5b6f19ff9a0b", "name": "work", "start_time": 1, "end_time": 2 });
    for (field, value, code) in [
        ("id", json!(null), "MissingId"),
        ("id", json!("1"), "InvalidId"),
        ("name", json!(null), "MissingName"),
        ("name", json!({ "py/newargs": ["x"] }), "MissingName"),
        ("name", json!(""), "InvalidName"),
        ("start_time", json!(null), "MissingStartTime"),
        ("end_time", json!(null), "MissingEndTime"),
    ] {
        let mut document = segment();
        let mut wrong = part.clone();
        wrong[field] = value;
        document["subsegments"] = json!([part, wrong]);
        let refusal = Document::parse(&document.to_string()).unwrap_err();
        assert_eq!(refusal.code, code);
        assert_eq!(refusal.id.as_deref(), Some("70de5b6f19ff9a0a"));
        assert_eq!(
            refusal.to_string(),
            format!("Invalid subsegment. ErrorCode: {code}, Cause: null")
        );
    }
}

#[test]
fn times_are_numbers() {
    for field in ["start_time", "end_time"] {
        for time in ["1478293361.271", "1478293361", "2016-11-04T21:02:41Z"] {
            let code = refused(|document| document[field] = json!(time));
            assert!(code.starts_with("Invalid"), "{field} {time}: {code}");
        }
    }
}

#[test]
fn a_document_is_a_segment_or_a_subsegment() {
    for (kind, wanted) in [
        (json!("segment"), "taken: true"),
        (json!(""), "taken: true"),
        (json!(null), "taken: true"),
        (json!("span"), "UnknownType"),
    ] {
        assert_eq!(refused(|document| document["type"] = kind), wanted);
    }
    let mut document = segment();
    document["type"] = json!("span");
    assert_eq!(
        Document::parse(&document.to_string())
            .unwrap_err()
            .to_string(),
        "Invalid entity. ErrorCode: UnknownType"
    );
}

#[test]
fn progress_is_as_the_document_says() {
    assert_eq!(
        refused(|document| document["in_progress"] = json!(false)),
        "taken: true"
    );
    assert_eq!(
        refused(|document| document["in_progress"] = json!("true")),
        "taken: true"
    );
    assert_eq!(
        refused(|document| document["in_progress"] = json!(true)),
        "taken: false"
    );
    assert_eq!(
        refused(|document| {
            document["in_progress"] = json!(true);
            document["end_time"] = json!(null);
        }),
        "taken: false"
    );
}

#[test]
fn odd_parts_do_not_cost_the_document() {
    assert_eq!(
        refused(|document| {
            document["type"] = json!("segment");
            document["cause"] = json!("0123456789abcdef");
            document["error"] = json!(true);
            document["fault"] = json!(true);
            document["user"] = json!(7);
            document["http"] = json!({"response": {"content_length": "86", "status": null}});
            document["aws"] = json!([{}]);
            document["annotations"] = json!("none");
            document["subsegments"] = json!([1, null]);
        }),
        "taken: true"
    );
}

#[test]
fn what_cannot_be_read_has_no_id() {
    for json in ["", "{", "[]", "7", "null", "{\"id\": \"70de5b6f19ff9a0a\""] {
        assert_eq!(
            Document::parse(json).unwrap_err(),
            Refusal::unread("ParseError"),
            "{json}"
        );
    }
    let large = format!("{{\"metadata\": \"{}\"}}", "x".repeat(MAX_BYTES));
    assert_eq!(
        Document::parse(&large).unwrap_err().code,
        "DocumentTooLarge"
    );
    let deep = "[".repeat(20_000);
    assert_eq!(Document::parse(&deep).unwrap_err().code, "ParseError");
}

#[test]
fn a_refusal_reads_as_the_real_services_does() {
    let mut document = segment();
    document["type"] = json!("subsegment");
    let refusal = Document::parse(&document.to_string()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "Invalid subsegment. ErrorCode: MissingParentId, Cause: null"
    );
    assert_eq!(refusal.id.as_deref(), Some("70de5b6f19ff9a0a"));
}
