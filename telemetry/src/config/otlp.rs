//! `OTEL_EXPORTER_OTLP_…`: the options of the OTLP exporters.

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::parsers::{
    parse_base_url, parse_choice, parse_headers, parse_timeout, parse_url, refuse_unsupported,
};
use super::variables::{Expected, Variables};

/// The default base URL of the specification.
const DEFAULT_BASE_URL: &str = "http://localhost:4318";

/// The default timeout of the specification.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A signal that OTLP can export.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtlpSignal {
    /// The signal in the names of variables, as in `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
    name: &'static str,
    /// The path that is appended to the base URL.
    path: &'static str,
}

impl OtlpSignal {
    pub const TRACES: Self = Self {
        name: "TRACES",
        path: "/v1/traces",
    };
    pub const METRICS: Self = Self {
        name: "METRICS",
        path: "/v1/metrics",
    };
}

/// The options of the OTLP exporter of one signal.
#[derive(Clone, Debug)]
pub(crate) struct OtlpConfig {
    /// The complete URL, including the path of the signal.
    pub endpoint: String,
    /// The names and the percent-encoded values of additional request headers.
    pub headers: Vec<(String, String)>,
    /// The longest duration of one export, including retries.
    pub timeout: Duration,
    /// The compression of request bodies.
    pub compression: Option<Compression>,
}

impl OtlpConfig {
    /// Reads the options of `signal`. An export takes at most `max_timeout`.
    ///
    /// # Errors
    ///
    /// When a value is invalid, or when a variable sets an option that is not built in.
    #[rustfmt::skip] // One line for each variable.
    pub(super) fn read(env: &Variables, signal: OtlpSignal, max_timeout: Duration) -> Result<Self, String> {
        let options = SignalOptions { env, signal };
        options.parse_or("PROTOCOL", parse_protocol, ())?;
        // The certificates of servers are always verified with Mozilla's list of authorities.
        options.parse_or("CERTIFICATE", refuse_unsupported, ())?;
        options.parse_or("CLIENT_CERTIFICATE", refuse_unsupported, ())?;
        options.parse_or("CLIENT_KEY", refuse_unsupported, ())?;
        Ok(Self {
            endpoint: options.parse_endpoint()?,
            headers: options.parse_or("HEADERS", parse_headers, Vec::new())?,
            timeout: options.parse_or("TIMEOUT", parse_timeout, DEFAULT_TIMEOUT)?.min(max_timeout),
            compression: options.parse_or("COMPRESSION", parse_compression, None)?,
        })
    }
}

/// Reads options that can be set for one signal or for all signals.
struct SignalOptions<'a> {
    env: &'a Variables,
    signal: OtlpSignal,
}

impl SignalOptions<'_> {
    fn name_for_all_signals(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{option}")
    }

    fn name_for_signal(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{option}", self.signal.name)
    }

    /// The signal's own value takes precedence over the value for all signals. Both are validated.
    fn parse_or<T>(
        &self,
        option: &str,
        parser: impl Fn(&str) -> Result<T, Expected>,
        default: T,
    ) -> Result<T, String> {
        let env = self.env;
        let default = env.parse_or(&self.name_for_all_signals(option), &parser, default)?;
        env.parse_or(&self.name_for_signal(option), &parser, default)
    }

    /// The path of the signal is appended to the URL for all signals, but not to the signal's own URL.
    fn parse_endpoint(&self) -> Result<String, String> {
        let base_name = self.name_for_all_signals("ENDPOINT");
        let base = self.env.parse(&base_name, parse_base_url)?;
        let base = base.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let default = format!("{base}{}", self.signal.path);
        let own_name = self.name_for_signal("ENDPOINT");
        self.env.parse_or(&own_name, parse_url, default)
    }
}

fn parse_protocol(value: &str) -> Result<(), Expected> {
    parse_choice(value, &[("http/protobuf", ())], &["grpc", "http/json"])
}

fn parse_compression(value: &str) -> Result<Option<Compression>, Expected> {
    let compressions = [("none", None), ("gzip", Some(Compression::Gzip))];
    parse_choice(value, &compressions, &[])
}
