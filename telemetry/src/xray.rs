//! Spans as X-Ray documents, sent to the daemon.

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
use daemon::Daemon;
use document::Documents;
use lookup::system_resolver;

/// Sends each span as a document of its own in a datagram.
#[derive(Debug)]
pub(crate) struct XrayExporter {
    documents: Documents,
    daemon: Mutex<Daemon>,
    monitor: ExportMonitor,
    /// Spans that make no document.
    undocumented: LoggedCondition,
}

impl XrayExporter {
    /// An exporter for the daemon at `udp`; nothing is looked up or sent yet.
    pub fn new(udp: String) -> Self {
        let daemon = Daemon::new(udp, Arc::new(system_resolver), Instant::now());
        Self {
            documents: Documents::default(),
            daemon: Mutex::new(daemon),
            monitor: ExportMonitor::for_spans("telemetry::xray::XrayExporter"),
            undocumented: LoggedCondition::default(),
        }
    }

    fn send(&self, batch: &mut [SpanData]) -> io::Result<()> {
        // One thread exports; the lock is for the compiler.
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut sent, mut failure, mut undocumented) = (0, None, None);
        for span in batch {
            if let Err(cause) = self.documents.write(span, daemon.datagram()) {
                self.monitor.count_failed(1, cause.error_type());
                undocumented = Some(cause);
                continue;
            }
            match daemon.send(Instant::now()) {
                Ok(()) => sent += 1,
                Err(error) => {
                    self.monitor.count_failed(1, &io_error_type(&error));
                    failure = Some(error);
                }
            }
        }
        self.monitor.count_exported(sent);
        match undocumented {
            Some(cause) if self.undocumented.mark_active() => {
                tracing::warn!(%cause, "spans are dropped, because they make no X-Ray document");
            }
            None if self.undocumented.mark_inactive() => {
                tracing::info!("all spans make X-Ray documents again");
            }
            _ => {}
        }
        match failure {
            Some(cause) => {
                self.monitor.record_failure(&cause);
                Err(cause)
            }
            None => {
                if sent > 0 && daemon.is_working(Instant::now()) {
                    self.monitor.record_success();
                }
                Ok(())
            }
        }
    }
}

impl SpanExporter for XrayExporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        self.send(&mut batch)
            .map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.documents.set_resource(resource);
    }
}

#[cfg(test)]
mod tests;
