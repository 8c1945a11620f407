//! The assembled proxy: configuration in, running service out.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use http_shell::{Readiness, Server, causes};

use crate::config::Config;
use crate::endpoint::{Document, Endpoint};
use crate::error::Error;
use crate::routes;

/// The proxy, listening.
pub struct Application {
    server: Server,
    port: u16,
    endpoint: Endpoint,
}

impl Application {
    /// Assembles the proxy over a listener that the caller has bound.
    ///
    /// # Errors
    ///
    /// When the listener has no address.
    pub fn build(config: Config, listener: TcpListener) -> Result<Self, Error> {
        let endpoint = Endpoint::new(config.upstream.url, config.upstream.deadline);
        Ok(Self {
            port: listener.local_addr()?.port(),
            server: Server {
                listener,
                config: config.http,
                readiness: readiness(endpoint.clone()),
            },
            endpoint,
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
        let endpoint = Data::new(self.endpoint);
        let routes = move |config: &mut ServiceConfig| {
            config.app_data(endpoint.clone());
            routes::configure(config);
        };
        tracing::info!(port = self.port, "metadata proxy is listening");
        Ok(self.server.run(routes, shutdown).await?)
    }
}

fn readiness(endpoint: Endpoint) -> Readiness {
    Arc::new(move || {
        let endpoint = endpoint.clone();
        Box::pin(async move {
            let answer = endpoint.fetch(Document::Container).await;
            answer.map(drop).map_err(|error| {
                tracing::warn!(cause = causes(&error), "not ready: {error}");
                error.to_string()
            })
        })
    })
}
