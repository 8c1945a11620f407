//! Sends one request.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{HeaderValue, USER_AGENT};
use axum::http::{Method, Request, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use super::failure::{Failure, TIMEOUT};
use super::tally::Ending;

/// Idle connections are closed after this time. Load balancers close them after 60 s, and a request can meet that close.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Maximum size of a body that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// A request without a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub method: Method,
    pub url: Uri,
}

/// Sends requests. Clones share their connections. Follows no redirects, and uses no proxy.
#[derive(Clone, Debug)]
pub struct Sender(Client<HttpConnector, Body>);

impl Sender {
    /// A sender that keeps at most this number of connections that are idle.
    pub fn new(max_idle_connections: usize) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_max_idle_per_host(max_idle_connections)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE);
        Self(client.build(connector))
    }

    /// Sends a request, and reads the response to its end.
    pub async fn send(&self, target: &Target) -> Ending {
        let sent = timeout(TIMEOUT, self.exchange(target)).await;
        sent.unwrap_or(Err(Failure::Timeout))
    }

    async fn exchange(&self, target: &Target) -> Ending {
        let response = self.0.request(request(target)).await;
        let response = response.map_err(|error| Failure::of_error(&error))?;
        let status = response.status().as_u16();
        let mut body = response.into_body();
        // Each part of the body is dropped when it has arrived.
        while let Some(frame) = body.frame().await {
            frame.map_err(|_| Failure::ResponseIncomplete)?;
        }
        Ok(status)
    }

    /// Sends a request, and returns the body of the response.
    ///
    /// # Errors
    ///
    /// Fails with the reason if the response is not a success, too large, or not complete in time.
    pub async fn fetch(&self, target: &Target) -> Result<Bytes, Failure> {
        let fetched = timeout(TIMEOUT, async {
            let response = self.0.request(request(target)).await;
            let response = response.map_err(|error| Failure::of_error(&error))?;
            if !response.status().is_success() {
                return Err(Failure::Status(response.status().as_u16()));
            }
            let body = to_bytes(Body::new(response.into_body()), MAX_KEPT_BYTES).await;
            body.map_err(|_| Failure::ResponseIncomplete)
        });
        fetched.await.unwrap_or(Err(Failure::Timeout))
    }
}

fn request(target: &Target) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = target.method.clone();
    *request.uri_mut() = target.url.clone();
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("lab-load"));
    request
}
