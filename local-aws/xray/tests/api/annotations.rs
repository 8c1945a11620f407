//! Tests which annotations are indexed. Annotations that are not indexed are dropped and counted, but the
//! documents with dropped annotations are accepted.

use serde_json::{Map, Value, json};

use crate::local_xray::{LocalXray, Merge, segment, subsegment, trace_id, trace_id_at};

fn dropped_count(xray: &LocalXray) -> u64 {
    xray.0.status()["AnnotationsDropped"].as_u64().unwrap()
}

fn annotation_keys(xray: &LocalXray) -> Vec<String> {
    let summary = xray.only_summary();
    let annotations = summary["Annotations"].as_object().unwrap();
    annotations.keys().cloned().collect()
}

/// Creates a local X-Ray that contains one segment with the given annotations.
fn xray_with_annotations(annotations: Value) -> LocalXray {
    LocalXray::with_documents(&[
        segment(1, "shop", 0, 10).merge(json!({ "annotations": annotations }))
    ])
}

/// Returns `count` annotations whose keys begin with `prefix`.
fn numbered_annotations(prefix: &str, count: usize) -> Value {
    let annotation = |number| (format!("{prefix}{number:03}"), json!(number));
    Value::Object((0..count).map(annotation).collect::<Map<_, _>>())
}

#[test]
fn an_annotation_key_has_at_most_500_ascii_letters_digits_underscores_and_periods() {
    let longest_key = "k".repeat(500);
    let (valid_keys, invalid_keys) = (
        [
            "a",
            "Z9",
            "_",
            "snake_case",
            "http.route",
            "0",
            &longest_key,
        ],
        [
            "",
            "two words",
            "a-b",
            "a:b",
            "a/b",
            "caf\u{e9}",
            "tab\t",
            "$",
            "[a]",
            "\u{0663}",
            &"k".repeat(501),
        ],
    );
    let all_annotations: Map<_, _> = valid_keys
        .iter()
        .chain(&invalid_keys)
        .map(|key| ((*key).to_owned(), json!(1)))
        .collect();
    let xray = xray_with_annotations(Value::Object(all_annotations));
    let mut expected = valid_keys.map(str::to_owned);
    expected.sort();
    assert_eq!(annotation_keys(&xray), expected);
    assert_eq!(dropped_count(&xray), invalid_keys.len() as u64);
    let document = xray.trace_documents(&trace_id()).remove(0);
    let indexed_annotations = document["annotations"].as_object().unwrap();
    assert_eq!(
        indexed_annotations.keys().cloned().collect::<Vec<_>>(),
        expected
    );
    for (filter, match_count) in [
        ("annotation.http.route", 1),
        ("annotation[http.route] = 1", 1),
        ("annotation[two words]", 0),
        ("annotation[a-b] = 1", 0),
        ("service(\"shop\") { annotation[a:b] }", 0),
    ] {
        assert_eq!(xray.summaries(filter).len(), match_count, "{filter}");
    }
}

#[test]
fn an_annotation_text_has_at_most_a_thousand_characters() {
    let longest_text = "\u{1F600}".repeat(1000);
    let xray = xray_with_annotations(
        json!({ "longest": longest_text, "too_long": "x".repeat(1001), "number": 1e300 }),
    );
    assert_eq!(annotation_keys(&xray), ["longest", "number"]);
    assert_eq!(dropped_count(&xray), 1);
}

#[test]
fn an_annotation_cannot_be_a_list_an_object_or_null() {
    let xray = xray_with_annotations(
        json!({ "flag": false, "list": [1], "object": { "a": 1 }, "null": null }),
    );
    assert_eq!(annotation_keys(&xray), ["flag"]);
    assert_eq!(dropped_count(&xray), 3);
}

#[test]
fn a_trace_has_at_most_fifty_annotation_keys_and_the_earliest_segments_are_indexed_first() {
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 100).merge(json!({ "annotations": numbered_annotations("a", 40) })),
        subsegment(2, 1, "work", 10, 20)
            .merge(json!({ "annotations": numbered_annotations("b", 40) })),
        segment(3, "mail", 50, 60).merge(json!({ "annotations": numbered_annotations("a", 41) })),
    ]);
    assert_eq!(annotation_keys(&xray).len(), 50);
    // 30 annotations of the subsegment and one annotation of the last segment exceed the limit of indexed
    // annotations.
    assert_eq!(dropped_count(&xray), 31);
    for (filter, match_count) in [
        ("annotation.a039 = 39", 1),
        ("annotation.b009 = 9", 1),
        ("annotation.b010", 0),
        ("annotation.a040", 0),
        ("service(\"mail\") { annotation.a000 }", 1),
        ("service(\"mail\") { annotation.a040 }", 0),
    ] {
        assert_eq!(xray.summaries(filter).len(), match_count, "{filter}");
    }
}

#[test]
fn a_dropped_annotation_is_counted_once_although_the_trace_is_assembled_again() {
    let invalid = segment(1, "shop", 0, 10).merge(json!({ "annotations": { "a b": 1, "c d": 2 } }));
    let xray = LocalXray::with_documents(std::slice::from_ref(&invalid));
    assert_eq!(dropped_count(&xray), 2);
    // New documents make the store assemble the trace again.
    xray.put_documents(&[invalid, segment(2, "mail", 0, 10)]);
    assert_eq!(dropped_count(&xray), 2);
    let other_trace = json!({ "trace_id": trace_id_at(9, 9), "annotations": { "e f": 3 } });
    xray.put_documents(&[segment(1, "shop", 0, 10).merge(other_trace)]);
    assert_eq!(dropped_count(&xray), 3);
}

#[test]
fn the_last_value_of_a_repeated_annotation_key_is_used() {
    let document = segment(1, "shop", 0, 10).to_string();
    let repeated_key = r#","annotations":{"a":1,"b":true,"a":"x"}}"#;
    let document = format!("{}{repeated_key}", document.strip_suffix('}').unwrap());
    let xray = LocalXray::new();
    assert!(xray.0.put_document(&document).is_empty());
    let summary = xray.only_summary();
    let values = summary["Annotations"]["a"].as_array().unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(values[0]["AnnotationValue"], json!({ "StringValue": "x" }));
}
