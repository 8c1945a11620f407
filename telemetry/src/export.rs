//! Metrics and log lines about successful and failed exports.
//!
//! OpenTelemetry's semantic conventions for SDK metrics define the names and attributes of the metrics. Each
//! outage of a backend is logged once at its start and once at its end.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::INSTRUMENTATION_SCOPE;
use crate::condition::LoggedCondition;
use crate::error_type::{OTHER_ERROR_TYPE, REJECTED_ERROR_TYPE};
use crate::http::{Failure, LastFailure};

/// A signal that this crate exports.
#[derive(Clone, Copy, Debug)]
enum Signal {
    Spans,
    Metrics,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spans => "spans",
            Self::Metrics => "metrics",
        })
    }
}

/// Counts the exported and the failed items of one exporter. Logs the outages of the exporter's backend.
#[derive(Debug)]
pub(crate) struct ExportMonitor {
    signal: Signal,
    /// The attribute `otel.component.type` of the exporter.
    component_type: &'static str,
    /// The counter is created at its first use, because the metric exporter is created before the meter
    /// provider.
    export_counter: OnceLock<Counter<u64>>,
    outage: LoggedCondition,
    /// The condition is active while the backend rejects a part of the exported items.
    rejection: LoggedCondition,
}

impl ExportMonitor {
    /// Creates the monitor of a span exporter whose attribute `otel.component.type` is `component_type`.
    pub fn for_spans(component_type: &'static str) -> Self {
        Self::new(Signal::Spans, component_type)
    }

    /// Creates the monitor of a metric exporter whose attribute `otel.component.type` is `component_type`.
    pub fn for_metrics(component_type: &'static str) -> Self {
        Self::new(Signal::Metrics, component_type)
    }

    fn new(signal: Signal, component_type: &'static str) -> Self {
        Self {
            signal,
            component_type,
            export_counter: OnceLock::new(),
            outage: LoggedCondition::default(),
            rejection: LoggedCondition::default(),
        }
    }

    /// Counts spans or data points that the backend accepted.
    pub fn count_exported(&self, items: u64) {
        self.add_to_counter(items, None);
    }

    /// Counts spans or data points that were not exported, with the attribute `error.type`.
    pub fn count_failed(&self, items: u64, error_type: &str) {
        self.add_to_counter(items, Some(error_type));
    }

    fn add_to_counter(&self, items: u64, error_type: Option<&str>) {
        if items == 0 {
            return;
        }
        let mut attributes = component_attributes(self.component_type).to_vec();
        attributes.extend(error_type.map(|value| KeyValue::new("error.type", value.to_owned())));
        self.export_counter
            .get_or_init(|| create_export_counter(self.signal))
            .add(items, &attributes);
    }

    /// Records a failed export. Logs `cause` unless the previous export also failed.
    pub fn record_failure(&self, cause: &dyn fmt::Display) {
        if self.outage.mark_active() {
            tracing::warn!(
                %cause,
                "{} cannot be exported; further failures are counted and not logged until an \
                 export succeeds",
                self.signal
            );
        }
    }

    /// Records a successful export. Logs the recovery if the previous export failed.
    pub fn record_success(&self) {
        if self.outage.mark_inactive() {
            tracing::info!("{} are exported again", self.signal);
        }
    }

    /// Records whether the backend rejected a part of an export. `message` is the reason in the backend's
    /// response.
    fn record_rejection(&self, message: Option<&str>) {
        match message {
            Some(cause) if self.rejection.mark_active() => {
                tracing::warn!(cause, "the backend rejected some of the {}", self.signal);
            }
            None if self.rejection.mark_inactive() => {
                tracing::info!("the backend accepts all {} again", self.signal);
            }
            _ => {}
        }
    }
}

/// Returns the metric attributes that identify a component of the SDK. The component name ends with the
/// index 0, because the process has one component of each type.
pub(crate) fn component_attributes(component_type: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("otel.component.type", component_type),
        KeyValue::new("otel.component.name", format!("{component_type}/0")),
    ]
}

fn create_export_counter(signal: Signal) -> Counter<u64> {
    let (name, unit) = match signal {
        Signal::Spans => ("otel.sdk.exporter.span.exported", "{span}"),
        Signal::Metrics => (
            "otel.sdk.exporter.metric_data_point.exported",
            "{data_point}",
        ),
    };
    global::meter(INSTRUMENTATION_SCOPE)
        .u64_counter(name)
        .with_unit(unit)
        .with_description(format!(
            "The number of {signal} whose export has finished; error.type is set if it failed"
        ))
        .build()
}

/// An exporter with an [`ExportMonitor`] that records the result of each export.
#[derive(Debug)]
pub(crate) struct MonitoredExporter<E> {
    exporter: E,
    monitor: ExportMonitor,
    /// The failure of the exporter's last HTTP request. The field is `None` for exporters that do not use a
    /// [`BlockingClient`](crate::http::BlockingClient).
    last_failure: LastFailure,
}

impl<E> MonitoredExporter<E> {
    pub fn new(exporter: E, monitor: ExportMonitor, last_failure: LastFailure) -> Self {
        Self {
            exporter,
            monitor,
            last_failure,
        }
    }

    /// Records the `result` of an export of `item_count` items, and returns `result`.
    fn record_result(&self, item_count: u64, result: OTelSdkResult) -> OTelSdkResult {
        let failure = self.last_failure.take();
        if let Err(error) = &result {
            let failure = failure
                .unwrap_or_else(|| Failure::new(OTHER_ERROR_TYPE.to_owned(), error.to_string()));
            self.monitor.count_failed(item_count, &failure.error_type);
            self.monitor.record_failure(&failure.cause);
        } else {
            let rejected_items = failure
                .as_ref()
                .map_or(0, |failure| failure.rejected_items.min(item_count));
            self.monitor.count_exported(item_count - rejected_items);
            self.monitor.record_success();
            self.monitor
                .count_failed(rejected_items, REJECTED_ERROR_TYPE);
            let message = failure.as_ref().map(|failure| &*failure.cause);
            self.monitor.record_rejection(message);
        }
        result
    }
}

impl<E: SpanExporter> SpanExporter for MonitoredExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let span_count = batch.len() as u64;
        self.record_result(span_count, self.exporter.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for MonitoredExporter<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.exporter.export(metrics).await;
        self.record_result(count_data_points(metrics), result)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

fn count_data_points(metrics: &ResourceMetrics) -> u64 {
    fn count_points_in_metric<T>(data: &MetricData<T>) -> usize {
        match data {
            MetricData::Gauge(gauge) => gauge.data_points().count(),
            MetricData::Sum(sum) => sum.data_points().count(),
            MetricData::Histogram(histogram) => histogram.data_points().count(),
            MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
        }
    }
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let counts = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(data) => count_points_in_metric(data),
        AggregatedMetrics::U64(data) => count_points_in_metric(data),
        AggregatedMetrics::I64(data) => count_points_in_metric(data),
    });
    counts.sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

    use super::*;
    use crate::captured_log::CapturedLog;

    /// Records an export, and returns the log lines about it.
    fn log_of(log: &CapturedLog, record: impl FnOnce()) -> String {
        record();
        log.take()
    }

    #[test]
    fn an_outage_is_logged_at_its_first_failure_and_at_its_end() {
        let (log, _guard) = CapturedLog::start();
        let monitor = ExportMonitor::for_spans("test");
        assert_eq!(log_of(&log, || monitor.record_success()), "");
        for _ in 0..2 {
            let line = log_of(&log, || monitor.record_failure(&"refused"));
            assert!(line.contains("spans cannot be exported") && line.contains("refused"));
            assert_eq!(log_of(&log, || monitor.record_failure(&"refused")), "");
            let line = log_of(&log, || monitor.record_success());
            assert!(line.contains("spans are exported again"), "{line}");
        }
    }

    #[test]
    fn rejections_are_logged_at_the_first_rejection_and_at_their_end() {
        let (log, _guard) = CapturedLog::start();
        let monitor = ExportMonitor::for_metrics("test");
        assert_eq!(log_of(&log, || monitor.record_rejection(None)), "");
        for _ in 0..2 {
            let line = log_of(&log, || monitor.record_rejection(Some("too old")));
            assert!(line.contains("rejected some of the metrics") && line.contains("too old"));
            assert_eq!(
                log_of(&log, || monitor.record_rejection(Some("too old"))),
                ""
            );
            let line = log_of(&log, || monitor.record_rejection(None));
            assert!(line.contains("accepts all metrics again"), "{line}");
        }
    }

    #[test]
    fn the_data_points_of_all_metrics_and_number_types_are_counted() {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter("test");
        let label = |value: i64| [KeyValue::new("label", value)];
        let histogram = meter.f64_histogram("histogram").build();
        let sum = meter.u64_counter("sum").build();
        let gauge = meter.i64_gauge("gauge").build();
        for value in 0..3 {
            sum.add(1, &label(value));
        }
        for value in 0..2 {
            histogram.record(1.0, &label(value));
        }
        gauge.record(1, &label(0));
        provider.force_flush().unwrap();
        let exports = exporter.get_finished_metrics().unwrap();
        assert_eq!(count_data_points(&exports[0]), 6);
    }
}
