//! What CloudWatch would read, from instruments to lines: a real provider, a real reader.

use std::io::{self, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value as Attribute};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Stream,
};
use serde_json::{Value, json};

use super::EmfExporter;

/// Keeps each write by itself. Fails as often as it is told to, and writes nothing then.
#[derive(Clone, Default)]
struct Pipe {
    writes: Arc<Mutex<Vec<Vec<u8>>>>,
    failures: Arc<Mutex<u32>>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.writes.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Instruments whose lines end in a pipe.
struct Bench {
    provider: SdkMeterProvider,
    meter: Meter,
    pipe: Pipe,
}

impl Bench {
    fn new() -> Self {
        Self::with(|builder| builder.with_resource(like_service()))
    }

    fn with_aggregation(aggregation: Aggregation) -> Self {
        let view = move |_: &Instrument| {
            let stream = Stream::builder().with_aggregation(aggregation.clone());
            Some(stream.build().expect("a stream"))
        };
        Self::with(|builder| builder.with_resource(like_service()).with_view(view))
    }

    fn with(change: impl FnOnce(MeterProviderBuilder) -> MeterProviderBuilder) -> Self {
        let pipe = Pipe::default();
        let exporter = EmfExporter::new(pipe.clone(), "Mysfits");
        let reader = PeriodicReader::builder(exporter).build();
        let provider = change(SdkMeterProvider::builder().with_reader(reader)).build();
        let meter = provider.meter("test");
        Self {
            provider,
            meter,
            pipe,
        }
    }

    /// Collects once, and takes what came of it, as JSON and without its timestamps.
    fn lines(&self) -> Vec<Value> {
        self.provider.force_flush().expect("a collection");
        let writes = std::mem::take(&mut *self.pipe.writes.lock().unwrap());
        writes.iter().map(|write| line(write)).collect()
    }

    fn one_line(&self) -> Value {
        let lines = self.lines();
        let [line] = lines.as_slice() else {
            panic!("one line expected, not {lines:#?}");
        };
        line.clone()
    }
}

fn like_service() -> Resource {
    let resource = Resource::builder_empty();
    resource.with_service_name("like service").build()
}

/// A write must be one whole line, stamped about now.
fn line(write: &[u8]) -> Value {
    let text = str::from_utf8(write).expect("UTF-8");
    assert_eq!(text.find('\n'), Some(text.len() - 1), "not a line: {text}");
    let mut line: Value = serde_json::from_str(text).expect("JSON");
    let about = line["_aws"].as_object_mut().expect("an object");
    let time = about.remove("Timestamp").and_then(|time| time.as_u64());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let age = now.as_millis() - u128::from(time.expect("milliseconds"));
    assert!(age < 60_000, "{age} ms old");
    line
}

/// The member `_aws` without its timestamp.
fn about(dimensions: &[&str], metrics: &[(&str, &str)]) -> Value {
    let metrics: Vec<_> = metrics
        .iter()
        .map(|(name, unit)| json!({ "Name": name, "Unit": unit }))
        .collect();
    json!({
        "CloudWatchMetrics": [
            { "Namespace": "Mysfits", "Dimensions": [dimensions], "Metrics": metrics }
        ]
    })
}

fn dimensions(line: &Value) -> Vec<&str> {
    let names = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0];
    let names = names.as_array().expect("a list").iter();
    names.map(|name| name.as_str().expect("a name")).collect()
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the exporter waits for nothing"),
    }
}

#[test]
fn a_counter_writes_a_line_for_each_set_of_attributes() {
    let bench = Bench::new();
    let likes = bench.meter.u64_counter("likes").build();
    likes.add(2, &[KeyValue::new("outcome", "liked")]);
    likes.add(1, &[KeyValue::new("outcome", "refused")]);
    likes.add(3, &[KeyValue::new("outcome", "liked")]);
    let line = |outcome: &str, value: u64| {
        json!({
            "_aws": about(&["service", "outcome"], &[("likes", "Count")]),
            "service": "like service",
            "outcome": outcome,
            "likes": value,
        })
    };
    assert_eq!(bench.lines(), [line("liked", 5), line("refused", 1)]);
}

#[test]
fn a_histogram_writes_the_middles_of_its_buckets() {
    let bench = Bench::new();
    let duration = bench
        .meter
        .f64_histogram("http.server.request.duration")
        .with_unit("s")
        .with_boundaries(vec![1.0, 2.0, 4.0, 8.0])
        .build();
    for seconds in [0.5, 1.25, 1.5, 5.0, 9.0] {
        duration.record(seconds, &[KeyValue::new("http.route", "/likes")]);
    }
    assert_eq!(
        bench.lines(),
        [json!({
            "_aws": about(
                &["service", "http.route"],
                &[("http.server.request.duration", "Seconds")],
            ),
            "service": "like service",
            "http.route": "/likes",
            "http.server.request.duration": {
                // From the lowest to 1; 1 to 2; none from 2 to 4; 4 to 8; from 8 to the highest.
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
fn the_middle_of_a_bucket_stays_within_what_was_measured() {
    let bench = Bench::new();
    let size = bench
        .meter
        .u64_histogram("size")
        .with_unit("By")
        .with_boundaries(vec![0.0, 100.0, 200.0])
        .build();
    size.record(70, &[KeyValue::new("at", "above the middle")]);
    size.record(10, &[KeyValue::new("at", "below the middle")]);
    let values: Vec<_> = bench
        .lines()
        .into_iter()
        .map(|mut line| line["size"]["Values"].take())
        .collect();
    assert_eq!(values, [json!([70.0]), json!([10.0])]);
}

#[test]
fn an_up_down_counter_writes_its_value() {
    let bench = Bench::new();
    let active = bench
        .meter
        .i64_up_down_counter("active")
        .with_unit("{request}")
        .build();
    let line = |value: i64| {
        json!({
            "_aws": about(&["service"], &[("active", "Count")]),
            "service": "like service",
            "active": value,
        })
    };
    active.add(3, &[]);
    assert_eq!(bench.lines(), [line(3)]);
    active.add(-5, &[]);
    assert_eq!(bench.lines(), [line(-2)]);
}

#[test]
fn what_was_counted_is_written_once() {
    let bench = Bench::new();
    let likes = bench.meter.u64_counter("likes").build();
    let duration = bench.meter.f64_histogram("duration").build();
    likes.add(2, &[]);
    duration.record(0.5, &[]);
    assert_eq!(bench.lines().len(), 1);
    assert_eq!(bench.lines(), Vec::<Value>::new());
    likes.add(7, &[]);
    let line = bench.one_line();
    assert_eq!(line["likes"], 7);
    assert_eq!(line.get("duration"), None);
}

#[test]
fn metrics_with_the_same_attributes_share_a_line_whatever_their_units() {
    let bench = Bench::new();
    let attributes = [KeyValue::new("shard", 3), KeyValue::new("canary", true)];
    bench.meter.u64_counter("a").build().add(1, &attributes);
    let b = bench.meter.f64_gauge("b").with_unit("%").build();
    b.record(12.5, &attributes);
    let c = bench.meter.u64_counter("c").with_unit("By").build();
    c.add(2, &attributes);
    let d = bench.meter.f64_counter("d").with_unit("ms").build();
    d.add(0.25, &attributes);
    let e = bench.meter.i64_gauge("e").with_unit("furlong").build();
    e.record(-4, &attributes);
    let metrics = [
        ("a", "Count"),
        ("b", "Percent"),
        ("c", "Bytes"),
        ("d", "Milliseconds"),
        ("e", "None"),
    ];
    assert_eq!(
        bench.lines(),
        [json!({
            "_aws": about(&["service", "canary", "shard"], &metrics),
            "service": "like service",
            "canary": "true",
            "shard": "3",
            "a": 1,
            "b": 12.5,
            "c": 2,
            "d": 0.25,
            "e": -4,
        })]
    );
}

#[test]
fn a_line_takes_a_hundred_metrics() {
    let bench = Bench::new();
    for number in 0..101 {
        let counter = bench.meter.u64_counter(format!("counter.{number}")).build();
        counter.add(1, &[]);
    }
    let sizes: Vec<_> = bench
        .lines()
        .iter()
        .map(|line| {
            let metrics = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
            metrics.as_array().expect("a list").len()
        })
        .collect();
    assert_eq!(sizes, [100, 1]);
}

#[test]
fn instruments_of_one_name_do_not_share_a_line() {
    let bench = Bench::new();
    bench.meter.u64_counter("likes").build().add(1, &[]);
    let other = bench.provider.meter("other");
    other.u64_counter("likes").build().add(2, &[]);
    let mut values: Vec<_> = bench
        .lines()
        .iter()
        .map(|line| line["likes"].as_u64().expect("a number"))
        .collect();
    values.sort_unstable();
    assert_eq!(values, [1, 2]);
}

#[test]
fn attributes_become_dimensions_as_cloudwatch_allows_them() {
    let bench = Bench::new();
    let names = [StringValue::from("Ada"), StringValue::from("Bo")];
    bench.meter.u64_counter("likes").build().add(
        1,
        &[
            KeyValue::new("long", "x".repeat(1025)),
            KeyValue::new("list", Attribute::Array(Array::String(names.into()))),
            KeyValue::new("accent", "Zoë\n"),
            KeyValue::new("empty", ""),
            KeyValue::new("blank", "  "),
            KeyValue::new("", "nameless"),
            KeyValue::new(":colon", "in front"),
            KeyValue::new("Zoë", "accent in the name"),
            KeyValue::new("n".repeat(251), "long name"),
            KeyValue::new("_aws", "the line's own"),
            KeyValue::new("likes", "the metric's own"),
            KeyValue::new("service", "the resource's own"),
        ],
    );
    assert_eq!(
        bench.lines(),
        [json!({
            "_aws": about(&["service", "accent", "list", "long"], &[("likes", "Count")]),
            "service": "like service",
            "accent": "Zo??",
            "list": "[\"Ada\",\"Bo\"]",
            "long": "x".repeat(1024),
            "likes": 1,
        })]
    );
}

#[test]
fn a_line_has_thirty_dimensions_at_most() {
    let bench = Bench::new();
    let attributes: Vec<_> = (0..40)
        .map(|number| KeyValue::new(format!("key{number:02}"), "value"))
        .collect();
    let likes = bench.meter.u64_counter("likes").build();
    likes.add(1, &attributes);
    let line = bench.one_line();
    let names = dimensions(&line);
    assert_eq!(names.len(), 30);
    assert_eq!(names.first(), Some(&"service"));
    assert_eq!(names.last(), Some(&"key28"));
    assert_eq!(line.get("key28"), Some(&json!("value")));
    assert_eq!(line.get("key29"), None);
}

#[test]
fn without_a_resource_an_attribute_may_name_the_service() {
    let bench = Bench::with(|builder| builder.with_resource(Resource::builder_empty().build()));
    let likes = bench.meter.u64_counter("likes").build();
    likes.add(1, &[KeyValue::new("service", "monolith")]);
    likes.add(2, &[]);
    assert_eq!(
        bench.lines(),
        [
            json!({ "_aws": about(&[], &[("likes", "Count")]), "likes": 2 }),
            json!({
                "_aws": about(&["service"], &[("likes", "Count")]),
                "service": "monolith",
                "likes": 1,
            }),
        ]
    );
}

#[test]
fn a_histogram_of_many_buckets_is_merged_to_a_hundred_values() {
    let bench = Bench::new();
    let histogram = bench
        .meter
        .u64_histogram("h")
        .with_boundaries((0..150).map(f64::from).collect())
        .build();
    for value in 0..150 {
        histogram.record(value, &[]);
    }
    let value = bench.one_line()["h"].take();
    // Neighbours in pairs: the first has the bucket of 0 alone and that from 0 to 1.
    let values: Vec<_> = (0..75).map(|pair| 2.0 * f64::from(pair)).collect();
    let expected = {
        let mut expected = values;
        expected[0] = 0.25;
        expected
    };
    assert_eq!(value["Values"], json!(expected));
    assert_eq!(value["Counts"], json!(vec![2; 75]));
    assert_eq!(value["Count"], 150);
    assert_eq!(value["Sum"], json!(11175.0));
}

#[test]
fn a_histogram_without_bounds_tells_its_mean() {
    let bench = Bench::new();
    let histogram = bench.meter.f64_histogram("h").with_boundaries(vec![]);
    let histogram = histogram.build();
    histogram.record(1.0, &[]);
    histogram.record(4.0, &[]);
    assert_eq!(
        bench.one_line()["h"],
        json!({ "Values": [2.5], "Counts": [2], "Min": 1.0, "Max": 4.0, "Sum": 5.0, "Count": 2 })
    );
}

#[test]
fn a_histogram_without_extremes_takes_them_from_its_buckets() {
    let aggregation = Aggregation::ExplicitBucketHistogram {
        boundaries: vec![10.0, 20.0],
        record_min_max: false,
    };
    let bench = Bench::with_aggregation(aggregation);
    let histogram = bench.meter.f64_histogram("h").build();
    for value in [3.0, 12.0, 50.0] {
        histogram.record(value, &[]);
    }
    assert_eq!(
        bench.one_line()["h"],
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

#[test]
fn a_number_that_json_cannot_tell_writes_nothing() {
    let bench = Bench::new();
    let counter = bench.meter.f64_counter("endless").build();
    let histogram = bench.meter.f64_histogram("boundless").build();
    for _ in 0..2 {
        counter.add(f64::MAX, &[]);
        histogram.record(f64::MAX, &[]);
    }
    assert_eq!(bench.lines(), Vec::<Value>::new());
}

#[test]
fn an_error_of_the_writer_fails_the_flush_and_not_the_next_one() {
    let bench = Bench::new();
    let likes = bench.meter.u64_counter("likes").build();
    *bench.pipe.failures.lock().unwrap() = 1;
    likes.add(1, &[]);
    assert!(matches!(
        bench.provider.force_flush(),
        Err(OTelSdkError::InternalFailure(_))
    ));
    likes.add(2, &[]);
    assert_eq!(bench.one_line()["likes"], 2);
}

#[test]
fn after_its_shutdown_the_exporter_takes_nothing() {
    let exporter = EmfExporter::new(Vec::new(), "Mysfits");
    let metrics = ResourceMetrics::default();
    assert!(ready(exporter.export(&metrics)).is_ok());
    assert!(exporter.shutdown().is_ok());
    let ended = |result| matches!(result, Err(OTelSdkError::AlreadyShutdown));
    assert!(ended(ready(exporter.export(&metrics))));
    assert!(ended(exporter.shutdown()));
}
