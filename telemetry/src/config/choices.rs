//! What is chosen by name: exporters, and the form of the log.

use tracing::Level;

use super::kinds::choice;
use super::variables::Kind;

/// `OTEL_TRACES_EXPORTER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl TracesExporter {
    pub(super) fn kind() -> Kind<Self> {
        let kind = choice(&[
            ("none", Self::None),
            ("xray", Self::Xray),
            ("otlp", Self::Otlp),
            ("console", Self::Console),
        ]);
        kind.not_built_in(&["zipkin", "logging", "otlp/stdout"])
    }
}

/// `OTEL_METRICS_EXPORTER`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricsExporter {
    /// No metrics.
    #[default]
    None,
    /// OTLP over HTTP.
    Otlp,
    /// Lines in CloudWatch's embedded metric format on standard output.
    Emf,
}

impl MetricsExporter {
    pub(super) fn kind() -> Kind<Self> {
        let kind = choice(&[
            ("none", Self::None),
            ("otlp", Self::Otlp),
            ("emf", Self::Emf),
        ]);
        kind.not_built_in(&["prometheus", "console", "logging", "otlp/stdout"])
    }
}

/// A level by the names that Python's `logging` gave the workshop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(Level);

impl LogLevel {
    /// The level in the words of `tracing`.
    pub fn level(self) -> Level {
        self.0
    }

    /// The level with this name, in upper or lower case.
    pub fn named(name: &str) -> Option<Self> {
        let level = LEVELS
            .iter()
            .find(|level| level.0.eq_ignore_ascii_case(name));
        level.map(|(_, level)| *level)
    }

    pub(super) fn kind() -> Kind<Self> {
        choice(LEVELS)
    }
}

const LEVELS: &[(&str, LogLevel)] = &[
    ("DEBUG", LogLevel(Level::DEBUG)),
    ("INFO", LogLevel(Level::INFO)),
    ("WARN", LogLevel(Level::WARN)),
    ("WARNING", LogLevel(Level::WARN)),
    ("ERROR", LogLevel(Level::ERROR)),
    // There is nothing above ERROR here.
    ("CRITICAL", LogLevel(Level::ERROR)),
];

impl Default for LogLevel {
    fn default() -> Self {
        Self(Level::INFO)
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// Text for people.
    Text,
}

impl LogFormat {
    pub(super) fn kind() -> Kind<Self> {
        choice(&[("json", Self::Json), ("text", Self::Text)])
    }
}

/// Whether there are access lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// One line for each request.
    #[default]
    On,
    /// None.
    Off,
}

impl AccessLog {
    pub(super) fn kind() -> Kind<Self> {
        choice(&[("on", Self::On), ("off", Self::Off)])
    }
}
