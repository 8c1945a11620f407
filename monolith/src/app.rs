//! Assembles the monolith from its configuration, and runs the monolith.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::web::{Data, ServiceConfig};
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use http_shell::env::ConfigError;
use http_shell::process::ProcessError;
use http_shell::{Readiness, Server};

use crate::config::{Config, Retries};
use crate::routes;
use crate::store::{CallRecorder, Store};

/// Initial pause between retries of DynamoDB calls by the AWS SDK. The AWS SDK's default pause of one
/// second would use most of the monolith's default deadline.
const FIRST_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The assembled monolith, whose listener is bound to a port.
pub struct Application {
    server: Server,
    store: Store,
    like_in_monolith: bool,
}

impl Application {
    /// Assembles the monolith on `listener`.
    ///
    /// # Errors
    ///
    /// Returns an error when no AWS region is configured, or the operating system does not report the
    /// listener's address.
    pub async fn build(config: Config, listener: TcpListener) -> Result<Self, ProcessError> {
        let client = build_dynamodb_client(&config.table, config.retries).await?;
        let store = Store::new(client, config.table, config.deadline, config.like_batching);
        let readiness_store = store.clone();
        let readiness = Readiness::new(move || {
            let store = readiness_store.clone();
            async move { store.check_table().await }
        });
        Ok(Self {
            server: Server::new(listener, config.http, readiness)?.with_request_spans(),
            store,
            like_in_monolith: config.like_in_monolith,
        })
    }

    /// The port that the monolith listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Serves requests until `shutdown` resolves, and then finishes the requests in progress.
    ///
    /// # Errors
    ///
    /// Returns an error when the server does not start or a worker thread panics.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        tracing::info!(port = self.port(), "monolith is listening");
        let store = Data::new(self.store);
        let like_in_monolith = self.like_in_monolith;
        let configure = move |config: &mut ServiceConfig| {
            config.app_data(store.clone());
            routes::configure(config, like_in_monolith);
        };
        self.server.run(configure, shutdown).await
    }
}

async fn build_dynamodb_client(table: &str, retries: Retries) -> Result<Client, ConfigError> {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls)
        .build_https();
    let retries = RetryConfig::standard()
        .with_initial_backoff(FIRST_RETRY_PAUSE)
        .with_max_attempts(retries.max_attempts)
        .with_retry_mode(retries.mode);
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(retries)
        .load()
        .await;
    let region = config
        .region()
        .ok_or_else(|| ConfigError::Missing("AWS_REGION".to_owned()))?
        .as_ref();
    let call_recorder = CallRecorder::new(table, region);
    let config = aws_sdk_dynamodb::config::Builder::from(&config).interceptor(call_recorder);
    Ok(Client::from_conf(config.build()))
}
