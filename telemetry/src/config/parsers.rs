//! Parsers for the values of variables. Each returns the parsed value, or a description of the expected
//! value.
//!
//! The formats are those of the OpenTelemetry specification ("Environment Variable Specification" and
//! "Common Configuration Specification").

use std::ops::RangeInclusive;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::variables::Expected;
use crate::url::parse_http_url;
use crate::xray::DaemonAddress;

/// The largest integer that an implementation of the specification has to support.
const MAX_INTEGER: u32 = i32::MAX as u32;

/// The longest interval or timeout in milliseconds. It also stands for "no timeout".
const MAX_MILLIS: u32 = MAX_INTEGER;

/// Headers that the exporter sets itself. A second value would make the request invalid.
const HEADERS_SET_BY_EXPORTER: [&str; 5] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "transfer-encoding",
];

/// Parses decimal digits without a sign. The number must be within `range`.
pub(super) fn parse_integer(value: &str, range: RangeInclusive<u32>) -> Result<u32, Expected> {
    let number = parse_digits(value).filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (min, max) = range.into_inner();
        Expected::new(format!("a whole number from {min} to {max}"))
    })
}

/// Parses a limit on the number of items. 0 is allowed.
pub(super) fn parse_count_limit(value: &str) -> Result<u32, Expected> {
    parse_integer(value, 0..=MAX_INTEGER)
}

/// Parses an interval in milliseconds. 0 is refused, because a thread with that interval would never
/// sleep.
pub(super) fn parse_interval(value: &str) -> Result<Duration, Expected> {
    let millis = parse_digits(value).filter(|millis| (1..=MAX_MILLIS).contains(millis));
    let expected = || {
        Expected::new(format!(
            "whole milliseconds from 1 to {MAX_MILLIS}, without a unit"
        ))
    };
    Ok(Duration::from_millis(millis.ok_or_else(expected)?.into()))
}

/// Parses a timeout in milliseconds. 0 means no timeout: the result is then the longest timeout, as
/// the specification allows.
pub(super) fn parse_timeout(value: &str) -> Result<Duration, Expected> {
    let millis = match parse_digits(value) {
        Some(0) => Some(MAX_MILLIS),
        millis => millis.filter(|millis| *millis <= MAX_MILLIS),
    };
    let expected = || {
        Expected::new(format!(
            "whole milliseconds from 1 to {MAX_MILLIS}, without a unit, or 0 for no timeout"
        ))
    };
    Ok(Duration::from_millis(millis.ok_or_else(expected)?.into()))
}

fn parse_digits(value: &str) -> Option<u32> {
    // `str::parse` also accepts a plus sign.
    let only_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| value.parse().ok())?
}

/// Parses one of the words in `choices`, in upper or lower case. For a word in `not_built_in`, the
/// error says that the specification defines the word and this program does not support it.
pub(super) fn parse_choice<T: Clone>(
    value: &str,
    choices: &[(&str, T)],
    not_built_in: &[&str],
) -> Result<T, Expected> {
    let is_value = |word: &str| word.eq_ignore_ascii_case(value);
    if let Some((_, choice)) = choices.iter().find(|(word, _)| is_value(word)) {
        return Ok(choice.clone());
    }
    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    let words = words.join(" or ");
    Err(Expected::new(
        if not_built_in.iter().any(|word| is_value(word)) {
            format!("{words} ('{value}' is not built in)")
        } else {
            words
        },
    ))
}

/// Parses `on` or `off`. The function is not shared with `http_shell::env`, which also parses switches:
/// neither crate depends on the other, and both would need a third crate for five lines.
pub(super) fn parse_on_off(value: &str) -> Result<bool, Expected> {
    parse_choice(value, &[("on", true), ("off", false)], &[])
}

/// Refuses every value of an option that this program does not support.
pub(super) fn refuse_unsupported(_: &str) -> Result<(), Expected> {
    Err(Expected::new(
        "the variable to be unset, because this option is not built in",
    ))
}

/// Parses a complete HTTP URL.
pub(super) fn parse_url(value: &str) -> Result<String, Expected> {
    let url = parse_http_url(value).map(|_| value.to_owned());
    url.ok_or_else(|| Expected::new("http://host:port/path or https://host:port/path"))
}

/// Parses an HTTP URL to which a path can be appended. Trailing slashes are removed, because the
/// specification forbids double slashes in the result.
pub(super) fn parse_base_url(value: &str) -> Result<String, Expected> {
    let url = parse_http_url(value).filter(|url| url.query().is_none() && !value.contains('#'));
    let base = url.map(|_| value.trim_end_matches('/').to_owned());
    base.ok_or_else(|| {
        Expected::new("http://host:port or https://host:port, with or without a path")
    })
}

/// Parses `AWS_XRAY_DAEMON_ADDRESS`.
pub(super) fn parse_daemon_address(value: &str) -> Result<DaemonAddress, Expected> {
    DaemonAddress::parse(value)
        .ok_or_else(|| Expected::new("host:port, or both udp:host:port and tcp:host:port"))
}

/// Parses `OTEL_SERVICE_NAME`.
pub(super) fn parse_service_name(value: &str) -> Result<String, Expected> {
    if value.contains(char::is_control) {
        return Err(Expected::new("a name without control characters"));
    }
    Ok(value.to_owned())
}

/// Parses `OTEL_RESOURCE_ATTRIBUTES`. The returned keys and values are percent-decoded.
pub(super) fn parse_key_value_pairs(value: &str) -> Result<Vec<(String, String)>, Expected> {
    let pairs = split_pairs(value).and_then(|pairs| {
        let decoded = pairs.into_iter().map(|(key, value)| {
            let (key, value) = (percent_decode(key)?, percent_decode(value)?);
            (!key.is_empty()).then_some((key, value))
        });
        decoded.collect()
    });
    pairs.ok_or_else(|| {
        Expected::new(
            "key=value pairs separated by commas; ',', '=' and '%' in them are written as %2C, \
             %3D and %25",
        )
    })
}

/// Parses HTTP headers. The returned values are still percent-encoded, because the exporter decodes
/// them.
pub(super) fn parse_headers(value: &str) -> Result<Vec<(String, String)>, Expected> {
    let headers = split_pairs(value).and_then(|pairs| {
        let headers = pairs.into_iter().map(|(name, value)| {
            let is_valid = is_allowed_header_name(name) && is_valid_header_value(value);
            is_valid.then(|| (name.to_owned(), value.to_owned()))
        });
        headers.collect()
    });
    headers.ok_or_else(|| {
        Expected::new_hiding_value(
            "name=value pairs separated by commas, as in api-key=1,x-team=red, with all special \
             characters of values percent-encoded (a space is %20)",
        )
    })
}

fn is_allowed_header_name(name: &str) -> bool {
    let name = name.parse::<HeaderName>();
    name.is_ok_and(|name| !HEADERS_SET_BY_EXPORTER.contains(&name.as_str()))
}

/// Whether the value follows the syntax of W3C Baggage, which the specification prescribes for headers.
/// Unlike W3C Baggage, it may contain a space that is not encoded, as in `Basic dXNlcg==`.
fn is_valid_header_value(value: &str) -> bool {
    let must_be_encoded = |letter: char| ['"', ';', '\\'].contains(&letter) || !letter.is_ascii();
    let decoded = percent_decode(value).filter(|_| !value.contains(must_be_encoded));
    decoded.is_some_and(|decoded| HeaderValue::from_str(&decoded).is_ok())
}

/// Splits `a=1,b=2` into keys and values, without the spaces around them. Empty parts are skipped.
/// Returns `None` if a part has no key or no `=`.
fn split_pairs(list: &str) -> Option<Vec<(&str, &str)>> {
    let parts = list.split(',').map(str::trim);
    let pairs = parts.filter(|part| !part.is_empty()).map(|part| {
        let (key, value) = part.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        (!key.is_empty()).then_some((key, value))
    });
    pairs.collect()
}

/// Decodes percent-encoded text. Returns `None` for control characters, for a `%` without two
/// hexadecimal digits, and for bytes that are not UTF-8.
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
