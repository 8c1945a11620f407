//! Metrics and log lines about the success of exports.
//!
//! The counters are those of OpenTelemetry's semantic conventions for SDK metrics. An outage of a
//! backend is logged once when it starts and once when it ends.

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

/// The signal that an exporter exports.
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

/// Counts the exported and the failed items of one exporter, and logs the outages of its backend.
#[derive(Debug)]
pub(crate) struct ExportMonitor {
    signal: Signal,
    component_type: &'static str,
    /// Created at its first use, because the exporter of metrics exists before the meter provider.
    export_counter: OnceLock<Counter<u64>>,
    outage: LoggedCondition,
    rejection: LoggedCondition,
}

impl ExportMonitor {
    /// A monitor for a span exporter. `component_type` is its `otel.component.type`.
    pub fn for_spans(component_type: &'static str) -> Self {
        Self::new(Signal::Spans, component_type)
    }

    /// A monitor for a metric exporter. `component_type` is its `otel.component.type`.
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

    /// Counts spans or data points that were lost, with the reason as `error.type`.
    pub fn count_failed(&self, items: u64, error_type: &str) {
        self.add_to_counter(items, Some(error_type));
    }

    fn add_to_counter(&self, items: u64, error_type: Option<&str>) {
        if items == 0 {
            return;
        }
        let mut attributes = component_attributes(self.component_type).to_vec();
        attributes.extend(error_type.map(|kind| KeyValue::new("error.type", kind.to_owned())));
        self.export_counter
            .get_or_init(|| create_export_counter(self.signal))
            .add(items, &attributes);
    }

    /// Records that an export failed. Logs `cause` if the previous export succeeded.
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

    /// Records that an export succeeded. Logs the recovery if the previous export failed.
    pub fn record_success(&self) {
        if self.outage.mark_inactive() {
            tracing::info!("{} are exported again", self.signal);
        }
    }

    /// Records whether the backend rejected items of an export, with the message of the backend.
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

/// The attributes that identify a component of the SDK. The process has one component of each type,
/// so every name ends with the index 0.
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

/// An exporter together with its [`ExportMonitor`].
#[derive(Debug)]
pub(crate) struct MonitoredExporter<E> {
    exporter: E,
    monitor: ExportMonitor,
    /// Why the last request failed. Stays empty if the exporter does not use our HTTP client.
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

    /// Records the `result` of exporting this number of `items`, and returns it unchanged.
    fn record_result(&self, items: u64, result: OTelSdkResult) -> OTelSdkResult {
        let failure = self.last_failure.take();
        if let Err(error) = &result {
            let failure = failure
                .unwrap_or_else(|| Failure::new(OTHER_ERROR_TYPE.to_owned(), error.to_string()));
            self.monitor.count_failed(items, &failure.error_type);
            self.monitor.record_failure(&failure.cause);
        } else {
            let rejected = failure
                .as_ref()
                .map_or(0, |failure| failure.rejected.min(items));
            self.monitor.count_exported(items - rejected);
            self.monitor.record_success();
            self.monitor.count_failed(rejected, REJECTED_ERROR_TYPE);
            let message = failure.as_ref().map(|failure| &*failure.cause);
            self.monitor.record_rejection(message);
        }
        result
    }
}

impl<E: SpanExporter> SpanExporter for MonitoredExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        self.record_result(spans, self.exporter.export(batch).await)
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
    fn count_in_metric<T>(data: &MetricData<T>) -> usize {
        match data {
            MetricData::Gauge(gauge) => gauge.data_points().count(),
            MetricData::Sum(sum) => sum.data_points().count(),
            MetricData::Histogram(histogram) => histogram.data_points().count(),
            MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
        }
    }
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let counts = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(data) => count_in_metric(data),
        AggregatedMetrics::U64(data) => count_in_metric(data),
        AggregatedMetrics::I64(data) => count_in_metric(data),
    });
    counts.sum::<usize>() as u64
}
