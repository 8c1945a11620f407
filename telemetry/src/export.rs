//! What became of the spans and metrics that were exported: counters, and one log line per outage.
//!
//! The counters are those of OpenTelemetry's semantic conventions for SDK metrics.

use std::fmt;
use std::io;
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

use crate::SCOPE;
use crate::episode::Episode;
use crate::http::{Failure, LastFailure};

/// `error.type` of a failure that has no better name.
pub(crate) const OTHER: &str = "_OTHER";

/// `error.type` of an item that the backend refused while it took others.
pub(crate) const REJECTED: &str = "rejected";

/// `error.type` of a failed call of the system: the name of its kind, if the standard library has one.
pub(crate) fn error_type(error: &io::Error) -> String {
    let kind = format!("{:?}", error.kind());
    if ["Other", "Uncategorized"].contains(&&*kind) {
        OTHER.to_owned()
    } else {
        kind
    }
}

/// What is exported.
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

/// Counts what an exporter sent and what it lost, and logs the outages of its backend.
#[derive(Debug)]
pub(crate) struct Outcomes {
    signal: Signal,
    component: &'static str,
    /// Made at the first use: the exporter of metrics exists before the provider of meters.
    exported: OnceLock<Counter<u64>>,
    outage: Episode,
    rejection: Episode,
}

impl Outcomes {
    /// For the exporter of spans that has this `otel.component.type`.
    pub fn of_spans(component: &'static str) -> Self {
        Self::new(Signal::Spans, component)
    }

    /// For the exporter of metrics that has this `otel.component.type`.
    pub fn of_metrics(component: &'static str) -> Self {
        Self::new(Signal::Metrics, component)
    }

    fn new(signal: Signal, component: &'static str) -> Self {
        Self {
            signal,
            component,
            exported: OnceLock::new(),
            outage: Episode::default(),
            rejection: Episode::default(),
        }
    }

    /// Counts spans or data points that the backend took.
    pub fn sent(&self, items: u64) {
        self.count(items, None);
    }

    /// Counts spans or data points that did not reach the backend.
    pub fn lost(&self, items: u64, error_type: &str) {
        self.count(items, Some(error_type));
    }

    fn count(&self, items: u64, error_type: Option<&str>) {
        if items == 0 {
            return;
        }
        let mut attributes = component(self.component).to_vec();
        attributes.extend(error_type.map(|kind| KeyValue::new("error.type", kind.to_owned())));
        self.exported
            .get_or_init(|| counter(self.signal))
            .add(items, &attributes);
    }

    /// Records that the backend does not take what it is sent.
    pub fn failing(&self, cause: &dyn fmt::Display) {
        if self.outage.begins() {
            tracing::warn!(
                %cause,
                "{} cannot be exported; until this works again, further failures are counted and not logged",
                self.signal
            );
        }
    }

    /// Records that the backend takes what it is sent.
    pub fn working(&self) {
        if self.outage.ends() {
            tracing::info!("{} are exported again", self.signal);
        }
    }

    /// Records what the backend said of the items that it refused, if it refused any.
    fn rejected(&self, cause: Option<&str>) {
        match cause {
            Some(cause) if self.rejection.begins() => {
                tracing::warn!(cause, "the backend rejected some of the {}", self.signal);
            }
            None if self.rejection.ends() => {
                tracing::info!("the backend takes all {} again", self.signal);
            }
            _ => {}
        }
    }
}

/// The attributes that name a component. There is one of each type, hence the number.
pub(crate) fn component(kind: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("otel.component.type", kind),
        KeyValue::new("otel.component.name", format!("{kind}/0")),
    ]
}

fn counter(signal: Signal) -> Counter<u64> {
    let (name, unit) = match signal {
        Signal::Spans => ("otel.sdk.exporter.span.exported", "{span}"),
        Signal::Metrics => (
            "otel.sdk.exporter.metric_data_point.exported",
            "{data_point}",
        ),
    };
    global::meter(SCOPE)
        .u64_counter(name)
        .with_unit(unit)
        .with_description(format!(
            "The number of {signal} whose export has finished, with error.type where it failed"
        ))
        .build()
}

/// Wraps an exporter whose exports succeed or fail as a whole.
#[derive(Debug)]
pub(crate) struct Watched<E> {
    exporter: E,
    outcomes: Outcomes,
    /// Why the exporter failed, where it does not tell by itself.
    failure: LastFailure,
}

impl<E> Watched<E> {
    pub fn new(exporter: E, outcomes: Outcomes, failure: LastFailure) -> Self {
        Self {
            exporter,
            outcomes,
            failure,
        }
    }

    /// Records the `result` of an export of so many `items`.
    fn noted(&self, items: u64, result: OTelSdkResult) -> OTelSdkResult {
        match (&result, self.failure.take()) {
            (Ok(()), partial) => {
                let rejected = partial.as_ref().map_or(0, |it| it.rejected.min(items));
                self.outcomes.sent(items - rejected);
                self.outcomes.working();
                self.outcomes.lost(rejected, REJECTED);
                self.outcomes
                    .rejected(partial.as_ref().map(|it| &*it.cause));
            }
            (Err(error), failure) => {
                let failure =
                    failure.unwrap_or_else(|| Failure::new(OTHER.to_owned(), error.to_string()));
                self.outcomes.lost(items, &failure.error_type);
                self.outcomes.failing(&failure.cause);
            }
        }
        result
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        self.noted(spans, self.exporter.export(batch).await)
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

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.noted(data_points(metrics), self.exporter.export(metrics).await)
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

fn data_points(metrics: &ResourceMetrics) -> u64 {
    fn points<T>(data: &MetricData<T>) -> usize {
        match data {
            MetricData::Gauge(gauge) => gauge.data_points().count(),
            MetricData::Sum(sum) => sum.data_points().count(),
            MetricData::Histogram(histogram) => histogram.data_points().count(),
            MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
        }
    }
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let points = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(data) => points(data),
        AggregatedMetrics::U64(data) => points(data),
        AggregatedMetrics::I64(data) => points(data),
    });
    points.sum::<usize>() as u64
}
