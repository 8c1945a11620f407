//! Assembles the Like service from its configuration, and runs the service.

use std::io;
use std::net::TcpListener;

use actix_web::web::{Data, ServiceConfig};
use http_shell::{Readiness, RequestHook, Server};

use crate::chaos::{Chaos, FaultSink};
use crate::config::Config;
use crate::metrics::LikeCounter;
use crate::monolith_client::MonolithClient;
use crate::routes;

/// The assembled Like service, whose listener is bound to a port.
pub struct Application {
    server: Server,
    chaos: Chaos,
    monolith: MonolithClient,
    like_counter: LikeCounter,
}

impl Application {
    /// Assembles the service on `listener`.
    ///
    /// # Errors
    ///
    /// Returns an error when the operating system does not report the listener's address.
    pub fn build(config: Config, listener: TcpListener) -> io::Result<Self> {
        let monolith = MonolithClient::new(config.upstream.url, config.upstream.deadline);
        let readiness_client = monolith.clone();
        let readiness = Readiness::new(move || {
            let monolith = readiness_client.clone();
            async move { monolith.check_health().await }
        });
        Ok(Self {
            server: Server::new(listener, config.http, readiness)?.with_request_spans(),
            chaos: Chaos::new(&config.chaos),
            monolith,
            like_counter: LikeCounter::new(),
        })
    }

    /// Reports each like that has a fault to `sink`.
    #[must_use]
    pub fn with_fault_sink(mut self, sink: FaultSink) -> Self {
        self.chaos.set_sink(sink);
        self
    }

    /// The faults of the service, which a clone can change while the service runs.
    pub fn chaos(&self) -> Chaos {
        self.chaos.clone()
    }

    /// The port that the service listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Serves requests until `shutdown` resolves, and then finishes the requests in progress.
    ///
    /// # Errors
    ///
    /// Returns an error when the server does not start or a worker thread panics.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        tracing::info!(port = self.port(), "like service is listening");
        let chaos = Data::new(self.chaos);
        let monolith = Data::new(self.monolith);
        let like_counter = self.like_counter;
        let count_likes = RequestHook::new(move |end| like_counter.count_like(end));
        let configure = move |config: &mut ServiceConfig| {
            config.app_data(chaos.clone()).app_data(monolith.clone());
            config.app_data(count_likes.clone());
            routes::configure(config);
        };
        self.server.run(configure, shutdown).await
    }
}
