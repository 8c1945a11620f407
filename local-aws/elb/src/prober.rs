//! Health checks: `GET /` straight to the target, on a connection of its own each time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::USER_AGENT;
use axum::http::{StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep_until, timeout};

use crate::health::State;
use crate::target::Target;

/// How long a target may take for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Time between two checks of a target that has not passed one yet: it has just started.
const INITIAL_INTERVAL: Duration = Duration::from_millis(100);

/// Asks targets how they are.
#[derive(Clone, Debug)]
pub struct Prober {
    client: Client<HttpConnector, Body>,
    interval: Duration,
}

impl Prober {
    pub fn new(interval: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client, interval }
    }

    async fn passes(&self, uri: Uri) -> bool {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        let agent = axum::http::HeaderValue::from_static("ELB-HealthChecker/2.0");
        request.headers_mut().insert(USER_AGENT, agent);
        let answer = timeout(TIMEOUT, self.client.request(request)).await;
        matches!(answer, Ok(Ok(answer)) if answer.status() == StatusCode::OK)
    }
}

/// Checks `target` at once, and again and again until this is dropped.
pub async fn probe(prober: Prober, target: Arc<Target>) {
    let uri = Uri::builder()
        .scheme("http")
        .authority(target.address().to_string())
        .path_and_query("/")
        .build();
    let Ok(uri) = uri else {
        return;
    };
    loop {
        let start = Instant::now();
        target.observe(prober.passes(uri.clone()).await);
        let interval = match target.state() {
            State::Initial => INITIAL_INTERVAL.min(prober.interval),
            _ => prober.interval,
        };
        sleep_until(start + interval).await;
    }
}
