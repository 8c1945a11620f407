//! The assembled monolith: configuration in, running service out.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use http_shell::{Readiness, Server, causes};

use crate::config::{Config, Retries};
use crate::error::Error;
use crate::routes;
use crate::store::{Observed, Store};

/// First pause of the SDK's retries; its own default of a second would use up the whole deadline.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The monolith, listening.
pub struct Application {
    server: Server,
    port: u16,
    store: Store,
    like_in_monolith: bool,
}

impl Application {
    /// Assembles the monolith over a listener that the caller has bound.
    ///
    /// # Errors
    ///
    /// When no AWS region is configured, or the listener has no address.
    pub async fn build(config: Config, listener: TcpListener) -> Result<Self, Error> {
        let client = dynamodb_client(&config.own.table, config.retries).await?;
        let store = Store::new(client, config.own.table, config.own.deadline);
        Ok(Self {
            port: listener.local_addr()?.port(),
            server: Server {
                listener,
                config: config.http,
                readiness: readiness(store.clone()),
            },
            store,
            like_in_monolith: config.own.like_in_monolith,
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
        let store = Data::new(self.store);
        let like_in_monolith = self.like_in_monolith;
        let routes = move |config: &mut actix_web::web::ServiceConfig| {
            config.app_data(store.clone());
            routes::configure(config, like_in_monolith);
        };
        tracing::info!(port = self.port, "monolith is listening");
        let served: io::Result<()> = self.server.run(routes, shutdown).await;
        Ok(served?)
    }
}

async fn dynamodb_client(table: &str, retries: Retries) -> Result<Client, Error> {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls)
        .build_https();
    let retries = RetryConfig::standard()
        .with_initial_backoff(RETRY_PAUSE)
        .with_max_attempts(retries.max_attempts)
        .with_retry_mode(retries.mode);
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries)
        .load()
        .await;
    let region = config.region().ok_or(Error::NoRegion)?.as_ref();
    let observed = Observed::new(table, region);
    let config = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(observed);
    Ok(Client::from_conf(config.build()))
}

fn readiness(store: Store) -> Readiness {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move {
            store.ready().await.map_err(|error| {
                tracing::warn!(cause = causes(&error), "not ready: {error}");
                error.to_string()
            })
        })
    })
}
