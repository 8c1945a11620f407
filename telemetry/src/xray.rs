//! Spans as X-Ray documents, sent to the daemon.

use std::sync::Mutex;
use std::sync::PoisonError;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

mod address;
mod daemon;
mod document;

pub use address::DaemonAddress;
use daemon::Daemon;
use document::Documents;

/// Sends each span as a document of its own in a datagram.
#[derive(Debug)]
pub(crate) struct XrayExporter {
    documents: Documents,
    daemon: Mutex<Daemon>,
}

impl XrayExporter {
    /// An exporter for the daemon at `udp`; nothing is looked up or sent yet.
    pub fn new(udp: String) -> Self {
        Self {
            documents: Documents::default(),
            daemon: Mutex::new(Daemon::new(udp)),
        }
    }
}

impl SpanExporter for XrayExporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        // One thread exports; the lock is for the compiler.
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failure = None;
        for span in &mut batch {
            let sent = if self.documents.write(span, daemon.datagram()) {
                daemon.send().map_err(|error| error.to_string())
            } else {
                Err(format!("the span '{}' makes no document", span.name))
            };
            if let Err(error) = sent {
                failure = Some(error);
            }
        }
        failure.map_or(Ok(()), |error| Err(OTelSdkError::InternalFailure(error)))
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.documents.set_resource(resource);
    }
}
