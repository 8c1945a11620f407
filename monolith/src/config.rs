//! The configuration of the monolith, from environment variables. The AWS SDK itself reads most `AWS_*`
//! variables.

use std::time::Duration;

use http_shell::env::{ConfigError, Environment, Variables};

mod aws;

pub use aws::Retries;

/// The configuration of the monolith.
#[derive(Clone, Debug)]
pub struct Config {
    /// The HTTP server.
    pub http: http_shell::Config,
    /// The configuration of logs, traces and metrics.
    pub telemetry: telemetry::Config,
    /// `DDB_TABLE_NAME`: the name or ARN of the table.
    pub table: String,
    /// `DDB_TIMEOUT_MS`: deadline for all DynamoDB calls of one request, including retries.
    pub deadline: Duration,
    /// `LIKE_IN_MONOLITH`: whether the monolith serves `POST /mysfits/{id}/like`.
    pub like_in_monolith: bool,
    /// `LIKE_BATCHING`: whether concurrent likes of one mysfit are written with one update.
    pub like_batching: bool,
    /// `AWS_MAX_ATTEMPTS` and `AWS_RETRY_MODE`.
    pub retries: Retries,
}

impl Config {
    /// Reads the configuration from the environment.
    ///
    /// # Errors
    ///
    /// Returns an error when a variable is missing or invalid; the error names the variable.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        let variables: Variables = env.read()?;
        let expected_table = "the name or the ARN of a DynamoDB table";
        Ok(Self {
            http: env.read()?,
            telemetry: env.read()?,
            table: variables.parse_required("DDB_TABLE_NAME", expected_table, parse_table)?,
            deadline: variables.parse_deadline("DDB_TIMEOUT_MS", Duration::from_millis(1500))?,
            like_in_monolith: variables.parse_switch("LIKE_IN_MONOLITH", false)?,
            like_batching: variables.parse_switch("LIKE_BATCHING", false)?,
            retries: aws::read(&variables)?,
        })
    }
}

/// Accepts the table names and ARNs that DynamoDB accepts.
fn parse_table(value: &str) -> Option<String> {
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_arn_byte = |byte: u8| is_name_byte(byte) || b":/".contains(&byte);
    let is_valid = match value.strip_prefix("arn:") {
        Some(arn) => arn.contains(":table/") && arn.bytes().all(is_arn_byte),
        None => (1..=255).contains(&value.len()) && value.bytes().all(is_name_byte),
    };
    is_valid.then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_not_set_have_the_documented_defaults() {
        // Names of variables are case-sensitive: `port` does not set `PORT`.
        let variables = [("DDB_TABLE_NAME", "MysfitsTable"), ("port", "1")];
        let to_owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let config = Config::read(&variables.into_iter().map(to_owned).collect()).unwrap();
        assert_eq!(config.http.port, 80);
        assert_eq!(config.http.shutdown_grace, Duration::from_secs(20));
        assert_eq!(config.table, "MysfitsTable");
        assert_eq!(config.deadline, Duration::from_millis(1500));
        assert!(!config.like_in_monolith);
        assert!(!config.like_batching);
    }

    /// DynamoDB's rules for table names:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
    #[test]
    fn a_table_is_a_name_of_letters_digits_and_three_signs_or_the_arn_of_a_table() {
        let longest_name = "x".repeat(255);
        for table in [
            "a-1._B",
            &longest_name,
            "arn:aws:dynamodb:eu-west-1:123456789012:table/MysfitsTable",
        ] {
            assert_eq!(parse_table(table).as_deref(), Some(table));
        }
        let too_long_name = "x".repeat(256);
        for table in [
            "",
            &too_long_name,
            "a/b",
            "a b",
            "arn:aws:dynamodb:eu-west-1:123456789012:index/MysfitsTable",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/a b",
        ] {
            assert_eq!(parse_table(table), None, "{table}");
        }
    }
}
