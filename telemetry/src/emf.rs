//! Writes metrics as JSON lines in CloudWatch's embedded metric format (EMF).
//!
//! CloudWatch Logs extracts the metrics from EMF lines. A service on ECS therefore needs no metrics agent and
//! no permissions other than the permissions for its logs. The CloudWatch user guide defines EMF in the
//! chapter "Specification: Embedded metric format".
//!
//! The EMF exporter writes each collection of metrics immediately, without a buffer. The EMF exporter
//! requests delta temporality, because CloudWatch adds up the received values. The SDK keeps up-down counters
//! cumulative even if delta temporality is requested, so the EMF exporter writes the current values of
//! up-down counters.

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
mod number;
#[cfg(test)]
mod tests;
mod unit;

use collection::Collection;

/// Writes each collection of metrics to `W` as JSON lines. The metrics of a line have the same dimensions.
///
/// The exporter writes each line, including its newline, with one call of `write_all`. If `W` is standard
/// output, log lines of other threads therefore never interrupt a line of metrics. `W` is flushed after each
/// collection.
pub struct EmfExporter<W> {
    writer: Mutex<W>,
    namespace: &'static str,
    is_shut_down: AtomicBool,
}

impl<W: Write + Send> EmfExporter<W> {
    /// Creates an exporter that writes metrics to `writer`. `namespace` is the CloudWatch namespace of the
    /// metrics.
    pub fn new(writer: W, namespace: &'static str) -> Self {
        Self {
            writer: Mutex::new(writer),
            namespace,
            is_shut_down: AtomicBool::new(false),
        }
    }

    fn write_metrics(&self, metrics: &ResourceMetrics) -> io::Result<()> {
        let lines = Collection::from_metrics(metrics).into_json_lines(self.namespace)?;
        let mut writer = self.lock_writer();
        for line in lines {
            writer.write_all(&line)?;
        }
        writer.flush()
    }

    fn lock_writer(&self) -> MutexGuard<'_, W> {
        // If the writer panicked while it wrote a line, only that line is lost.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send + 'static> PushMetricExporter for EmfExporter<W> {
    /// Writes `metrics`. After the first error of the writer, the remaining lines are lost, because the SDK
    /// does not export the same measurements again.
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        if self.is_shut_down.load(Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.write_metrics(metrics).map_err(create_write_error)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.lock_writer().flush().map_err(create_write_error)
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.force_flush()
    }

    fn temporality(&self) -> Temporality {
        Temporality::Delta
    }
}

fn create_write_error(error: io::Error) -> OTelSdkError {
    OTelSdkError::InternalFailure(format!("metrics cannot be written: {error}"))
}
