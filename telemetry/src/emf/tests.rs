//! Records measurements with the instruments of the SDK, and checks the lines that the exporter writes.

use std::io::{self, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Stream,
};
use serde_json::{Value, json};

use super::EmfExporter;

mod dimensions;
mod histograms;

/// Records the bytes of each write. If `remaining_failures` is above 0, a write fails and reduces
/// `remaining_failures` by 1.
#[derive(Clone, Default)]
struct RecordingWriter {
    writes: Arc<Mutex<Vec<Vec<u8>>>>,
    remaining_failures: Arc<Mutex<u32>>,
}

impl Write for RecordingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut remaining_failures = self.remaining_failures.lock().unwrap();
        if *remaining_failures > 0 {
            *remaining_failures -= 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.writes.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A meter provider with an [`EmfExporter`].
struct TestProvider {
    sdk_provider: SdkMeterProvider,
    meter: Meter,
    writer: RecordingWriter,
}

impl TestProvider {
    fn new() -> Self {
        Self::build(|builder| builder.with_resource(like_service_resource()))
    }

    fn with_aggregation(aggregation: Aggregation) -> Self {
        let view = move |_: &Instrument| {
            let stream = Stream::builder().with_aggregation(aggregation.clone());
            Some(stream.build().expect("a stream"))
        };
        Self::build(|builder| {
            builder
                .with_resource(like_service_resource())
                .with_view(view)
        })
    }

    fn build(configure: impl FnOnce(MeterProviderBuilder) -> MeterProviderBuilder) -> Self {
        let writer = RecordingWriter::default();
        let exporter = EmfExporter::new(writer.clone(), "Mysfits");
        let reader = PeriodicReader::builder(exporter).build();
        let sdk_provider = configure(SdkMeterProvider::builder().with_reader(reader)).build();
        let meter = sdk_provider.meter("test");
        Self {
            sdk_provider,
            meter,
            writer,
        }
    }

    /// Exports the measurements, and returns the exported lines as JSON without their timestamps.
    fn export_lines(&self) -> Vec<Value> {
        self.sdk_provider
            .force_flush()
            .expect("a successful export");
        let writes = std::mem::take(&mut *self.writer.writes.lock().unwrap());
        writes.iter().map(|write| parse_line(write)).collect()
    }

    /// Exports the measurements, and returns the only exported line. Panics if the export writes several
    /// lines or no line.
    fn export_one_line(&self) -> Value {
        let lines = self.export_lines();
        let [line] = lines.as_slice() else {
            panic!("one line expected, not {lines:#?}");
        };
        line.clone()
    }
}

fn like_service_resource() -> Resource {
    let resource = Resource::builder_empty();
    resource.with_service_name("like service").build()
}

/// Checks that `write` contains one line with a recent timestamp, and returns the line without its timestamp.
fn parse_line(write: &[u8]) -> Value {
    let text = str::from_utf8(write).expect("UTF-8");
    assert_eq!(text.find('\n'), Some(text.len() - 1), "not a line: {text}");
    let mut line: Value = serde_json::from_str(text).expect("JSON");
    let metadata = line["_aws"].as_object_mut().expect("an object");
    let time = metadata.remove("Timestamp").and_then(|time| time.as_u64());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let age = now.as_millis() - u128::from(time.expect("milliseconds"));
    assert!(age < 60_000, "{age} ms old");
    line
}

/// The expected value of the JSON member `_aws`, without the member `Timestamp`.
fn expected_metadata(dimensions: &[&str], metrics: &[(&str, &str)]) -> Value {
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

fn read_dimension_names(line: &Value) -> Vec<&str> {
    let names = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0];
    let names = names.as_array().expect("a list").iter();
    names.map(|name| name.as_str().expect("a name")).collect()
}

/// Polls a future that is ready at its first poll.
fn poll_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future is not ready"),
    }
}

#[test]
fn a_counter_writes_a_line_for_each_set_of_attributes() {
    let provider = TestProvider::new();
    let likes = provider.meter.u64_counter("likes").build();
    likes.add(2, &[KeyValue::new("outcome", "liked")]);
    likes.add(1, &[KeyValue::new("outcome", "refused")]);
    likes.add(3, &[KeyValue::new("outcome", "liked")]);
    let expected_line = |outcome: &str, value: u64| {
        json!({
            "_aws": expected_metadata(&["service", "outcome"], &[("likes", "Count")]),
            "service": "like service",
            "outcome": outcome,
            "likes": value,
        })
    };
    assert_eq!(
        provider.export_lines(),
        [expected_line("liked", 5), expected_line("refused", 1)]
    );
}

#[test]
fn an_up_down_counter_is_written_as_its_current_value() {
    let provider = TestProvider::new();
    let active_requests = provider
        .meter
        .i64_up_down_counter("active")
        .with_unit("{request}")
        .build();
    let expected_line = |value: i64| {
        json!({
            "_aws": expected_metadata(&["service"], &[("active", "Count")]),
            "service": "like service",
            "active": value,
        })
    };
    active_requests.add(3, &[]);
    assert_eq!(provider.export_lines(), [expected_line(3)]);
    active_requests.add(-5, &[]);
    assert_eq!(provider.export_lines(), [expected_line(-2)]);
}

#[test]
fn a_measurement_is_exported_only_once() {
    let provider = TestProvider::new();
    let likes = provider.meter.u64_counter("likes").build();
    let duration = provider.meter.f64_histogram("duration").build();
    likes.add(2, &[]);
    duration.record(0.5, &[]);
    assert_eq!(provider.export_lines().len(), 1);
    assert_eq!(provider.export_lines(), Vec::<Value>::new());
    likes.add(7, &[]);
    let line = provider.export_one_line();
    assert_eq!(line["likes"], 7);
    assert_eq!(line.get("duration"), None);
}

#[test]
fn metrics_with_the_same_attributes_share_a_line_even_if_their_units_differ() {
    let provider = TestProvider::new();
    let attributes = [KeyValue::new("shard", 3), KeyValue::new("canary", true)];
    provider.meter.u64_counter("a").build().add(1, &attributes);
    let b = provider.meter.f64_gauge("b").with_unit("%").build();
    b.record(12.5, &attributes);
    let c = provider.meter.u64_counter("c").with_unit("By").build();
    c.add(2, &attributes);
    let d = provider.meter.f64_counter("d").with_unit("ms").build();
    d.add(0.25, &attributes);
    let e = provider.meter.i64_gauge("e").with_unit("furlong").build();
    e.record(-4, &attributes);
    let metrics = [
        ("a", "Count"),
        ("b", "Percent"),
        ("c", "Bytes"),
        ("d", "Milliseconds"),
        ("e", "None"),
    ];
    assert_eq!(
        provider.export_lines(),
        [json!({
            "_aws": expected_metadata(&["service", "canary", "shard"], &metrics),
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
fn a_line_has_at_most_a_hundred_metrics() {
    let provider = TestProvider::new();
    for number in 0..101 {
        let counter = provider
            .meter
            .u64_counter(format!("counter.{number}"))
            .build();
        counter.add(1, &[]);
    }
    let metric_counts: Vec<_> = provider
        .export_lines()
        .iter()
        .map(|line| {
            let metrics = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"];
            metrics.as_array().expect("a list").len()
        })
        .collect();
    assert_eq!(metric_counts, [100, 1]);
}

#[test]
fn instruments_with_the_same_name_do_not_share_a_line() {
    let provider = TestProvider::new();
    provider.meter.u64_counter("likes").build().add(1, &[]);
    let other_meter = provider.sdk_provider.meter("other");
    other_meter.u64_counter("likes").build().add(2, &[]);
    let mut values: Vec<_> = provider
        .export_lines()
        .iter()
        .map(|line| line["likes"].as_u64().expect("a number"))
        .collect();
    values.sort_unstable();
    assert_eq!(values, [1, 2]);
}

#[test]
fn an_infinite_value_is_not_written() {
    let provider = TestProvider::new();
    let counter = provider.meter.f64_counter("infinite_sum").build();
    let histogram = provider
        .meter
        .f64_histogram("infinite_histogram_sum")
        .build();
    for _ in 0..2 {
        counter.add(f64::MAX, &[]);
        histogram.record(f64::MAX, &[]);
    }
    assert_eq!(provider.export_lines(), Vec::<Value>::new());
}

#[test]
fn a_flush_succeeds_after_the_writer_has_recovered_from_an_error() {
    let provider = TestProvider::new();
    let likes = provider.meter.u64_counter("likes").build();
    *provider.writer.remaining_failures.lock().unwrap() = 1;
    likes.add(1, &[]);
    assert!(matches!(
        provider.sdk_provider.force_flush(),
        Err(OTelSdkError::InternalFailure(_))
    ));
    likes.add(2, &[]);
    assert_eq!(provider.export_one_line()["likes"], 2);
}

#[test]
fn an_export_after_the_shutdown_returns_an_error() {
    let exporter = EmfExporter::new(Vec::new(), "Mysfits");
    let metrics = ResourceMetrics::default();
    assert!(poll_once(exporter.export(&metrics)).is_ok());
    assert!(exporter.shutdown().is_ok());
    let is_shut_down = |result| matches!(result, Err(OTelSdkError::AlreadyShutdown));
    assert!(is_shut_down(poll_once(exporter.export(&metrics))));
    assert!(is_shut_down(exporter.shutdown()));
}
