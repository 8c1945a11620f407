//! The client of the task metadata endpoint, version 4.
//!
//! The client is based on hyper's client, which follows no redirects and uses no HTTP proxies. Each call opens
//! a new connection. Connections are not reused for two reasons. The endpoint is on the same machine, so
//! opening a connection is fast. The endpoint may close an idle connection at any time, so a request on a
//! reused connection could fail.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Empty;
use http_shell::upstream;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::Error;

mod urls;

pub use urls::{Document, EndpointUrls};

/// Maximum size of a response body in bytes. A response with the stats of about a hundred containers has a
/// body of about 1 MiB.
const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// Maximum number of concurrent calls. When the maximum number of calls is in progress, a new call waits for
/// a permit until its deadline. The limit on concurrent calls bounds the memory of the sidecar, and prevents
/// the proxy from overloading the endpoint, which the task's other containers also use.
const MAX_CONCURRENT_CALLS: usize = 8;

/// A client of the endpoint. Clones share the limit on concurrent calls.
#[derive(Clone, Debug)]
pub struct Endpoint {
    http: Client<HttpConnector, Empty<Bytes>>,
    urls: Arc<EndpointUrls>,
    deadline: Duration,
    call_permits: Arc<Semaphore>,
}

impl Endpoint {
    /// Creates a client of the endpoint at `urls`. `deadline` is the maximum duration of a call.
    pub fn new(urls: EndpointUrls, deadline: Duration) -> Self {
        Self {
            http: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(0)
                .build(HttpConnector::new()),
            urls: Arc::new(urls),
            deadline,
            call_permits: Arc::new(Semaphore::new(MAX_CONCURRENT_CALLS)),
        }
    }

    /// Fetches a document, checks that the document is valid JSON, and returns the document byte for byte.
    ///
    /// # Errors
    ///
    /// When the endpoint cannot be reached, does not answer in time, does not have the document, or
    /// sends an invalid response.
    pub async fn fetch(&self, document: Document) -> Result<Bytes, Error> {
        let call = async {
            // `acquire` fails only for a closed semaphore, and the program never closes the semaphore.
            let _permit = self.call_permits.acquire().await.ok();
            self.send_request(document).await
        };
        let result = timeout(self.deadline, call).await;
        result.unwrap_or(Err(Error::EndpointTimeout))
    }

    async fn send_request(&self, document: Document) -> Result<Bytes, Error> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.urls.get(document).clone();
        let response = upstream::send(&self.http, request).await?;
        match response.status() {
            status if status.is_success() => {
                let body = upstream::read_body(response.into_body(), MAX_RESPONSE_BYTES).await?;
                upstream::parse_json::<&RawValue>(&body)?;
                Ok(body)
            }
            StatusCode::NOT_FOUND => Err(Error::NoSuchDocument),
            StatusCode::TOO_MANY_REQUESTS => Err(Error::EndpointThrottled),
            status => Err(Error::InvalidEndpointResponse(
                format!("status {status}").into(),
            )),
        }
    }
}
