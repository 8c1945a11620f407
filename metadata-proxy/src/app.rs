//! Builds the proxy from its configuration, and runs the proxy.

use std::io;
use std::net::TcpListener;

use actix_web::web::{Data, ServiceConfig};
use http_shell::{Readiness, Server};

use crate::config::Config;
use crate::endpoint::{Document, Endpoint};
use crate::routes;

/// A proxy that is bound to a port but does not serve requests yet.
pub struct Application {
    server: Server,
    endpoint: Endpoint,
}

impl Application {
    /// Builds a proxy that will serve requests on `listener`.
    ///
    /// # Errors
    ///
    /// When the listener has no address.
    pub fn build(config: Config, listener: TcpListener) -> io::Result<Self> {
        let endpoint = Endpoint::new(config.endpoint.urls, config.endpoint.deadline);
        let endpoint_for_readiness = endpoint.clone();
        let readiness = Readiness::new(move || {
            let endpoint = endpoint_for_readiness.clone();
            async move { endpoint.fetch(Document::Container).await.map(drop) }
        });
        Ok(Self {
            server: Server::new(listener, config.http, readiness)?.with_request_spans(),
            endpoint,
        })
    }

    /// The port that the proxy listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Serves requests until `shutdown` resolves. Then the proxy accepts no new connections, and finishes the
    /// requests in progress.
    ///
    /// # Errors
    ///
    /// When the server does not start or a worker thread panics.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        tracing::info!(port = self.port(), "metadata proxy is listening");
        let endpoint = Data::new(self.endpoint);
        let routes = move |config: &mut ServiceConfig| {
            config.app_data(endpoint.clone());
            routes::configure(config);
        };
        self.server.run(routes, shutdown).await
    }
}
