//! Parsers for the values of environment variables. Each parser returns the parsed value, or a
//! description of the expected value.
//!
//! OpenTelemetry's specification defines the formats ("Environment Variable Specification" and "Common
//! Configuration Specification").

use std::ops::RangeInclusive;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::variables::ExpectedValue;
use crate::url::parse_http_url;
use crate::xray::DaemonAddress;

/// The largest integer that OpenTelemetry's specification requires.
const MAX_INTEGER: u32 = i32::MAX as u32;

/// The maximum interval or timeout, in milliseconds. A configured timeout of 0 means that there is no
/// timeout. The parser replaces the timeout 0 with `MAX_MILLIS`.
const MAX_MILLIS: u32 = MAX_INTEGER;

/// The HTTP headers that the OTLP exporter sets. A configured value for a header that the exporter sets would
/// make the OTLP request invalid.
const HEADERS_SET_BY_EXPORTER: [&str; 5] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "transfer-encoding",
];

/// Parses a decimal number without a sign. The number must be within `range`.
pub(super) fn parse_integer(value: &str, range: RangeInclusive<u32>) -> Result<u32, ExpectedValue> {
    let number = parse_digits(value).filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (min, max) = range.into_inner();
        ExpectedValue::new(format!("a whole number from {min} to {max}"))
    })
}

/// Parses a maximum number of items. The maximum 0 is valid.
pub(super) fn parse_count_limit(value: &str) -> Result<u32, ExpectedValue> {
    parse_integer(value, 0..=MAX_INTEGER)
}

/// Parses an interval in milliseconds. The interval 0 is invalid, because a thread with the interval 0 would
/// run without a pause.
pub(super) fn parse_interval(value: &str) -> Result<Duration, ExpectedValue> {
    let millis = parse_digits(value).filter(|millis| (1..=MAX_MILLIS).contains(millis));
    let expected = || {
        ExpectedValue::new(format!(
            "whole milliseconds from 1 to {MAX_MILLIS}, without a unit"
        ))
    };
    Ok(Duration::from_millis(millis.ok_or_else(expected)?.into()))
}

/// Parses a timeout in milliseconds. The value 0 means no timeout, and is parsed as [`MAX_MILLIS`].
/// OpenTelemetry's specification allows a maximum timeout instead of no timeout.
pub(super) fn parse_timeout(value: &str) -> Result<Duration, ExpectedValue> {
    let millis = match parse_digits(value) {
        Some(0) => Some(MAX_MILLIS),
        millis => millis.filter(|millis| *millis <= MAX_MILLIS),
    };
    let expected = || {
        ExpectedValue::new(format!(
            "whole milliseconds from 1 to {MAX_MILLIS}, without a unit, or 0 for no timeout"
        ))
    };
    Ok(Duration::from_millis(millis.ok_or_else(expected)?.into()))
}

fn parse_digits(value: &str) -> Option<u32> {
    // The function checks the digits itself, because `str::parse` also accepts a plus sign.
    let has_only_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    has_only_digits.then(|| value.parse().ok())?
}

/// Parses one of the words in `choices`, in upper or lower case. `not_built_in` lists words that the
/// specification defines and this program does not support. If `value` is one of the words in `not_built_in`,
/// the error message says that the value is not built in.
pub(super) fn parse_choice<T: Clone>(
    value: &str,
    choices: &[(&str, T)],
    not_built_in: &[&str],
) -> Result<T, ExpectedValue> {
    let equals_value = |word: &str| word.eq_ignore_ascii_case(value);
    if let Some((_, choice)) = choices.iter().find(|(word, _)| equals_value(word)) {
        return Ok(choice.clone());
    }
    let expected_words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    let expected_words = expected_words.join(" or ");
    Err(ExpectedValue::new(
        if not_built_in.iter().any(|word| equals_value(word)) {
            format!("{expected_words} ('{value}' is not built in)")
        } else {
            expected_words
        },
    ))
}

/// Parses `on` or `off`. `http_shell::env` contains a similar parser, because a shared function would require
/// a third crate for five lines.
pub(super) fn parse_on_off(value: &str) -> Result<bool, ExpectedValue> {
    parse_choice(value, &[("on", true), ("off", false)], &[])
}

/// Rejects every value of an option that this program does not support.
pub(super) fn reject_unsupported(_: &str) -> Result<(), ExpectedValue> {
    Err(ExpectedValue::new(
        "the variable to be unset, because this option is not built in",
    ))
}

/// Parses a complete HTTP URL.
pub(super) fn parse_url(value: &str) -> Result<String, ExpectedValue> {
    let url = parse_http_url(value).map(|_| value.to_owned());
    url.ok_or_else(|| ExpectedValue::new("http://host:port/path or https://host:port/path"))
}

/// Parses an HTTP URL to which a path can be appended. Trailing slashes of the URL are removed, because
/// OpenTelemetry's specification forbids double slashes between the URL and the path.
pub(super) fn parse_base_url(value: &str) -> Result<String, ExpectedValue> {
    let url = parse_http_url(value).filter(|url| url.query().is_none() && !value.contains('#'));
    let base_url = url.map(|_| value.trim_end_matches('/').to_owned());
    base_url.ok_or_else(|| {
        ExpectedValue::new("http://host:port or https://host:port, with or without a path")
    })
}

/// Parses `AWS_XRAY_DAEMON_ADDRESS`.
pub(super) fn parse_daemon_address(value: &str) -> Result<DaemonAddress, ExpectedValue> {
    DaemonAddress::parse(value)
        .ok_or_else(|| ExpectedValue::new("host:port, or both udp:host:port and tcp:host:port"))
}

/// Parses `OTEL_SERVICE_NAME`.
pub(super) fn parse_service_name(value: &str) -> Result<String, ExpectedValue> {
    if value.contains(char::is_control) {
        return Err(ExpectedValue::new("a name without control characters"));
    }
    Ok(value.to_owned())
}

/// Parses `OTEL_RESOURCE_ATTRIBUTES`. The returned keys and values are percent-decoded.
pub(super) fn parse_key_value_pairs(value: &str) -> Result<Vec<(String, String)>, ExpectedValue> {
    let pairs = split_pairs(value).and_then(|pairs| {
        let decoded_pairs = pairs.into_iter().map(|(key, value)| {
            let (key, value) = (percent_decode(key)?, percent_decode(value)?);
            (!key.is_empty()).then_some((key, value))
        });
        decoded_pairs.collect()
    });
    pairs.ok_or_else(|| {
        ExpectedValue::new(
            "key=value pairs separated by commas; ',', '=' and '%' in them are written as %2C, \
             %3D and %25",
        )
    })
}

/// Parses HTTP headers. The returned values are still percent-encoded, because the OTLP exporter decodes the
/// values.
pub(super) fn parse_headers(value: &str) -> Result<Vec<(String, String)>, ExpectedValue> {
    let headers = split_pairs(value).and_then(|pairs| {
        let headers = pairs.into_iter().map(|(name, value)| {
            let is_valid = is_allowed_header_name(name) && is_valid_header_value(value);
            is_valid.then(|| (name.to_owned(), value.to_owned()))
        });
        headers.collect()
    });
    headers.ok_or_else(|| {
        ExpectedValue::new_hiding_value(
            "name=value pairs separated by commas, as in api-key=1,x-team=red, with all special \
             characters of values percent-encoded (a space is %20)",
        )
    })
}

fn is_allowed_header_name(name: &str) -> bool {
    let name = name.parse::<HeaderName>();
    name.is_ok_and(|name| !HEADERS_SET_BY_EXPORTER.contains(&name.as_str()))
}

/// Whether `value` has the syntax of W3C Baggage, as OpenTelemetry's specification requires. In addition to
/// W3C Baggage, `value` may contain unencoded spaces, as in `Basic dXNlcg==`.
fn is_valid_header_value(value: &str) -> bool {
    let must_be_encoded = |letter: char| ['"', ';', '\\'].contains(&letter) || !letter.is_ascii();
    let decoded = percent_decode(value).filter(|_| !value.contains(must_be_encoded));
    decoded.is_some_and(|decoded| HeaderValue::from_str(&decoded).is_ok())
}

/// Splits a list such as `a=1,b=2` into keys and values. Spaces around keys and values are removed. Empty
/// list items are skipped. Returns `None` if a list item has no key or no `=`.
fn split_pairs(list: &str) -> Option<Vec<(&str, &str)>> {
    let parts = list.split(',').map(str::trim);
    let pairs = parts.filter(|part| !part.is_empty()).map(|part| {
        let (key, value) = part.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        (!key.is_empty()).then_some((key, value))
    });
    pairs.collect()
}

/// Decodes percent-encoded text. Returns `None` if `text` contains a control character or a `%` without two
/// hexadecimal digits, or if the decoded bytes are not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let starts_with_two_digits = |rest: &str| {
        let bytes = rest.as_bytes().get(..2);
        bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_hexdigit))
    };
    let mut texts_after_percent = text.split('%').skip(1);
    if !texts_after_percent.all(starts_with_two_digits) || text.contains(char::is_control) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
