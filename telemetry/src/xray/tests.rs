//! Exports of batches in which some spans cannot be sent as documents.

use std::net::UdpSocket;
use std::time::Duration;

use opentelemetry::trace::{SpanContext, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value, global};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

use super::*;
use crate::captured_log::CapturedLog;

/// Creates a server span with the attribute `attribute`.
fn create_span(attribute: KeyValue) -> SpanData {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let tracer = provider.tracer("test");
    let builder = tracer.span_builder("span").with_kind(SpanKind::Server);
    drop(builder.with_attributes([attribute]).start(&tracer));
    exporter.get_finished_spans().unwrap().remove(0)
}

fn valid_span() -> SpanData {
    create_span(KeyValue::new("http.request.method", "GET"))
}

/// A span whose document is too large. The exporter does not cut or remove the metadata of a document.
fn too_large_span() -> SpanData {
    let text = StringValue::from("x".repeat(70_000));
    create_span(KeyValue::new(
        "metadata.list",
        Value::Array(Array::String(vec![text])),
    ))
}

/// A span without a trace id cannot be translated.
fn span_without_trace_id() -> SpanData {
    let mut span = valid_span();
    span.span_context = SpanContext::empty_context();
    span
}

/// Returns the last exported value of the span counter for each `error.type`.
fn span_counts_by_error_type(metrics: &InMemoryMetricExporter) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    for metrics in metrics.get_finished_metrics().unwrap() {
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else {
                continue;
            };
            counts.clear();
            for point in sum.data_points() {
                let mut attributes = point.attributes();
                let error_type =
                    attributes.find(|attribute| attribute.key.as_str() == "error.type");
                let error_type =
                    error_type.map_or_else(String::new, |attribute| attribute.value.to_string());
                counts.push((error_type, point.value()));
            }
        }
    }
    counts.sort();
    counts
}

#[test]
fn spans_that_cannot_be_sent_as_documents_are_counted_and_logged_once() {
    let (log, _guard) = CapturedLog::start();
    let metrics = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(metrics.clone())
        .build();
    // The meter provider is global. No other test of this crate exports the span counter.
    global::set_meter_provider(provider.clone());
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut exporter = XrayExporter::new(daemon.local_addr().unwrap().to_string());
    let resource = Resource::builder_empty().with_service_name("like service");
    exporter.set_resource(&resource.build());

    exporter
        .send_spans(&mut [
            valid_span(),
            too_large_span(),
            span_without_trace_id(),
            valid_span(),
        ])
        .expect("the daemon receives all documents");
    for _ in 0..2 {
        let mut datagram = [0; 65_536];
        let byte_count = daemon.recv(&mut datagram).unwrap();
        let text = str::from_utf8(&datagram[..byte_count]).unwrap();
        assert!(text.contains("\"name\":\"like service\""), "{text}");
    }
    provider.force_flush().unwrap();
    let expected = [
        (String::new(), 2),
        ("document_too_large".to_owned(), 1),
        ("untranslatable_span".to_owned(), 1),
    ];
    assert_eq!(span_counts_by_error_type(&metrics), expected);

    exporter.send_spans(&mut [valid_span()]).unwrap();
    log.take();
    for _ in 0..2 {
        for _ in 0..3 {
            exporter
                .send_spans(&mut [valid_span(), too_large_span()])
                .unwrap();
        }
        let logged = log.take();
        assert_eq!(logged.lines().count(), 1, "{logged}");
        assert!(logged.contains("WARN") && logged.contains("cause=the document is larger"));
        for _ in 0..3 {
            exporter.send_spans(&mut [valid_span()]).unwrap();
        }
        let logged = log.take();
        assert_eq!(logged.lines().count(), 1, "{logged}");
        assert!(logged.contains("INFO"), "{logged}");
    }
}

#[test]
fn a_batch_without_a_sent_span_does_not_end_an_outage() {
    let (log, _guard) = CapturedLog::start();
    // The socket is connected to its own address, so the kernel reports each datagram of the exporter as
    // lost.
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.connect(daemon.local_addr().unwrap()).unwrap();
    let exporter = XrayExporter::new(daemon.local_addr().unwrap().to_string());
    let start = Instant::now();
    while exporter.send_spans(&mut [valid_span()]).is_ok() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "no datagram is reported as lost"
        );
    }
    // 200 ms is longer than the recovery time of a daemon on this machine.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        exporter.send_spans(&mut [too_large_span()]).unwrap();
        std::thread::park_timeout(Duration::from_millis(10));
    }
    let logged = log.take();
    assert_eq!(logged.matches("spans cannot be exported").count(), 1);
    assert!(!logged.contains("spans are exported again"), "{logged}");
}
