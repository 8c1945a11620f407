//! Parses exporters, log levels and log formats. A valid exporter, log level or log format is one word of a
//! fixed list.

use tracing::Level;

use super::parsers::parse_choice;
use super::variables::ExpectedValue;

/// The exporter of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TracesExporter {
    /// Spans are not exported, but log lines and outgoing requests contain trace ids.
    None,
    /// Sends X-Ray segment documents to the X-Ray daemon over UDP.
    Xray,
    /// Sends spans as OTLP over HTTP.
    Otlp,
    /// Writes spans as text to standard output.
    Console,
}

impl TracesExporter {
    pub(super) fn parse(value: &str) -> Result<Self, ExpectedValue> {
        let exporters = [
            ("none", Self::None),
            ("xray", Self::Xray),
            ("otlp", Self::Otlp),
            ("console", Self::Console),
        ];
        parse_choice(value, &exporters, &["zipkin", "logging", "otlp/stdout"])
    }
}

/// The exporter of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsExporter {
    /// Metrics are not recorded.
    None,
    /// Sends metrics as OTLP over HTTP.
    Otlp,
    /// Writes lines in CloudWatch's embedded metric format to standard output.
    Emf,
}

impl MetricsExporter {
    pub(super) fn parse(value: &str) -> Result<Self, ExpectedValue> {
        let exporters = [
            ("none", Self::None),
            ("otlp", Self::Otlp),
            ("emf", Self::Emf),
        ];
        let not_built_in = ["prometheus", "console", "logging", "otlp/stdout"];
        parse_choice(value, &exporters, &not_built_in)
    }
}

/// A log level. The names of the log levels come from Python's `logging`, because the workshop's original
/// services were written in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(Level);

impl LogLevel {
    /// The default level.
    pub const INFO: Self = Self(Level::INFO);

    /// Returns the `tracing` level that corresponds to the log level.
    pub fn as_tracing_level(self) -> Level {
        self.0
    }

    /// Returns the log level with the name `name`. The name of the log level can be in upper or lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::parse(name).ok()
    }

    pub(super) fn parse(value: &str) -> Result<Self, ExpectedValue> {
        let levels = [
            ("DEBUG", Self(Level::DEBUG)),
            ("INFO", Self(Level::INFO)),
            ("WARN", Self(Level::WARN)),
            ("WARNING", Self(Level::WARN)),
            ("ERROR", Self(Level::ERROR)),
            // `tracing` has no level above ERROR.
            ("CRITICAL", Self(Level::ERROR)),
        ];
        parse_choice(value, &levels, &[])
    }
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Lines of text with the fields as `name=value`.
    Text,
}

impl LogFormat {
    pub(super) fn parse(value: &str) -> Result<Self, ExpectedValue> {
        parse_choice(value, &[("json", Self::Json), ("text", Self::Text)], &[])
    }
}
