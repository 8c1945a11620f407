//! Parses `OTEL_EXPORTER_OTLP_…`, the options of the OTLP exporters.

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::parsers::{
    parse_base_url, parse_choice, parse_headers, parse_timeout, parse_url, reject_unsupported,
};
use super::variables::{ExpectedValue, Variables};

/// The default base URL from OpenTelemetry's specification.
const DEFAULT_BASE_URL: &str = "http://localhost:4318";

/// The default timeout from OpenTelemetry's specification.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A signal that the OTLP exporters export.
#[derive(Clone, Copy, Debug)]
pub(super) struct OtlpSignal {
    /// The name of the signal in environment variables, such as `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
    name: &'static str,
    /// The URL path that is appended to the base URL.
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
    /// The complete URL, including the path for the signal.
    pub endpoint: String,
    /// The names and the percent-encoded values of additional HTTP request headers.
    pub headers: Vec<(String, String)>,
    /// The maximum duration of one export, including retries.
    pub timeout: Duration,
    /// The compression of request bodies.
    pub compression: Option<Compression>,
}

impl OtlpConfig {
    /// Reads the options of `signal`. A timeout above `max_timeout` is reduced to `max_timeout`.
    ///
    /// # Errors
    ///
    /// Returns an error when the value of a variable is invalid, or when a variable sets an unsupported
    /// option.
    #[rustfmt::skip] // One line for each variable.
    pub(super) fn read(env: &Variables, signal: OtlpSignal, max_timeout: Duration) -> Result<Self, String> {
        let options = SignalOptions { env, signal };
        options.parse_or("PROTOCOL", parse_protocol, ())?;
        // Server certificates are always verified with Mozilla's list of certificate authorities.
        options.parse_or("CERTIFICATE", reject_unsupported, ())?;
        options.parse_or("CLIENT_CERTIFICATE", reject_unsupported, ())?;
        options.parse_or("CLIENT_KEY", reject_unsupported, ())?;
        Ok(Self {
            endpoint: options.parse_endpoint()?,
            headers: options.parse_or("HEADERS", parse_headers, Vec::new())?,
            timeout: options.parse_or("TIMEOUT", parse_timeout, DEFAULT_TIMEOUT)?.min(max_timeout),
            compression: options.parse_or("COMPRESSION", parse_compression, None)?,
        })
    }
}

/// Reads options that have one variable for all signals and one variable for each signal.
struct SignalOptions<'a> {
    env: &'a Variables,
    signal: OtlpSignal,
}

impl SignalOptions<'_> {
    fn variable_for_all_signals(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{option}")
    }

    fn variable_for_signal(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{option}", self.signal.name)
    }

    /// Parses the two environment variables of an OTLP option: the variable for all signals and the variable
    /// for one signal. The values of both variables must be valid. The variable for one signal takes
    /// precedence over the variable for all signals.
    fn parse_or<T>(
        &self,
        option: &str,
        parser: impl Fn(&str) -> Result<T, ExpectedValue>,
        default: T,
    ) -> Result<T, String> {
        let env = self.env;
        let default = env.parse_or(&self.variable_for_all_signals(option), &parser, default)?;
        env.parse_or(&self.variable_for_signal(option), &parser, default)
    }

    /// Parses the endpoint. The path of the signal is appended to the URL in `OTEL_EXPORTER_OTLP_ENDPOINT`,
    /// but not to the URL in the endpoint variable of the signal.
    fn parse_endpoint(&self) -> Result<String, String> {
        let base_variable = self.variable_for_all_signals("ENDPOINT");
        let base_url = self.env.parse(&base_variable, parse_base_url)?;
        let base_url = base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        let default_url = format!("{base_url}{}", self.signal.path);
        let signal_variable = self.variable_for_signal("ENDPOINT");
        self.env.parse_or(&signal_variable, parse_url, default_url)
    }
}

fn parse_protocol(value: &str) -> Result<(), ExpectedValue> {
    parse_choice(value, &[("http/protobuf", ())], &["grpc", "http/json"])
}

fn parse_compression(value: &str) -> Result<Option<Compression>, ExpectedValue> {
    let compressions = [("none", None), ("gzip", Some(Compression::Gzip))];
    parse_choice(value, &compressions, &[])
}
