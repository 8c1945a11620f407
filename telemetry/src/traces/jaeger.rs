//! The sampler `jaeger_remote`: the SDK's sampler that polls a server for the sampling strategy.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::runtime::TokioCurrentThread;
use opentelemetry_sdk::trace::Sampler;

use crate::condition::LoggedCondition;
use crate::config::JaegerRemoteConfig;
use crate::http::BlockingClient;

/// The timeout of a request to the sampling server.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Creates the sampler `jaeger_remote`. The SDK polls the strategy of `service_name` in a separate thread.
///
/// # Errors
///
/// Returns an error when the SDK rejects the endpoint. The text of the error is the SDK's error message.
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

/// The HTTP client of the SDK's sampler. The client logs the start and the end of each outage of the
/// sampling server.
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
                "the sampling server returns no sampling rules; the sampler uses the last received \
                 rules, or initialSamplingRate if no rules were received"
            ),
            _ => {}
        }
        Ok(result?)
    }
}
