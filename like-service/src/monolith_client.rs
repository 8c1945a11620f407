//! The client of the monolith fulfils likes and checks the monolith's health.
//!
//! The client uses hyper directly, because higher-level clients rewrite paths, follow redirects or use
//! proxies. hyper sends each request once, and does not change the path.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::Empty;
use http_shell::{tracer, upstream};
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

/// The pool closes a connection that has been idle for this time. The timeout is shorter than the idle
/// timeouts of a load balancer (60 s) and of the monolith (75 s), so that the client closes the connection
/// first.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Upper limit of the size of a response body.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Upper limit of the deadline of a health check, even if the deadline of likes is longer.
const MAX_HEALTH_DEADLINE: Duration = Duration::from_secs(1);

/// The monolith's route that fulfils a like. The route is part of the span name of each call.
const FULFILL_LIKE_ROUTE: &str = "/mysfits/{id}/fulfill-like";

/// A client with a pool of connections. All clones of the client share the pool.
#[derive(Clone, Debug)]
pub struct MonolithClient {
    tracer: Arc<BoxedTracer>,
    http: Client<HttpConnector, Empty<Bytes>>,
    url: MonolithUrl,
    deadline: Duration,
}

impl MonolithClient {
    /// Creates a client of the monolith at `url`. Each call fails after `deadline`.
    pub fn new(url: MonolithUrl, deadline: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
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
    /// The client sends the request of a like once. If a pooled connection was closed before the first byte
    /// was written, the client uses another connection.
    ///
    /// # Errors
    ///
    /// Returns an error when the monolith cannot be reached, does not answer in time, answers with a status
    /// other than 2xx, or sends a body that is not a JSON object. The body of a non-2xx response is not
    /// read.
    pub async fn fulfill_like(&self, id: &MysfitId) -> Result<Bytes, Error> {
        let request = build_request(Method::POST, self.url.fulfill_like_url(id));
        let span = CallSpan::start(&self.tracer, FULFILL_LIKE_ROUTE, &request);
        let call = async {
            let (status, body) = self.send(request, &span).await?;
            match status {
                status if status.is_success() => read_json_object(body).await,
                StatusCode::NOT_FOUND => Err(Error::NoSuchMysfit),
                StatusCode::SERVICE_UNAVAILABLE => Err(Error::MonolithUnavailable),
                StatusCode::GATEWAY_TIMEOUT => Err(Error::MonolithTimeout),
                status => Err(Error::MonolithAnswer(format!("status {status}").into())),
            }
        };
        let result = timeout(self.deadline, call).await;
        let result = result.unwrap_or(Err(Error::MonolithTimeout));
        span.end(&result);
        result
    }

    /// Succeeds if the monolith's health check answers 2xx.
    ///
    /// # Errors
    ///
    /// Returns an error when the monolith cannot be reached, does not answer in time, or answers with
    /// another status.
    pub async fn check_health(&self) -> Result<(), Error> {
        let request = build_request(Method::GET, self.url.health_check_url());
        let span = CallSpan::start(&self.tracer, "/", &request);
        let deadline = self.deadline.min(MAX_HEALTH_DEADLINE);
        let result = match timeout(deadline, self.send(request, &span)).await {
            Ok(Ok((status, _))) if status.is_success() => Ok(()),
            Ok(Ok((status, _))) => Err(Error::MonolithUnhealthy(status)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(Error::MonolithUnavailable),
        };
        span.end(&result);
        result
    }

    async fn send(
        &self,
        mut request: Request<Empty<Bytes>>,
        span: &CallSpan,
    ) -> Result<(StatusCode, Incoming), Error> {
        span.inject_into(request.headers_mut());
        let response = upstream::send(&self.http, request).await?;
        let status = StatusCode::from_u16(response.status().as_u16())
            .map_err(|error| Error::MonolithAnswer(Box::new(error)))?;
        span.record_status(status);
        Ok((status, response.into_body()))
    }
}

fn build_request(method: Method, target: Uri) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    if method == Method::POST {
        // Some servers answer 411 to a POST without `Content-Length`. hyper does not add the header
        // `Content-Length` to a request with an empty body.
        let zero_length = HeaderValue::from_static("0");
        request.headers_mut().insert(CONTENT_LENGTH, zero_length);
    }
    *request.method_mut() = method;
    *request.uri_mut() = target;
    request
}

async fn read_json_object(body: Incoming) -> Result<Bytes, Error> {
    let body = upstream::read_body(body, MAX_RESPONSE_BYTES).await?;
    upstream::parse_json::<Map<String, Value>>(&body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{Instant, pause, resume};

    use super::*;

    #[tokio::test]
    async fn the_pool_closes_an_idle_connection_after_30_s_and_the_next_like_opens_a_new_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let url = MonolithUrl::parse(&address).unwrap();
        let client = MonolithClient::new(url, Duration::from_secs(20));
        for _ in 0..2 {
            let monolith = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
                let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                stream.write_all(response).await.unwrap();
                stream
            };
            let id = MysfitId::from("one");
            let (like, mut stream) = tokio::join!(client.fulfill_like(&id), monolith);
            assert_eq!(like.unwrap(), "{}");
            // After `pause`, tokio advances its clock to the next timer whenever all tasks are idle.
            pause();
            let start = Instant::now();
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            let idle_time = start.elapsed();
            // A load balancer closes idle connections after 60 s.
            assert!((30..59).contains(&idle_time.as_secs()), "{idle_time:?}");
            resume();
        }
    }
}
