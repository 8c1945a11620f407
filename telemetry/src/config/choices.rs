//! Exporters, log levels and log formats: variables whose value is one of several words.

use tracing::Level;

use super::parsers::parse_choice;
use super::variables::Expected;

/// The destination of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TracesExporter {
    /// Spans are not exported. Log lines and outgoing requests still carry trace ids.
    None,
    /// Segment documents, sent to the X-Ray daemon by UDP.
    Xray,
    /// OTLP over HTTP.
    Otlp,
    /// Text on standard output.
    Console,
}

impl TracesExporter {
    pub(super) fn parse(value: &str) -> Result<Self, Expected> {
        let exporters = [
            ("none", Self::None),
            ("xray", Self::Xray),
            ("otlp", Self::Otlp),
            ("console", Self::Console),
        ];
        parse_choice(value, &exporters, &["zipkin", "logging", "otlp/stdout"])
    }
}

/// The destination of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricsExporter {
    /// Metrics are not recorded.
    None,
    /// OTLP over HTTP.
    Otlp,
    /// Lines in CloudWatch's embedded metric format on standard output.
    Emf,
}

impl MetricsExporter {
    pub(super) fn parse(value: &str) -> Result<Self, Expected> {
        let exporters = [
            ("none", Self::None),
            ("otlp", Self::Otlp),
            ("emf", Self::Emf),
        ];
        let not_built_in = ["prometheus", "console", "logging", "otlp/stdout"];
        parse_choice(value, &exporters, &not_built_in)
    }
}

/// A log level. Its names are those of Python's `logging`, which the workshop's services used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(Level);

impl LogLevel {
    /// The default level.
    pub const INFO: Self = Self(Level::INFO);

    /// The corresponding level of `tracing`.
    pub fn as_tracing_level(self) -> Level {
        self.0
    }

    /// The level with this name, in upper or lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::parse(name).ok()
    }

    pub(super) fn parse(value: &str) -> Result<Self, Expected> {
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
    /// Text with the fields as `name=value`.
    Text,
}

impl LogFormat {
    pub(super) fn parse(value: &str) -> Result<Self, Expected> {
        parse_choice(value, &[("json", Self::Json), ("text", Self::Text)], &[])
    }
}
