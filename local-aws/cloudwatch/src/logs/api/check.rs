//! The constraints of AWS's model of the API, and the messages of AWS for values that violate them.

use std::fmt::Display;

use wire::{Error, REGION, shorten};

use super::invalid;

/// Maximum number of characters in the name of a log group, a log stream or a metric filter.
const MAX_NAME_LENGTH: usize = 512;

/// Longer values are shortened in messages. AWS shows them whole.
const MAX_SHOWN_LENGTH: usize = 2048;

/// The error for a value that violates a constraint.
pub fn violation(name: &str, value: impl Display, constraint: &str) -> Error {
    let mut value = value.to_string();
    if value.len() > MAX_SHOWN_LENGTH {
        value = shorten(&value);
    }
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    ))
}

/// Checks the number of characters of a value.
pub fn length(name: &str, value: &str, min: usize, max: usize) -> Result<(), Error> {
    let length = value.chars().count();
    if length < min {
        let constraint = format!("Member must have length greater than or equal to {min}");
        return Err(violation(name, value, &constraint));
    }
    if length > max {
        let constraint = format!("Member must have length less than or equal to {max}");
        return Err(violation(name, value, &constraint));
    }
    Ok(())
}

/// Checks a number, and returns it.
pub fn range(name: &str, value: Option<i64>, min: i64, max: i64) -> Result<Option<i64>, Error> {
    let Some(value) = value else {
        return Ok(None);
    };
    if value < min {
        let constraint = format!("Member must have value greater than or equal to {min}");
        return Err(violation(name, value, &constraint));
    }
    if value > max {
        let constraint = format!("Member must have value less than or equal to {max}");
        return Err(violation(name, value, &constraint));
    }
    Ok(Some(value))
}

/// Checks a time in milliseconds.
pub fn time(name: &str, value: Option<i64>) -> Result<Option<i64>, Error> {
    range(name, value, 0, i64::MAX)
}

/// Checks a text against one of the patterns of the model.
fn pattern(
    name: &str,
    value: &str,
    pattern: &str,
    is_allowed: fn(char) -> bool,
) -> Result<(), Error> {
    if value.chars().all(is_allowed) {
        return Ok(());
    }
    let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
    Err(violation(name, value, &constraint))
}

/// Checks the name of a log group.
pub fn group_name(name: &str) -> Result<(), Error> {
    group_name_of("logGroupName", name)
}

/// As [`group_name`], for a parameter with another name.
pub fn group_name_of(parameter: &str, name: &str) -> Result<(), Error> {
    not_too_long(name)?;
    length(parameter, name, 1, MAX_NAME_LENGTH)?;
    pattern(parameter, name, r"[\.\-_/#A-Za-z0-9]+", |it| {
        it.is_ascii_alphanumeric() || ".-_/#".contains(it)
    })
}

/// Checks the name of a log stream.
pub fn stream_name(parameter: &str, name: &str) -> Result<(), Error> {
    not_too_long(name)?;
    length(parameter, name, 1, MAX_NAME_LENGTH)?;
    pattern(parameter, name, "[^:*]*", |it| !":*".contains(it))
}

/// Checks the name of a metric filter.
pub fn filter_name(parameter: &str, name: &str) -> Result<(), Error> {
    length(parameter, name, 1, MAX_NAME_LENGTH)?;
    pattern(parameter, name, "[^:*]*", |it| !":*".contains(it))
}

/// Checks the name or the namespace of a metric.
pub fn metric_name(parameter: &str, name: &str) -> Result<(), Error> {
    length(parameter, name, 0, 255)?;
    pattern(parameter, name, "[^:*$]*", |it| !":*$".contains(it))
}

/// Names of log groups and log streams have a message of their own.
fn not_too_long(name: &str) -> Result<(), Error> {
    match name.chars().count() > MAX_NAME_LENGTH {
        true => Err(invalid(
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        )),
        false => Ok(()),
    }
}

/// The name of the log group out of the two parameters that can have it: a name, or a name or an ARN.
pub fn one_group<'a>(name: Option<&'a str>, identifier: Option<&'a str>) -> Result<&'a str, Error> {
    let name = match (name, identifier) {
        (Some(_), Some(_)) => {
            let message = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
            return Err(Error::bad_request("ValidationException", message));
        }
        (Some(name), None) => name,
        (None, Some(identifier)) => {
            length("logGroupIdentifier", identifier, 1, 2048)?;
            pattern("logGroupIdentifier", identifier, r"[\w#+=/:,.@-]*", |it| {
                it.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(it)
            })?;
            let prefix = wire::arn("logs", REGION, "log-group:");
            identifier.strip_prefix(&prefix).unwrap_or(identifier)
        }
        (None, None) => {
            let message = "One of logGroupName and logGroupIdentifier must be specified.";
            return Err(invalid(message));
        }
    };
    match name.starts_with("arn:") {
        // A log group of another account or another region.
        true => Err(super::no_such_group()),
        false => Ok(name),
    }
}
