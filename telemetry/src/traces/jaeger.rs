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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::task::{Context, Poll, Waker};
    use std::thread;

    use super::*;
    use crate::captured_log::CapturedLog;

    #[test]
    fn an_outage_of_the_sampling_server_is_logged_at_its_start_and_at_its_end() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/sampling", server.local_addr().unwrap());
        thread::spawn(move || {
            for status in ["500 Error", "500 Error", "200 OK", "200 OK", "500 Error"] {
                let (mut stream, _) = server.accept().unwrap();
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
                let response = format!("{head}Content-Length: 2\r\n\r\n{{}}");
                stream.write_all(response.as_bytes()).unwrap();
            }
        });
        let client = SamplingServerClient {
            http: BlockingClient::new(REQUEST_TIMEOUT),
            outage: LoggedCondition::default(),
        };
        let (log, _guard) = CapturedLog::start();
        let (returns_no_rules, returns_rules) = ("returns no sampling rules", "rules again");
        for line in [
            Some(returns_no_rules),
            None,
            Some(returns_rules),
            None,
            Some(returns_no_rules),
        ] {
            let request = Request::get(&url).body(Bytes::new()).unwrap();
            // The request blocks the thread, so the future is ready after its first poll.
            let mut cx = Context::from_waker(Waker::noop());
            let Poll::Ready(response) = client.send_bytes(request).as_mut().poll(&mut cx) else {
                panic!("the future is not ready");
            };
            assert!(response.is_err() || response.unwrap().body() == "{}");
            let logged = log.take();
            assert_eq!(logged.is_empty(), line.is_none(), "{logged}");
            assert!(logged.contains(line.unwrap_or_default()), "{logged}");
        }
    }
}
