//! Which annotations are indexed; the others are dropped and counted, and their documents are accepted.

use serde_json::{Map, Value, json};

use crate::world::{With, World, segment, subsegment, trace, trace_at};

fn dropped(world: &World) -> u64 {
    world.0.status()["AnnotationsDropped"].as_u64().unwrap()
}

fn keys(world: &World) -> Vec<String> {
    let summary = world.summary();
    let annotations = summary["Annotations"].as_object().unwrap();
    annotations.keys().cloned().collect()
}

fn shop(annotations: Value) -> World {
    World::of(&[segment(1, "shop", 0, 10).with(json!({ "annotations": annotations }))])
}

/// `count` annotations whose keys begin with `prefix`.
fn many(prefix: &str, count: usize) -> Value {
    let annotation = |number| (format!("{prefix}{number:03}"), json!(number));
    Value::Object((0..count).map(annotation).collect::<Map<_, _>>())
}

#[test]
fn keys_are_letters_digits_underscores_and_periods() {
    let longest = "k".repeat(500);
    let (valid, invalid) = (
        ["a", "Z9", "_", "snake_case", "http.route", "0", &longest],
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
    let all: Map<_, _> = valid
        .iter()
        .chain(&invalid)
        .map(|key| ((*key).to_owned(), json!(1)))
        .collect();
    let world = shop(Value::Object(all));
    let mut wanted = valid.map(str::to_owned);
    wanted.sort();
    assert_eq!(keys(&world), wanted);
    assert_eq!(dropped(&world), invalid.len() as u64);
    let document = world.documents(&trace()).remove(0);
    let kept = document["annotations"].as_object().unwrap();
    assert_eq!(kept.keys().cloned().collect::<Vec<_>>(), wanted);
    for (filter, found) in [
        ("annotation.http.route", 1),
        ("annotation[http.route] = 1", 1),
        ("annotation[two words]", 0),
        ("annotation[a-b] = 1", 0),
        ("service(\"shop\") { annotation[a:b] }", 0),
    ] {
        assert_eq!(world.summaries(filter).len(), found, "{filter}");
    }
}

#[test]
fn texts_have_at_most_a_thousand_characters() {
    let longest = "\u{1F600}".repeat(1000);
    let world = shop(json!({ "fits": longest, "long": "x".repeat(1001), "number": 1e300 }));
    assert_eq!(keys(&world), ["fits", "number"]);
    assert_eq!(dropped(&world), 1);
}

#[test]
fn lists_objects_and_nothing_are_no_values() {
    let world = shop(json!({ "flag": false, "list": [1], "object": { "a": 1 }, "null": null }));
    assert_eq!(keys(&world), ["flag"]);
    assert_eq!(dropped(&world), 3);
}

#[test]
fn a_trace_has_at_most_fifty_annotations_and_the_first_segments_go_first() {
    let world = World::of(&[
        segment(1, "shop", 0, 100).with(json!({ "annotations": many("a", 40) })),
        subsegment(2, 1, "work", 10, 20).with(json!({ "annotations": many("b", 40) })),
        segment(3, "mail", 50, 60).with(json!({ "annotations": many("a", 41) })),
    ]);
    assert_eq!(keys(&world).len(), 50);
    // Thirty of the subsegment's, and one of the last segment's.
    assert_eq!(dropped(&world), 31);
    for (filter, found) in [
        ("annotation.a039 = 39", 1),
        ("annotation.b009 = 9", 1),
        ("annotation.b010", 0),
        ("annotation.a040", 0),
        ("service(\"mail\") { annotation.a000 }", 1),
        ("service(\"mail\") { annotation.a040 }", 0),
    ] {
        assert_eq!(world.summaries(filter).len(), found, "{filter}");
    }
}

#[test]
fn each_dropped_annotation_is_counted_once() {
    let odd = segment(1, "shop", 0, 10).with(json!({ "annotations": { "a b": 1, "c d": 2 } }));
    let world = World::of(std::slice::from_ref(&odd));
    assert_eq!(dropped(&world), 2);
    // The trace is put together again: with a duplicate, with another segment, and with fewer annotations.
    world.put(&[odd, segment(2, "mail", 0, 10)]);
    assert_eq!(dropped(&world), 2);
    let other = json!({ "trace_id": trace_at(9, 9), "annotations": { "e f": 3 } });
    world.put(&[segment(1, "shop", 0, 10).with(other)]);
    assert_eq!(dropped(&world), 3);
}

#[test]
fn of_a_key_that_stands_twice_in_one_segment_the_last_value_counts() {
    let document = segment(1, "shop", 0, 10).to_string();
    let twice = r#","annotations":{"a":1,"b":true,"a":"x"}}"#;
    let document = format!("{}{twice}", document.strip_suffix('}').unwrap());
    let world = World::new();
    assert!(world.0.put(&document).is_empty());
    let summary = world.summary();
    let values = summary["Annotations"]["a"].as_array().unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(values[0]["AnnotationValue"], json!({ "StringValue": "x" }));
}
