//! Tests of the conversion of attributes to dimensions.

use opentelemetry::{Array, KeyValue, StringValue, Value as AttributeValue};
use opentelemetry_sdk::Resource;
use serde_json::json;

use super::{TestProvider, expected_metadata, read_dimension_names};

#[test]
fn attributes_that_cloudwatch_does_not_allow_are_changed_or_left_out() {
    let provider = TestProvider::new();
    let names = [StringValue::from("Ada"), StringValue::from("Bo")];
    provider.meter.u64_counter("likes").build().add(
        1,
        &[
            KeyValue::new("long", "x".repeat(1025)),
            KeyValue::new("list", AttributeValue::Array(Array::String(names.into()))),
            KeyValue::new("accent", "Zoë\n"),
            KeyValue::new("empty", ""),
            KeyValue::new("blank", "  "),
            KeyValue::new("", "nameless"),
            KeyValue::new(":colon", "a colon in front"),
            KeyValue::new("Zoë", "an accent in the name"),
            KeyValue::new("n".repeat(251), "long name"),
            KeyValue::new("_aws", "the name of the metadata"),
            KeyValue::new("likes", "the name of the metric"),
            KeyValue::new("service", "the name of the service dimension"),
        ],
    );
    assert_eq!(
        provider.export_lines(),
        [json!({
            "_aws": expected_metadata(&["service", "accent", "list", "long"], &[("likes", "Count")]),
            "service": "like service",
            "accent": "Zo??",
            "list": "[\"Ada\",\"Bo\"]",
            "long": "x".repeat(1024),
            "likes": 1,
        })]
    );
}

#[test]
fn a_line_has_at_most_thirty_dimensions() {
    let provider = TestProvider::new();
    let attributes: Vec<_> = (0..40)
        .map(|number| KeyValue::new(format!("key{number:02}"), "value"))
        .collect();
    let likes = provider.meter.u64_counter("likes").build();
    likes.add(1, &attributes);
    let line = provider.export_one_line();
    let names = read_dimension_names(&line);
    assert_eq!(names.len(), 30);
    assert_eq!(names.first(), Some(&"service"));
    assert_eq!(names.last(), Some(&"key28"));
    assert_eq!(line.get("key28"), Some(&json!("value")));
    assert_eq!(line.get("key29"), None);
}

#[test]
fn without_a_service_name_in_the_resource_an_attribute_may_name_the_service() {
    let provider =
        TestProvider::build(|builder| builder.with_resource(Resource::builder_empty().build()));
    let likes = provider.meter.u64_counter("likes").build();
    likes.add(1, &[KeyValue::new("service", "monolith")]);
    likes.add(2, &[]);
    assert_eq!(
        provider.export_lines(),
        [
            json!({ "_aws": expected_metadata(&[], &[("likes", "Count")]), "likes": 2 }),
            json!({
                "_aws": expected_metadata(&["service"], &[("likes", "Count")]),
                "service": "monolith",
                "likes": 1,
            }),
        ]
    );
}
