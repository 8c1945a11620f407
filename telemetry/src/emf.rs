//! Metrics as lines of CloudWatch's embedded metric format.
//!
//! CloudWatch Logs turns such a line into metrics by itself, so a service on ECS needs no agent and
//! no permission beyond its log stream. The rules are those of the user guide's "Specification:
//! Embedded metric format"; each module says which of them it keeps.
//!
//! The exporter neither samples nor buffers: what one collection of the SDK brings is written at
//! once. It asks for delta temporality, because CloudWatch adds up what it receives. Up-down
//! counters stay cumulative under that preference, and their value is what a graph should show.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

mod collection;
mod dimensions;
mod histogram;
#[cfg(test)]
mod tests;
mod unit;

use collection::Collection;

/// Writes each collection of metrics to `W`, one JSON line for each set of dimensions.
///
/// A line reaches the writer whole, its newline included, in one `write_all`: where `W` is standard
/// output, log lines of other threads do not get into it. After each collection `W` is flushed.
pub struct EmfExporter<W> {
    writer: Mutex<W>,
    namespace: &'static str,
    ended: AtomicBool,
}

impl<W: Write + Send> EmfExporter<W> {
    /// An exporter of metrics into the CloudWatch namespace `namespace`.
    pub fn new(writer: W, namespace: &'static str) -> Self {
        Self {
            writer: Mutex::new(writer),
            namespace,
            ended: AtomicBool::new(false),
        }
    }

    fn write(&self, metrics: &ResourceMetrics) -> io::Result<()> {
        let lines = Collection::of(metrics).lines(self.namespace)?;
        let mut writer = self.writer();
        for line in lines {
            writer.write_all(&line)?;
        }
        writer.flush()
    }

    fn writer(&self) -> MutexGuard<'_, W> {
        // A writer that panicked may have left half a line: one line lost, not all that follow.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send + 'static> PushMetricExporter for EmfExporter<W> {
    /// Writes `metrics`, and gives up at the writer's first error: what is left is lost, as the SDK
    /// has begun the next delta already.
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        if self.ended.load(Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.write(metrics).map_err(failure)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.writer().flush().map_err(failure)
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        if self.ended.swap(true, Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.force_flush()
    }

    fn temporality(&self) -> Temporality {
        Temporality::Delta
    }
}

fn failure(error: io::Error) -> OTelSdkError {
    OTelSdkError::InternalFailure(format!("writing metrics: {error}"))
}
