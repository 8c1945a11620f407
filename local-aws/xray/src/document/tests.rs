//! Tests of the validation of segment documents, and of the error codes for invalid documents.

use super::*;
use serde_json::{Value, json};

fn valid_segment() -> Value {
    json!({
        "name": "example.com",
        "id": "70de5b6f19ff9a0a",
        "start_time": 1.478_293_361_271E9,
        "trace_id": "1-581cf771-a006649127e371903a2de979",
        "end_time": 1.478_293_361_449E9,
    })
}

/// Parses a changed copy of `valid_segment()`. The result is `complete` or `in progress` if the parser
/// accepts the copy, otherwise the error code.
fn parse_changed_segment(change: impl FnOnce(&mut Value)) -> &'static str {
    let mut document = valid_segment();
    change(&mut document);
    match Document::parse(&document.to_string()) {
        Ok((_, header)) if header.end.is_some() => "complete",
        Ok(_) => "in progress",
        Err(refusal) => refusal.code,
    }
}

#[test]
fn a_segment_with_only_the_required_members_is_accepted() {
    let json = valid_segment().to_string();
    let (document, header) = Document::parse(&json).unwrap();
    assert_eq!(document.name.as_text(), Some("example.com"));
    assert_eq!(header.id.to_string(), "70de5b6f19ff9a0a");
    assert_eq!(header.end, Time::parse_seconds(1.478_293_361_449E9));
    assert!(!header.is_subsegment);
}

#[test]
fn the_error_code_names_a_required_member_that_is_missing_or_invalid() {
    for (field, invalid_value, missing_code, invalid_code) in [
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
        let remove_field = |document: &mut Value| {
            document.as_object_mut().unwrap().remove(field);
        };
        assert_eq!(parse_changed_segment(remove_field), missing_code);
        assert_eq!(
            parse_changed_segment(|document| document[field] = json!(null)),
            missing_code
        );
        assert_eq!(
            parse_changed_segment(|document| document[field] = invalid_value),
            invalid_code
        );
    }
    let subsegment = |document: &mut Value| document["type"] = json!("subsegment");
    assert_eq!(parse_changed_segment(subsegment), "MissingParentId");
    assert_eq!(
        parse_changed_segment(|document| document["parent_id"] = json!("1")),
        "InvalidParentId"
    );
}

#[test]
fn a_segment_name_has_up_to_200_permitted_characters() {
    for (name, code) in [
        ("a b_.:/%&#=+\\-@ü", "complete"),
        (&*"n".repeat(200), "complete"),
        (&*"n".repeat(201), "InvalidName"),
        ("what?", "InvalidName"),
    ] {
        assert_eq!(
            parse_changed_segment(|document| document["name"] = json!(name)),
            code,
            "{name}"
        );
    }
}

#[test]
fn a_subsegment_name_has_up_to_250_permitted_characters() {
    for (name, code) in [
        ("a b_.:/%&#=+\\-@ü", "complete"),
        (&*"n".repeat(250), "complete"),
        (&*"n".repeat(251), "InvalidName"),
        ("$Proxy42", "InvalidName"),
        ("call()", "InvalidName"),
        ("host,1433", "InvalidName"),
        ("tab\t", "InvalidName"),
    ] {
        let result_if_separate = parse_changed_segment(|document| {
            document["name"] = json!(name);
            document["type"] = json!("subsegment");
            document["parent_id"] = json!("70de5b6f19ff9a0b");
        });
        let subsegment =
            json!({ "id": "70de5b6f19ff9a0b", "name": name, "start_time": 1, "end_time": 2 });
        let result_if_embedded =
            parse_changed_segment(|document| document["subsegments"] = json!([subsegment]));
        let result_if_nested = parse_changed_segment(|document| {
            let parent = json!({
                "id": "70de5b6f19ff9a0c", "name": "work", "start_time": 1, "end_time": 2, "subsegments": [subsegment],
            });
            document["subsegments"] = json!([parent]);
        });
        assert_eq!(
            [result_if_separate, result_if_embedded, result_if_nested],
            [code; 3],
            "{name}"
        );
    }
}

#[test]
fn a_document_with_an_invalid_embedded_subsegment_is_refused_and_the_refusal_names_the_documents_id()
 {
    let valid_subsegment =
        json!({ "id": "70de5b6f19ff9a0b", "name": "work", "start_time": 1, "end_time": 2 });
    for (field, value, code) in [
        ("id", json!(null), "MissingId"),
        ("id", json!("1"), "InvalidId"),
        ("name", json!(null), "MissingName"),
        ("name", json!({ "py/newargs": ["x"] }), "MissingName"),
        ("name", json!(""), "InvalidName"),
        ("start_time", json!(null), "MissingStartTime"),
        ("end_time", json!(null), "MissingEndTime"),
    ] {
        let mut document = valid_segment();
        let mut invalid_subsegment = valid_subsegment.clone();
        invalid_subsegment[field] = value;
        document["subsegments"] = json!([valid_subsegment, invalid_subsegment]);
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
fn a_document_whose_times_are_texts_is_refused() {
    for field in ["start_time", "end_time"] {
        for time in ["1478293361.271", "1478293361", "2016-11-04T21:02:41Z"] {
            let code = parse_changed_segment(|document| document[field] = json!(time));
            assert!(code.starts_with("Invalid"), "{field} {time}: {code}");
        }
    }
}

#[test]
fn a_document_whose_type_is_neither_segment_nor_subsegment_is_refused() {
    for (kind, expected) in [
        (json!("segment"), "complete"),
        (json!(""), "complete"),
        (json!(null), "complete"),
        (json!("span"), "UnknownType"),
    ] {
        assert_eq!(
            parse_changed_segment(|document| document["type"] = kind),
            expected
        );
    }
    let mut document = valid_segment();
    document["type"] = json!("span");
    assert_eq!(
        Document::parse(&document.to_string())
            .unwrap_err()
            .to_string(),
        "Invalid entity. ErrorCode: UnknownType"
    );
}

#[test]
fn a_segment_is_in_progress_if_and_only_if_in_progress_is_true() {
    assert_eq!(
        parse_changed_segment(|document| document["in_progress"] = json!(false)),
        "complete"
    );
    assert_eq!(
        parse_changed_segment(|document| document["in_progress"] = json!("true")),
        "complete"
    );
    assert_eq!(
        parse_changed_segment(|document| document["in_progress"] = json!(true)),
        "in progress"
    );
    assert_eq!(
        parse_changed_segment(|document| {
            document["in_progress"] = json!(true);
            document["end_time"] = json!(null);
        }),
        "in progress"
    );
}

#[test]
fn optional_members_of_a_wrong_type_are_ignored() {
    assert_eq!(
        parse_changed_segment(|document| {
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
        "complete"
    );
}

#[test]
fn the_last_value_of_a_repeated_key_is_used() {
    let mut document = valid_segment().to_string();
    document.pop();
    document.push_str(
        r#","name":"last.example.com","metadata":{"a":1},"metadata":{"b":2},"service":{},"service":{},"links":[1],
        "links":[2],"precursor_ids":[],"precursor_ids":[],"http":7,"http":{"request":{"url":"/a","url":"/b"}},
        "subsegments":[{"id":"1"}],"subsegments":[]}"#,
    );
    let (document, _) = Document::parse(&document).unwrap();
    assert_eq!(document.name.as_text(), Some("last.example.com"));
    assert_eq!(document.metadata.unwrap().get(), r#"{"b":2}"#);
    assert_eq!(document.links.unwrap().get(), "[2]");
    let request = document.http.fields.unwrap().request.0.unwrap();
    assert_eq!(request.url.as_text(), Some("/b"));
}

#[test]
fn a_refusal_has_no_id_if_the_document_cannot_be_parsed() {
    for json in ["", "{", "[]", "7", "null", "{\"id\": \"70de5b6f19ff9a0a\""] {
        assert_eq!(
            Document::parse(json).unwrap_err(),
            Refusal::without_id("ParseError"),
            "{json}"
        );
    }
    let too_large_json = format!("{{\"metadata\": \"{}\"}}", "x".repeat(MAX_DOCUMENT_BYTES));
    assert_eq!(
        Document::parse(&too_large_json).unwrap_err().code,
        "DocumentTooLarge"
    );
    let deeply_nested_json = "[".repeat(20_000);
    assert_eq!(
        Document::parse(&deeply_nested_json).unwrap_err().code,
        "ParseError"
    );
}

#[test]
fn the_refusal_of_a_separately_sent_subsegment_has_the_message_of_aws() {
    let mut document = valid_segment();
    document["type"] = json!("subsegment");
    let refusal = Document::parse(&document.to_string()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "Invalid subsegment. ErrorCode: MissingParentId, Cause: null"
    );
    assert_eq!(refusal.id.as_deref(), Some("70de5b6f19ff9a0a"));
}
