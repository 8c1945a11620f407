//! Exports spans to the X-Ray daemon.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::condition::LoggedCondition;
use crate::error_type::io_error_type;
use crate::export::ExportMonitor;

mod address;
mod daemon;
mod document;
mod lookup;

pub(crate) use address::DaemonAddress;
use daemon::DaemonSender;
use document::DocumentTranslator;
use lookup::system_resolver;

/// Sends each span to the X-Ray daemon as one document in one datagram.
#[derive(Debug)]
pub(crate) struct XrayExporter {
    translator: DocumentTranslator,
    daemon: Mutex<DaemonSender>,
    monitor: ExportMonitor,
    /// The condition is active while batches contain spans that cannot be sent as documents.
    document_errors: LoggedCondition,
}

impl XrayExporter {
    /// Creates an exporter for the daemon at `udp_address` (`host:port`).
    pub fn new(udp_address: String) -> Self {
        let daemon = DaemonSender::new(udp_address, Arc::new(system_resolver), Instant::now());
        Self {
            translator: DocumentTranslator::default(),
            daemon: Mutex::new(daemon),
            monitor: ExportMonitor::for_spans("telemetry::xray::XrayExporter"),
            document_errors: LoggedCondition::default(),
        }
    }

    fn send_spans(&self, batch: &mut [SpanData]) -> io::Result<()> {
        // The SDK exports on one thread, so no other thread waits for this lock.
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut sent_count, mut send_error, mut document_error) = (0, None, None);
        for span in batch {
            let document = match self.translator.translate(span) {
                Ok(document) => document,
                Err(error) => {
                    self.monitor.count_failed(1, error.error_type());
                    document_error = Some(error);
                    continue;
                }
            };
            match daemon.send(&document, Instant::now()) {
                Ok(()) => sent_count += 1,
                Err(error) => {
                    self.monitor.count_failed(1, &io_error_type(&error));
                    send_error = Some(error);
                }
            }
        }
        self.monitor.count_exported(sent_count);
        match document_error {
            Some(cause) if self.document_errors.mark_active() => {
                tracing::warn!(%cause, "spans are dropped because they cannot be sent as X-Ray documents");
            }
            None if self.document_errors.mark_inactive() => {
                tracing::info!("all spans can be sent as X-Ray documents again");
            }
            _ => {}
        }
        if let Some(cause) = send_error {
            self.monitor.record_failure(&cause);
            return Err(cause);
        }
        if sent_count > 0 && daemon.is_working(Instant::now()) {
            self.monitor.record_success();
        }
        Ok(())
    }
}

impl SpanExporter for XrayExporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        self.send_spans(&mut batch)
            .map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.translator.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
