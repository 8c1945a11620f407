//! One target: where it is, how it is, and how many requests it has.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum_reverse_proxy::ReverseProxy;
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::sync::watch;

use super::health::{Health, State};

/// A registered address.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    proxy: Proxy,
    health: watch::Sender<Health>,
    in_flight: watch::Sender<usize>,
}

/// The library's proxy, which does not print itself.
struct Proxy(ReverseProxy<HttpConnector>);

impl Target {
    pub fn new(address: SocketAddr, proxy: ReverseProxy<HttpConnector>) -> Self {
        Self {
            address,
            proxy: Proxy(proxy),
            health: watch::Sender::new(Health::new()),
            in_flight: watch::Sender::new(0),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn state(&self) -> State {
        self.health.borrow().state()
    }

    pub fn observe(&self, passed: bool) {
        self.health.send_modify(|health| health.observe(passed));
    }

    pub fn drain(&self) {
        self.health.send_modify(|health| health.drain());
    }

    /// Resolves once it is healthy.
    pub async fn healthy(&self) {
        let mut health = self.health.subscribe();
        // The sender is our own, so that there is no error to meet.
        let _ = health
            .wait_for(|health| health.state() == State::Healthy)
            .await;
    }

    /// Resolves once it has no request.
    pub async fn idle(&self) {
        let mut in_flight = self.in_flight.subscribe();
        let _ = in_flight.wait_for(|requests| *requests == 0).await;
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.target())
    }
}

/// A target that was chosen for one request, which counts as in flight from then on.
#[derive(Debug)]
pub struct Picked(Arc<Target>);

impl Picked {
    pub fn new(target: Arc<Target>) -> Self {
        target.in_flight.send_modify(|requests| *requests += 1);
        Self(target)
    }

    /// Sends the request. It is in flight until the last byte of the answer, or until the client
    /// has gone.
    pub async fn forward(self, request: Request) -> Response {
        let Ok(response) = self.0.proxy.0.proxy_request(request).await;
        response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _held_as_long_as_the_body = &self;
                frame
            }))
        })
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|requests| *requests -= 1);
    }
}
