//! The assembled Like service: configuration in, running service out.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use http_shell::{Readiness, RequestHook, Server, causes};

use crate::chaos::Chaos;
use crate::config::Config;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::monolith_client::MonolithClient;
use crate::routes;

/// The Like service, listening.
pub struct Application {
    server: Server,
    port: u16,
    chaos: Chaos,
    monolith: MonolithClient,
    metrics: Metrics,
}

impl Application {
    /// Assembles the service over a listener that the caller has bound.
    ///
    /// # Errors
    ///
    /// When the listener has no address.
    pub async fn build(config: Config, listener: TcpListener) -> Result<Self, Error> {
        let monolith = MonolithClient::new(config.upstream.url, config.upstream.deadline);
        let metrics = Metrics::new();
        Ok(Self {
            port: listener.local_addr()?.port(),
            server: Server {
                listener,
                config: config.http,
                readiness: readiness(monolith.clone()),
            },
            chaos: Chaos::new(&config.chaos, metrics.clone()),
            monolith,
            metrics,
        })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `shutdown` resolves, then drains.
    ///
    /// # Errors
    ///
    /// When the server does not start.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let chaos = Data::new(self.chaos);
        let monolith = Data::new(self.monolith);
        let metrics = self.metrics;
        let count_likes = RequestHook::new(move |end| metrics.like(end));
        let routes = move |config: &mut ServiceConfig| {
            config.app_data(chaos.clone()).app_data(monolith.clone());
            config.app_data(count_likes.clone());
            routes::configure(config);
        };
        tracing::info!(port = self.port, "like service is listening");
        Ok(self.server.run(routes, shutdown).await?)
    }
}

fn readiness(monolith: MonolithClient) -> Readiness {
    Arc::new(move || {
        let monolith = monolith.clone();
        Box::pin(async move {
            monolith.health().await.map_err(|error| {
                tracing::warn!(cause = causes(&error), "not ready: {error}");
                error.to_string()
            })
        })
    })
}
