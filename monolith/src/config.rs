//! The configuration of the monolith, from environment variables. Most of `AWS_*` is read by the AWS SDK itself.

use std::time::Duration;

use http_shell::env::{self, ConfigError, Environment};
use serde::{Deserialize, Deserializer};

mod aws;

pub use aws::Retries;

/// Everything that the monolith is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Port and drain.
    pub http: http_shell::Config,
    /// Logs.
    pub telemetry: telemetry::Config,
    /// The monolith's own.
    pub own: Own,
    /// `AWS_MAX_ATTEMPTS` and `AWS_RETRY_MODE`.
    pub retries: Retries,
}

/// Variables of the monolith alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Own {
    /// `DDB_TABLE_NAME`: the table; required.
    #[serde(rename = "ddb_table_name", deserialize_with = "table")]
    pub table: String,
    /// `DDB_TIMEOUT_MS`: bound of everything that one request does in DynamoDB, retries included;
    /// 1500 ms by default.
    #[serde(
        rename = "ddb_timeout_ms",
        default = "default_deadline",
        deserialize_with = "deadline"
    )]
    pub deadline: Duration,
    /// `LIKE_IN_MONOLITH`: the strangler switch, `off` by default; `on` serves likes here too.
    #[serde(default, deserialize_with = "like_in_monolith")]
    pub like_in_monolith: bool,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// When a variable is missing or makes no sense; the error names it.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            own: env.read()?,
            retries: Retries::read(env)?,
        })
    }
}

fn default_deadline() -> Duration {
    Duration::from_millis(1500)
}

fn table<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let expected = "the name or the ARN of a DynamoDB table";
    env::field(deserializer, "DDB_TABLE_NAME", expected, |value| {
        is_table(value).then(|| value.to_owned())
    })
}

/// DynamoDB refuses each request with another name.
fn is_table(value: &str) -> bool {
    let in_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let in_an_arn = |byte: u8| in_a_name(byte) || b":/".contains(&byte);
    match value.strip_prefix("arn:") {
        Some(arn) => arn.contains(":table/") && arn.bytes().all(in_an_arn),
        None => (1..=255).contains(&value.len()) && value.bytes().all(in_a_name),
    }
}

fn deadline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    env::millis(deserializer, "DDB_TIMEOUT_MS")
}

fn like_in_monolith<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    env::switch(deserializer, "LIKE_IN_MONOLITH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        // Names are upper case: `port` is another variable.
        let variables = [("DDB_TABLE_NAME", "MysfitsTable"), ("port", "1")];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let config = Config::read(&variables.into_iter().map(owned).collect()).unwrap();
        assert_eq!(config.http.port, 80);
        assert_eq!(config.http.shutdown_grace, Duration::from_secs(20));
        assert_eq!(config.own.table, "MysfitsTable");
        assert_eq!(config.own.deadline, Duration::from_millis(1500));
        assert!(!config.own.like_in_monolith);
    }
}
