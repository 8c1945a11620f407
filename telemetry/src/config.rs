//! `LOGLEVEL`, `LOG_FORMAT`, `ACCESS_LOG`.

use serde::Deserialize;
use tracing::Level;

/// Variables of the telemetry, to be deserialised by `envy`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `LOGLEVEL`: least severe level that is logged, INFO by default.
    #[serde(rename = "loglevel")]
    pub log_level: LogLevel,
    /// `LOG_FORMAT`: form of a line, `json` by default.
    pub log_format: LogFormat,
    /// `ACCESS_LOG`: whether each request gets a line whatever the level, `on` by default.
    pub access_log: AccessLog,
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
        match value.as_str() {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(format!("LOG_FORMAT is '{value}': expected json or text")),
        }
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
        match value.as_str() {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(format!("ACCESS_LOG is '{value}': expected on or off")),
        }
    }
}
