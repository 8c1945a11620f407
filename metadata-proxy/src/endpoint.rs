//! The one client of the task metadata endpoint, version 4.
//!
//! It is hyper's own client, which follows no redirect and heeds no proxy, and it keeps no connection:
//! the endpoint is on the same machine and closes idle ones when it likes, so that a kept one would
//! save little and fail at times.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::Error;

pub mod part;
mod url;

pub use url::{Document, EndpointUrl};

/// Largest answer in bytes that is read: some hundred containers' worth of stats.
const MAX_ANSWER: usize = 1024 * 1024;

/// Most calls at once. The others wait their turn within their deadline: the sidecar has little
/// memory, and the endpoint is there for the task before it is there for us.
const MAX_CALLS: usize = 8;

/// A client of the endpoint. Clones share the bound on calls.
#[derive(Clone, Debug)]
pub struct Endpoint {
    http: Client<HttpConnector, Empty<Bytes>>,
    url: Arc<EndpointUrl>,
    deadline: Duration,
    calls: Arc<Semaphore>,
}

impl Endpoint {
    /// A client of the endpoint at `url`, whose calls take at most `deadline`.
    pub fn new(url: EndpointUrl, deadline: Duration) -> Self {
        Self {
            http: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(HttpConnector::new()),
            url: Arc::new(url),
            deadline,
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
        }
    }

    /// Asks for a document and returns it, byte for byte; it is JSON.
    ///
    /// # Errors
    ///
    /// When the endpoint has none, cannot be reached, or answers late or oddly.
    pub async fn fetch(&self, document: Document) -> Result<Bytes, Error> {
        let call = async {
            // Nobody closes the semaphore.
            let _turn = self.calls.acquire().await.ok();
            self.call(document).await
        };
        let answer = timeout(self.deadline, call).await;
        answer.unwrap_or(Err(Error::EndpointTimeout))
    }

    async fn call(&self, document: Document) -> Result<Bytes, Error> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.url.of(document).clone();
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::EndpointUnreachable(Box::new(error))
            } else {
                Error::EndpointAnswer(Box::new(error))
            }
        })?;
        match response.status() {
            status if status.is_success() => json(response.into_body()).await,
            StatusCode::NOT_FOUND => Err(Error::NoSuchDocument),
            StatusCode::TOO_MANY_REQUESTS => Err(Error::EndpointThrottled),
            status => Err(Error::EndpointAnswer(format!("status {status}").into())),
        }
    }
}

async fn json(body: Incoming) -> Result<Bytes, Error> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(Error::EndpointAnswer)?.to_bytes();
    serde_json::from_slice::<&RawValue>(&body)
        .map_err(|error| Error::EndpointAnswer(Box::new(error)))?;
    Ok(body)
}
