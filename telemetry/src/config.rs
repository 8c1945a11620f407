//! What the telemetry is told by the environment.

use serde::Deserialize;
use tracing::Level;

use crate::propagation::Propagators;
use crate::traces::Sampling;
use crate::xray::DaemonAddress;

/// All that the telemetry is told, to be deserialised by `envy`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Variables")]
pub struct Config {
    /// `LOGLEVEL`: least severe level that is logged, INFO by default.
    pub log_level: LogLevel,
    /// `LOG_FORMAT`: form of a line, `json` by default.
    pub log_format: LogFormat,
    /// `ACCESS_LOG`: whether each request gets a line whatever the level, `on` by default.
    pub access_log: AccessLog,
    /// `OTEL_TRACES_EXPORTER`: where spans go, `none` by default.
    pub traces: TracesExporter,
    /// `OTEL_METRICS_EXPORTER`: where metrics go, `none` by default.
    pub metrics: MetricsExporter,
    /// `OTEL_PROPAGATORS`: how traces travel, `xray,tracecontext` by default.
    pub propagators: Propagators,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are kept, `xray` by default.
    pub sampling: Sampling,
    /// `AWS_XRAY_DAEMON_ADDRESS`: where the X-Ray daemon is, `127.0.0.1:2000` by default.
    pub daemon: DaemonAddress,
}

/// The variables as they are, before those that belong together are looked at together.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Variables {
    #[serde(rename = "loglevel")]
    log_level: LogLevel,
    log_format: LogFormat,
    access_log: AccessLog,
    otel_traces_exporter: TracesExporter,
    otel_metrics_exporter: MetricsExporter,
    otel_propagators: Propagators,
    otel_traces_sampler: String,
    otel_traces_sampler_arg: String,
    aws_xray_daemon_address: DaemonAddress,
    otel_exporter_otlp_protocol: String,
    otel_exporter_otlp_traces_protocol: String,
    otel_exporter_otlp_metrics_protocol: String,
}

impl TryFrom<Variables> for Config {
    type Error = String;

    fn try_from(variables: Variables) -> Result<Self, String> {
        for (name, protocol) in [
            ("", &variables.otel_exporter_otlp_protocol),
            ("TRACES_", &variables.otel_exporter_otlp_traces_protocol),
            ("METRICS_", &variables.otel_exporter_otlp_metrics_protocol),
        ] {
            if !["", "http/protobuf"].contains(&protocol.as_str()) {
                return Err(format!(
                    "OTEL_EXPORTER_OTLP_{name}PROTOCOL is '{protocol}': expected http/protobuf, the \
                     only one that is built in"
                ));
            }
        }
        let sampler = variables.otel_traces_sampler;
        Ok(Self {
            log_level: variables.log_level,
            log_format: variables.log_format,
            access_log: variables.access_log,
            traces: variables.otel_traces_exporter,
            metrics: variables.otel_metrics_exporter,
            propagators: variables.otel_propagators,
            sampling: Sampling::parse(&sampler, &variables.otel_traces_sampler_arg)?,
            daemon: variables.aws_xray_daemon_address,
        })
    }
}

/// What `value` of `variable` stands for among `choices`.
fn chosen<T: Copy>(variable: &str, value: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(name, _)| *name == value);
    found.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
        format!("{variable} is '{value}': expected {}", names.join(" or "))
    })
}

/// `OTEL_TRACES_EXPORTER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum TracesExporter {
    /// No spans; ids still travel, and are in the logs.
    #[default]
    None,
    /// Documents to the X-Ray daemon by UDP.
    Xray,
    /// OTLP over HTTP.
    Otlp,
    /// Text for people on standard output.
    Console,
}

impl TryFrom<String> for TracesExporter {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        let choices = [
            ("none", Self::None),
            ("xray", Self::Xray),
            ("otlp", Self::Otlp),
            ("console", Self::Console),
        ];
        // Empty means not set, says the specification.
        let value = if value.is_empty() { "none" } else { &value };
        chosen("OTEL_TRACES_EXPORTER", value, &choices)
    }
}

/// `OTEL_METRICS_EXPORTER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MetricsExporter {
    /// No metrics.
    #[default]
    None,
    /// OTLP over HTTP.
    Otlp,
    /// Lines in CloudWatch's embedded metric format on standard output.
    Emf,
}

impl TryFrom<String> for MetricsExporter {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        let choices = [
            ("none", Self::None),
            ("otlp", Self::Otlp),
            ("emf", Self::Emf),
        ];
        // Empty means not set, says the specification.
        let value = if value.is_empty() { "none" } else { &value };
        chosen("OTEL_METRICS_EXPORTER", value, &choices)
    }
}

/// A level by the names that Python's `logging` gave the workshop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LogLevel(Level);

impl LogLevel {
    /// The level in the words of `tracing`.
    pub fn level(self) -> Level {
        self.0
    }
}

impl Default for LogLevel {
    fn default() -> Self {
        Self(Level::INFO)
    }
}

impl TryFrom<String> for LogLevel {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        match value.to_ascii_uppercase().as_str() {
            "DEBUG" => Ok(Self(Level::DEBUG)),
            "INFO" => Ok(Self(Level::INFO)),
            "WARN" | "WARNING" => Ok(Self(Level::WARN)),
            // There is nothing above ERROR here.
            "ERROR" | "CRITICAL" => Ok(Self(Level::ERROR)),
            _ => Err(format!(
                "LOGLEVEL is '{value}': expected DEBUG, INFO, WARNING, ERROR or CRITICAL"
            )),
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Text for people.
    Text,
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        let choices = [("json", Self::Json), ("text", Self::Text)];
        chosen("LOG_FORMAT", &value, &choices)
    }
}

/// Whether there are access lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AccessLog {
    /// One line for each request.
    #[default]
    On,
    /// None.
    Off,
}

impl TryFrom<String> for AccessLog {
    type Error = String;

    fn try_from(value: String) -> Result<Self, String> {
        let choices = [("on", Self::On), ("off", Self::Off)];
        chosen("ACCESS_LOG", &value, &choices)
    }
}
