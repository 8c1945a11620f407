//! An exporter that says once when it cannot reach its backend, and not each time.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Exports that must succeed before a failure is news again: a UDP exporter hears of its failures
/// only now and then.
const RECOVERED: u8 = 20;

/// Wraps an exporter of `what`.
#[derive(Debug)]
pub(crate) struct SayOnce<E> {
    exporter: E,
    what: &'static str,
    /// Counts down to 0 since the last failure.
    unwell: AtomicU8,
}

impl<E> SayOnce<E> {
    pub fn new(what: &'static str, exporter: E) -> Self {
        Self {
            exporter,
            what,
            unwell: AtomicU8::new(0),
        }
    }

    fn noted(&self, result: OTelSdkResult) -> OTelSdkResult {
        let unwell = self.unwell.load(Ordering::Relaxed);
        match &result {
            Ok(()) => self
                .unwell
                .store(unwell.saturating_sub(1), Ordering::Relaxed),
            Err(error) => {
                self.unwell.store(RECOVERED, Ordering::Relaxed);
                if unwell == 0 {
                    say(self.what, error);
                }
            }
        }
        result
    }
}

fn say(what: &str, cause: &dyn fmt::Display) {
    tracing::warn!(%cause, "{what} cannot be exported; this is said once, and requests go on");
}

impl<E: SpanExporter> SpanExporter for SayOnce<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.noted(self.exporter.export(batch).await)
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

impl<E: PushMetricExporter> PushMetricExporter for SayOnce<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.noted(self.exporter.export(metrics).await)
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
