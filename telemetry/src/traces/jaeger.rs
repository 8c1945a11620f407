//! `jaeger_remote`: a server says how many traces are kept. The sampler is the SDK's own.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::runtime::TokioCurrentThread;
use opentelemetry_sdk::trace::Sampler;

use crate::config::http_url;
use crate::episode::Episode;
use crate::http::BlockingClient;

/// Longest wait for the server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest polling interval in milliseconds: the largest integer of the specification.
const MAX_INTERVAL_MS: u64 = i32::MAX as u64;

/// `OTEL_TRACES_SAMPLER_ARG` of this sampler:
/// `endpoint=http://…,pollingIntervalMs=…,initialSamplingRate=…`, each with a default.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct JaegerRemote {
    endpoint: String,
    interval: Duration,
    /// The share that is kept until the server has answered.
    initial: f64,
}

impl JaegerRemote {
    pub(super) fn parse(argument: &str) -> Result<Self, String> {
        let mut remote = Self {
            endpoint: "http://localhost:5778/sampling".to_owned(),
            interval: Duration::from_secs(60),
            initial: 0.001,
        };
        let mut pairs = argument.split(',').filter(|pair| !pair.is_empty());
        match pairs.find(|pair| remote.set(pair).is_none()) {
            None => Ok(remote),
            Some(wrong) => Err(format!(
                "OTEL_TRACES_SAMPLER_ARG is wrong at '{}': expected endpoint=http://host:port/path, \
                 pollingIntervalMs=1 or more, initialSamplingRate=0 to 1",
                // The value is not shown, because a URL may hold a password.
                wrong.split('=').next().unwrap_or_default()
            )),
        }
    }

    fn set(&mut self, pair: &str) -> Option<()> {
        let (name, value) = pair.split_once('=')?;
        match name.trim() {
            "endpoint" => {
                // The SDK would take its own default instead of a URL that it cannot read.
                http_url(value)?;
                self.endpoint = value.to_owned();
            }
            "pollingIntervalMs" => {
                let range = 1..=MAX_INTERVAL_MS;
                let millis = value.parse().ok().filter(|millis| range.contains(millis));
                self.interval = Duration::from_millis(millis?);
            }
            "initialSamplingRate" => {
                let rate = value.parse().ok();
                self.initial = rate.filter(|rate| (0.0..=1.0).contains(rate))?;
            }
            _ => return None,
        }
        Some(())
    }

    /// The sampler of `service`, which asks on a thread of its own.
    ///
    /// # Errors
    ///
    /// When the SDK cannot use the endpoint; the text says why.
    pub(super) fn sampler(&self, service: &str) -> Result<Sampler, String> {
        let initial = Sampler::TraceIdRatioBased(self.initial);
        let http = Server {
            http: BlockingClient::new(TIMEOUT),
            outage: Episode::default(),
        };
        Sampler::jaeger_remote(TokioCurrentThread, http, initial, service.to_owned())
            .with_endpoint(&self.endpoint)
            .with_update_interval(self.interval)
            .build()
            .map_err(|error| error.to_string())
    }
}

/// The client that the SDK's sampler asks with. It logs the outages of the server.
#[derive(Debug)]
struct Server {
    http: BlockingClient,
    outage: Episode,
}

#[async_trait]
impl HttpClient for Server {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.http.send(request);
        match &response {
            Ok(_) if self.outage.ends() => {
                tracing::info!("the sampling server gives sampling rules again");
            }
            Err(cause) if self.outage.begins() => tracing::warn!(
                %cause,
                "the sampling server gives no sampling rules; the last ones stay in force, and \
                 without any, initialSamplingRate"
            ),
            _ => {}
        }
        Ok(response?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_argument_has_a_default() {
        let remote = JaegerRemote::parse("").unwrap();
        assert_eq!(remote.interval, Duration::from_secs(60));
        let remote = JaegerRemote::parse("endpoint=http://a:1/s,initialSamplingRate=0.5").unwrap();
        assert_eq!((&*remote.endpoint, remote.initial), ("http://a:1/s", 0.5));
        let remote = JaegerRemote::parse("pollingIntervalMs=10").unwrap();
        assert_eq!(remote.interval, Duration::from_millis(10));
    }

    #[test]
    fn a_wrong_part_is_named_and_its_value_is_not_shown() {
        for wrong in [
            "x",
            "endpoint=",
            "endpoint=a",
            "endpoint=ftp://a:1",
            "endpoint=http://user:secret@a:1",
            "endpoint=http://256.1.1.1:1",
            "endpoint=http://a:0",
            "pollingIntervalMs=0",
            "pollingIntervalMs=18446744073709551615",
            "initialSamplingRate=2",
            "rate=1",
        ] {
            let argument = format!("initialSamplingRate=1,{wrong}");
            let error = JaegerRemote::parse(&argument).unwrap_err();
            let name = wrong.split('=').next().unwrap();
            assert!(error.contains(&format!("wrong at '{name}'")), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
