//! Health checks: a GET request to the target, on a new connection for each check.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::USER_AGENT;
use axum::http::{HeaderValue, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::health::State;
use crate::health_check::{CheckFailure, HealthCheck};
use crate::target::Target;

/// Time between two checks of a target in the initial state.
const INITIAL_INTERVAL: Duration = Duration::from_millis(100);

const AGENT: HeaderValue = HeaderValue::from_static("ELB-HealthChecker/2.0");

/// Checks the targets of a group. Clones share the client and the settings.
#[derive(Clone, Debug)]
pub struct Prober {
    client: Client<HttpConnector, Body>,
    settings: watch::Receiver<HealthCheck>,
}

impl Prober {
    pub fn new(settings: watch::Receiver<HealthCheck>) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build_http();
        Self { client, settings }
    }
}

async fn check(
    client: &Client<HttpConnector, Body>,
    target: &Target,
    settings: &HealthCheck,
) -> Result<(), CheckFailure> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(target.address().to_string())
        .path_and_query(settings.path.clone())
        .build();
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.map_err(|_| CheckFailure::NoResponse)?;
    request.headers_mut().insert(USER_AGENT, AGENT);
    let response = timeout(settings.timeout, client.request(request)).await;
    let response = response.map_err(|_| CheckFailure::TimedOut)?;
    let code = response.map_err(|_| CheckFailure::NoResponse)?.status();
    match settings.matcher.matches(code.as_u16()) {
        true => Ok(()),
        false => Err(CheckFailure::Code(code.as_u16())),
    }
}

/// Checks `target` at once, after each interval, and when the settings change, until this is dropped.
pub async fn probe(prober: Prober, target: Arc<Target>) {
    let Prober {
        client,
        settings: mut changes,
    } = prober;
    let registration = Instant::now();
    loop {
        let start = Instant::now();
        let settings = changes.borrow_and_update().clone();
        tokio::select! {
            result = check(&client, &target, &settings) => {
                target.observe(result, &settings, registration.elapsed());
            }
            Ok(()) = changes.changed() => continue,
        }
        let interval = match target.state() {
            State::Initial => INITIAL_INTERVAL.min(settings.interval),
            _ => settings.interval,
        };
        tokio::select! {
            () = sleep_until(start + interval) => {}
            Ok(()) = changes.changed() => {}
        }
    }
}
