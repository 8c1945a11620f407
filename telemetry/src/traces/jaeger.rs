//! The sampler `jaeger_remote`, which polls a server for the sampling strategy. The SDK implements it.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::runtime::TokioCurrentThread;
use opentelemetry_sdk::trace::Sampler;

use crate::condition::LoggedCondition;
use crate::config::JaegerRemoteConfig;
use crate::http::BlockingClient;

/// The longest wait for a response of the server.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Creates the sampler for the service `service_name`. It polls on a thread of its own.
///
/// # Errors
///
/// When the SDK refuses the endpoint. The text is the SDK's reason.
pub(super) fn create_jaeger_sampler(
    config: &JaegerRemoteConfig,
    service_name: &str,
) -> Result<Sampler, String> {
    let initial_sampler = Sampler::TraceIdRatioBased(config.initial_sampling_rate);
    let client = SamplingServerClient {
        http: BlockingClient::new(REQUEST_TIMEOUT),
        outage: LoggedCondition::default(),
    };
    let service_name = service_name.to_owned();
    Sampler::jaeger_remote(TokioCurrentThread, client, initial_sampler, service_name)
        .with_endpoint(&config.endpoint)
        .with_update_interval(config.polling_interval)
        .build()
        .map_err(|error| error.to_string())
}

/// The HTTP client of the SDK's sampler. It logs the outages of the server.
#[derive(Debug)]
struct SamplingServerClient {
    http: BlockingClient,
    outage: LoggedCondition,
}

#[async_trait]
impl HttpClient for SamplingServerClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let result = self.http.send(request);
        match &result {
            Ok(_) if self.outage.mark_inactive() => {
                tracing::info!("the sampling server returns sampling rules again");
            }
            Err(cause) if self.outage.mark_active() => tracing::warn!(
                %cause,
                "the sampling server returns no sampling rules; the last received rules, or else \
                 initialSamplingRate, stay in effect"
            ),
            _ => {}
        }
        Ok(result?)
    }
}
