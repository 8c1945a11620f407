//! `OTEL_EXPORTER_OTLP_…`: how the exporter of one signal reaches its collector.

use std::time::Duration;

use opentelemetry_otlp::Compression;

use super::kinds::{base_url, choice, headers, timeout, unsupported, url};
use super::variables::{Kind, Variables};

/// The base URL of the specification.
const DEFAULT_BASE: &str = "http://localhost:4318";

/// The timeout of the specification.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// A signal that can be exported by OTLP.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

/// Where and how one signal is sent.
#[derive(Clone, Debug)]
pub(crate) struct Otlp {
    /// The URL, path included.
    pub endpoint: String,
    /// Names and percent-encoded values.
    pub headers: Vec<(String, String)>,
    /// Longest time for one export, retries included.
    pub timeout: Duration,
    /// How bodies are compressed.
    pub compression: Option<Compression>,
}

impl Otlp {
    /// Reads the variables of `signal`, and those of all signals where it has none of its own. No
    /// export takes longer than `bound`.
    ///
    /// # Errors
    ///
    /// When a variable makes no sense or asks for what is not built in.
    pub(super) fn read(env: &Variables, signal: Signal, bound: Duration) -> Result<Self, String> {
        let options = Options { env, signal };
        let base = env.read(
            &options.general("ENDPOINT"),
            &base_url(),
            DEFAULT_BASE.to_owned(),
        )?;
        let endpoint = format!("{base}{}", signal.path());
        options.read("PROTOCOL", &protocol(), ())?;
        // Servers are checked against Mozilla's list of certificates.
        options.read("CERTIFICATE", &unsupported(), ())?;
        options.read("CLIENT_CERTIFICATE", &unsupported(), ())?;
        options.read("CLIENT_KEY", &unsupported(), ())?;
        Ok(Self {
            endpoint: env.read(&options.special("ENDPOINT"), &url(), endpoint)?,
            headers: options.read("HEADERS", &headers(), Vec::new())?,
            timeout: options
                .read("TIMEOUT", &timeout(), DEFAULT_TIMEOUT)?
                .min(bound),
            compression: options.read("COMPRESSION", &compression(), None)?,
        })
    }
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }
}

/// The options of one signal.
struct Options<'a> {
    env: &'a Variables,
    signal: Signal,
}

impl Options<'_> {
    fn general(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{option}")
    }

    fn special(&self, option: &str) -> String {
        format!("OTEL_EXPORTER_OTLP_{}_{option}", self.signal.name())
    }

    /// The signal's own value or that for all signals. Both must make sense.
    fn read<T>(&self, option: &str, kind: &Kind<T>, default: T) -> Result<T, String> {
        let general = self.env.read(&self.general(option), kind, default)?;
        self.env.read(&self.special(option), kind, general)
    }
}

fn protocol() -> Kind<()> {
    choice(&[("http/protobuf", ())]).not_built_in(&["grpc", "http/json"])
}

fn compression() -> Kind<Option<Compression>> {
    choice(&[("none", None), ("gzip", Some(Compression::Gzip))])
}
