//! The one client of the monolith: the hook that fulfils a like, and the health check.
//!
//! It is hyper's own client and none of the larger ones, each of which would rewrite paths, follow
//! redirects or heed proxies; here the target is sent as it is built, once.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use http_shell::tracer;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry::global::BoxedTracer;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::error::Error;

mod id;
mod span;
mod url;

pub use id::MysfitId;
pub use url::MonolithUrl;

use span::CallSpan;

/// How long an idle connection is kept: shorter than the 60 s of a load balancer and the 75 s of the
/// monolith, so that it is always this side that closes.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Largest answer in bytes that is read.
const MAX_ANSWER: usize = 64 * 1024;

/// Longest wait for the monolith's health check, whatever the deadline of likes.
const HEALTH_DEADLINE: Duration = Duration::from_secs(1);

/// The route of the hook, as spans name it.
const HOOK: &str = "/mysfits/{id}/fulfill-like";

/// A pooled client. Clones share the pool.
#[derive(Clone, Debug)]
pub struct MonolithClient {
    tracer: Arc<BoxedTracer>,
    http: Client<HttpConnector, Empty<Bytes>>,
    url: MonolithUrl,
    deadline: Duration,
}

impl MonolithClient {
    /// A client of the monolith at `url`, whose calls take at most `deadline`.
    pub fn new(url: MonolithUrl, deadline: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self {
            tracer: Arc::new(tracer()),
            http,
            url,
            deadline,
        }
    }

    /// Fulfils one like and returns the monolith's JSON object, byte for byte.
    ///
    /// It is sent once. Only where a pooled connection turns out closed before anything was written
    /// does the client take another.
    ///
    /// # Errors
    ///
    /// When the monolith refuses, cannot be reached, or answers late or oddly. Of an answer that is
    /// none of success, the body is not even read.
    pub async fn fulfill_like(&self, id: &MysfitId) -> Result<Bytes, Error> {
        let request = request(Method::POST, self.url.fulfill_like(id));
        let span = CallSpan::start(&self.tracer, HOOK, &request);
        let call = async {
            let (status, body) = self.send(request, &span).await?;
            match status {
                status if status.is_success() => json_object(body).await,
                StatusCode::NOT_FOUND => Err(Error::NoSuchMysfit),
                StatusCode::SERVICE_UNAVAILABLE => Err(Error::MonolithUnavailable),
                StatusCode::GATEWAY_TIMEOUT => Err(Error::MonolithTimeout),
                status => Err(Error::MonolithAnswer(format!("status {status}").into())),
            }
        };
        let answer = timeout(self.deadline, call).await;
        let answer = answer.unwrap_or(Err(Error::MonolithTimeout));
        span.end(&answer);
        answer
    }

    /// Whether the monolith's own health check answers 2xx.
    ///
    /// # Errors
    ///
    /// When it answers something else, or nothing in time.
    pub async fn health(&self) -> Result<(), Error> {
        let request = request(Method::GET, self.url.root());
        let span = CallSpan::start(&self.tracer, "/", &request);
        let deadline = self.deadline.min(HEALTH_DEADLINE);
        let health = match timeout(deadline, self.send(request, &span)).await {
            Ok(Ok((status, _))) if status.is_success() => Ok(()),
            Ok(Ok((status, _))) => Err(Error::MonolithUnhealthy(status)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::MonolithUnavailable),
        };
        span.end(&health);
        health
    }

    async fn send(
        &self,
        mut request: Request<Empty<Bytes>>,
        span: &CallSpan,
    ) -> Result<(StatusCode, Incoming), Error> {
        span.write_into(request.headers_mut());
        let response = self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::MonolithUnreachable(Box::new(error))
            } else {
                Error::MonolithAnswer(Box::new(error))
            }
        })?;
        let status = StatusCode::from_u16(response.status().as_u16())
            .map_err(|error| Error::MonolithAnswer(Box::new(error)))?;
        span.answered(status);
        Ok((status, response.into_body()))
    }
}

fn request(method: Method, target: Uri) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    if method == Method::POST {
        // hyper says nothing about a body that is empty, and some servers then ask for it (411).
        let nothing = HeaderValue::from_static("0");
        request.headers_mut().insert(CONTENT_LENGTH, nothing);
    }
    *request.method_mut() = method;
    *request.uri_mut() = target;
    request
}

async fn json_object(body: Incoming) -> Result<Bytes, Error> {
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(Error::MonolithAnswer)?.to_bytes();
    serde_json::from_slice::<Map<String, Value>>(&body)
        .map_err(|error| Error::MonolithAnswer(Box::new(error)))?;
    Ok(body)
}
