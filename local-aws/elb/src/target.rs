//! One target: its address, its health and its running requests.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::Version;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connector::Connector;
use crate::failure::Failure;
use crate::health::{Health, State};
use crate::health_check::{CheckFailure, HealthCheck};
use wire::{remove_headers_of_one_hop, set_address};

/// A target that is registered with a group.
#[derive(Debug)]
pub struct Target {
    address: SocketAddr,
    clients: Clients,
    health: watch::Sender<Health>,
    in_flight: watch::Sender<usize>,
}

/// The HTTP clients for requests to the targets of a group.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Reuses its connections.
    pub reusing: Client<Connector, Body>,
    /// Closes its connection after each request.
    pub closing: Client<Connector, Body>,
    /// Maximum time until a target sends the head of its response.
    pub timeout: Duration,
}

impl Target {
    pub fn new(address: SocketAddr, clients: Clients) -> Self {
        Self {
            address,
            clients,
            health: watch::Sender::new(Health::new()),
            in_flight: watch::Sender::new(0),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn state(&self) -> State {
        self.health().state()
    }

    pub fn health(&self) -> Health {
        *self.health.borrow()
    }

    /// Each change of the health, until the target is dropped.
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub fn observe(
        &self,
        result: Result<(), CheckFailure>,
        settings: &HealthCheck,
        since_registration: Duration,
    ) {
        self.health
            .send_modify(|health| health.observe(result, settings, since_registration));
    }

    pub fn drain(&self) {
        self.health.send_modify(|health| health.drain());
    }

    /// Resolves when the target is healthy.
    pub async fn healthy(&self) {
        let mut health = self.health.subscribe();
        // An error would mean that the sender was dropped, but `self` owns it.
        let _ = health
            .wait_for(|health| health.state() == State::Healthy)
            .await;
    }

    /// Resolves when the target has no running request.
    pub async fn idle(&self) {
        let mut in_flight = self.in_flight.subscribe();
        let _ = in_flight.wait_for(|requests| *requests == 0).await;
    }

    async fn send(&self, mut request: Request, is_last: bool) -> Result<Response, Failure> {
        set_address(&mut request, self.address);
        *request.version_mut() = Version::HTTP_11;
        let client = match is_last {
            true => &self.clients.closing,
            false => &self.clients.reusing,
        };
        let answer = timeout(self.clients.timeout, client.request(request)).await;
        let answer = answer.map_err(|_| Failure::ResponseTimeout)?;
        let mut response = answer.map_err(|error| failure_of(&error))?.map(Body::new);
        remove_headers_of_one_hop(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }
}

/// A target that was chosen for a request. The request is in flight until this is dropped.
#[derive(Debug)]
pub struct Picked(Arc<Target>);

impl Picked {
    pub fn new(target: Arc<Target>) -> Self {
        target.in_flight.send_modify(|requests| *requests += 1);
        Self(target)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Sends the request. `is_last` closes the connection to the target after it. The request is in flight until the last
    /// byte of the response, or until the client has closed its connection.
    pub async fn forward(self, request: Request, is_last: bool) -> Result<Response, Failure> {
        let response = self.0.send(request, is_last).await?;
        Ok(response.map(|body| {
            Body::new(body.inspect_frame(move |_| {
                let _held_as_long_as_the_body = &self;
            }))
        }))
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.0.in_flight.send_modify(|requests| *requests -= 1);
    }
}

fn failure_of(error: &hyper_util::client::legacy::Error) -> Failure {
    let causes = || std::iter::successors(error.source(), |&error| error.source());
    let of_hyper = causes().find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let of_system = causes().find_map(|cause| cause.downcast_ref::<io::Error>());
    if error.is_connect() {
        return match of_system.map(io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => Failure::ConnectionRefused,
            Some(ErrorKind::TimedOut) => Failure::ConnectionTimeout,
            _ => Failure::ConnectionFailed,
        };
    }
    match of_hyper {
        Some(error) if error.is_user() => Failure::RequestIncomplete,
        Some(error) if error.is_parse() => Failure::ResponseInvalid,
        _ => Failure::ConnectionClosed,
    }
}
