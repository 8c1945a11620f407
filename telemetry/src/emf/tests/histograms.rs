//! Tests of the conversion of histograms to `Values` and `Counts`.

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::Aggregation;
use serde_json::json;

use super::{TestProvider, expected_metadata};

#[test]
fn a_histogram_is_written_as_the_midpoints_and_counts_of_its_buckets() {
    let provider = TestProvider::new();
    let request_duration = provider
        .meter
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_boundaries(vec![1.0, 2.0, 4.0, 8.0])
        .build();
    for seconds in [0.5, 1.25, 1.5, 5.0, 9.0] {
        request_duration.record(seconds, &[KeyValue::new("http.route", "/likes")]);
    }
    assert_eq!(
        provider.export_lines(),
        [json!({
            "_aws": expected_metadata(
                &["service", "http.route"],
                &[("http.server.request.duration", "Seconds")],
            ),
            "service": "like service",
            "http.route": "/likes",
            "http.server.request.duration": {
                // The bounds of the buckets are 0.5 (the minimum), 1, 2, 4, 8 and 9 (the maximum). The bucket
                // from 2 to 4 contains no measurement and is therefore not written.
                "Values": [0.75, 1.5, 6.0, 8.5],
                "Counts": [1, 2, 1, 1],
                "Min": 0.5,
                "Max": 9.0,
                "Sum": 17.25,
                "Count": 5,
            },
        })]
    );
}

#[test]
fn a_midpoint_is_never_below_the_minimum_or_above_the_maximum() {
    let provider = TestProvider::new();
    let body_size = provider
        .meter
        .u64_histogram("size")
        .with_unit("By")
        .with_boundaries(vec![0.0, 100.0, 200.0])
        .build();
    body_size.record(70, &[KeyValue::new("at", "above the middle")]);
    body_size.record(10, &[KeyValue::new("at", "below the middle")]);
    let values: Vec<_> = provider
        .export_lines()
        .into_iter()
        .map(|mut line| line["size"]["Values"].take())
        .collect();
    assert_eq!(values, [json!([70.0]), json!([10.0])]);
}

#[test]
fn the_buckets_of_a_large_histogram_are_merged_to_at_most_a_hundred_values() {
    let provider = TestProvider::new();
    let histogram = provider
        .meter
        .u64_histogram("h")
        .with_boundaries((0..150).map(f64::from).collect())
        .build();
    for value in 0..150 {
        histogram.record(value, &[]);
    }
    let value = provider.export_one_line()["h"].take();
    // The exporter merges pairs of buckets. The first pair has the midpoints 0 and 0.5.
    let mut expected: Vec<_> = (0..75).map(|pair| 2.0 * f64::from(pair)).collect();
    expected[0] = 0.25;
    assert_eq!(value["Values"], json!(expected));
    assert_eq!(value["Counts"], json!(vec![2; 75]));
    assert_eq!(value["Count"], 150);
    assert_eq!(value["Sum"], json!(11175.0));
}

#[test]
fn a_histogram_without_bounds_is_written_as_its_mean() {
    let provider = TestProvider::new();
    let histogram = provider.meter.f64_histogram("h").with_boundaries(vec![]);
    let histogram = histogram.build();
    histogram.record(1.0, &[]);
    histogram.record(4.0, &[]);
    assert_eq!(
        provider.export_one_line()["h"],
        json!({ "Values": [2.5], "Counts": [2], "Min": 1.0, "Max": 4.0, "Sum": 5.0, "Count": 2 })
    );
}

#[test]
fn a_histogram_without_minimum_and_maximum_gets_them_from_its_buckets() {
    let aggregation = Aggregation::ExplicitBucketHistogram {
        boundaries: vec![10.0, 20.0],
        record_min_max: false,
    };
    let provider = TestProvider::with_aggregation(aggregation);
    let histogram = provider.meter.f64_histogram("h").build();
    for value in [3.0, 12.0, 50.0] {
        histogram.record(value, &[]);
    }
    assert_eq!(
        provider.export_one_line()["h"],
        json!({
            "Values": [10.0, 15.0, 20.0],
            "Counts": [1, 1, 1],
            "Min": 10.0,
            "Max": 20.0,
            "Sum": 65.0,
            "Count": 3,
        })
    );
}
