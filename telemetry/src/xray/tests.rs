//! Batches of which some spans make no document.

use std::net::UdpSocket;
use std::time::Duration;

use opentelemetry::trace::{SpanContext, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value, global};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

use super::*;
use crate::captured_log::CapturedLog;

/// A span that has this attribute.
fn span(attribute: KeyValue) -> SpanData {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let tracer = provider.tracer("test");
    let builder = tracer.span_builder("span").with_kind(SpanKind::Server);
    drop(builder.with_attributes([attribute]).start(&tracer));
    exporter.get_finished_spans().unwrap().remove(0)
}

fn usual() -> SpanData {
    span(KeyValue::new("http.request.method", "GET"))
}

/// Metadata is not shortened and not left out.
fn too_large() -> SpanData {
    let text = StringValue::from("x".repeat(70_000));
    span(KeyValue::new(
        "metadata.list",
        Value::Array(Array::String(vec![text])),
    ))
}

/// X-Ray has no form for a span without a trace.
fn without_a_trace() -> SpanData {
    let mut span = usual();
    span.span_context = SpanContext::empty_context();
    span
}

/// All exported values of the counter, by `error.type`.
fn counted(metrics: &InMemoryMetricExporter) -> Vec<(String, u64)> {
    let mut counted = Vec::new();
    for metrics in metrics.get_finished_metrics().unwrap() {
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else {
                continue;
            };
            counted.clear();
            for point in sum.data_points() {
                let mut attributes = point.attributes();
                let kind = attributes.find(|it| it.key.as_str() == "error.type");
                let kind = kind.map_or_else(String::new, |it| it.value.to_string());
                counted.push((kind, point.value()));
            }
        }
    }
    counted.sort();
    counted
}

#[test]
fn spans_without_a_document_are_counted_and_logged_once_and_the_others_are_sent() {
    let (log, _guard) = CapturedLog::start();
    let metrics = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(metrics.clone())
        .build();
    // No other test of this crate counts spans.
    global::set_meter_provider(provider.clone());
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut exporter = XrayExporter::new(daemon.local_addr().unwrap().to_string());
    let resource = Resource::builder_empty().with_service_name("like service");
    exporter.set_resource(&resource.build());

    exporter
        .send(&mut [usual(), too_large(), without_a_trace(), usual()])
        .expect("no outage of the daemon");
    for _ in 0..2 {
        let mut datagram = [0; 65_536];
        let bytes = daemon.recv(&mut datagram).unwrap();
        let text = str::from_utf8(&datagram[..bytes]).unwrap();
        assert!(text.contains("\"name\":\"like service\""), "{text}");
    }
    provider.force_flush().unwrap();
    let expected = [
        (String::new(), 2),
        ("document_too_large".to_owned(), 1),
        ("untranslatable_span".to_owned(), 1),
    ];
    assert_eq!(counted(&metrics), expected);

    exporter.send(&mut [usual()]).unwrap();
    log.take();
    for _ in 0..2 {
        for _ in 0..3 {
            exporter.send(&mut [usual(), too_large()]).unwrap();
        }
        let logged = log.take();
        assert_eq!(logged.lines().count(), 1, "{logged}");
        assert!(logged.contains("WARN") && logged.contains("cause=the document is larger"));
        for _ in 0..3 {
            exporter.send(&mut [usual()]).unwrap();
        }
        let logged = log.take();
        assert_eq!(logged.lines().count(), 1, "{logged}");
        assert!(logged.contains("INFO"), "{logged}");
    }
}

#[test]
fn a_batch_of_which_nothing_is_sent_ends_no_outage() {
    let (log, _guard) = CapturedLog::start();
    // A connected socket receives from its peer alone, here itself.
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.connect(daemon.local_addr().unwrap()).unwrap();
    let exporter = XrayExporter::new(daemon.local_addr().unwrap().to_string());
    let start = Instant::now();
    while exporter.send(&mut [usual()]).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(20), "no outage");
    }
    // For longer than a daemon on this machine takes to recover.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        exporter.send(&mut [too_large()]).unwrap();
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let logged = log.take();
    assert_eq!(logged.matches("spans cannot be exported").count(), 1);
    assert!(!logged.contains("spans are exported again"), "{logged}");
}
