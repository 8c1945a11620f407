//! The HTTP client of exporters and samplers. It blocks, since they have threads of their own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

/// Most bytes of an answer that are read.
const MAX_ANSWER: u64 = 64 * 1024;

/// A client for OpenTelemetry's own crates. These keep to themselves why a request failed, so it is
/// said here, once.
#[derive(Debug)]
pub(crate) struct Blocking {
    http: Agent,
    said: AtomicBool,
}

impl Blocking {
    /// A client whose requests end within `timeout`.
    pub fn within(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Self {
            http: config.into(),
            said: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, &body[..]);
        let (head, body) = self.http.run(request)?.into_parts();
        let body = body.into_with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

#[async_trait]
impl HttpClient for Blocking {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // Without path and query: who runs a collector knows them, and they may hold a key.
        let host = request.uri().authority().map(ToString::to_string);
        self.send(request).map_err(|error| {
            if !self.said.swap(true, Ordering::Relaxed) {
                let host = host.unwrap_or_default();
                tracing::warn!(cause = %error, "no answer from the collector at {host}");
            }
            error.into()
        })
    }
}
