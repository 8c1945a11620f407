//! The kinds of values that variables have, by the OpenTelemetry specification ("Environment Variable
//! Specification" and "Common Configuration Specification").
//!
//! It asks implementations to ignore a value that makes no sense. Here each is an error, so that
//! nobody looks for spans that a typing error keeps away.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::time::Duration;

use http::Uri;
use http::header::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::variables::Kind;

/// The largest number that the specification asks for.
const MAX_INTEGER: u32 = i32::MAX as u32;

/// The longest time in milliseconds; a timeout of 0 means as long.
const MAX_MILLIS: u64 = MAX_INTEGER as u64;

/// Headers that the exporter itself writes; a second value would make the request unreadable.
const EXPORTERS_HEADERS: [&str; 5] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "transfer-encoding",
];

/// A whole number within `range`, in digits alone.
pub(super) fn whole(range: RangeInclusive<u32>) -> Kind<u32> {
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    Kind::new(expected, move |value| {
        let number = digits(value)?.try_into().ok()?;
        range.contains(&number).then_some(number)
    })
}

/// A number of things, of which there may be none.
pub(super) fn count() -> Kind<u32> {
    whole(0..=MAX_INTEGER)
}

/// A time between two events. None at all would keep a processor busy.
pub(super) fn interval() -> Kind<Duration> {
    let expected = format!("whole milliseconds from 1 to {MAX_MILLIS}, without a unit");
    Kind::new(expected, |value| {
        let millis = digits(value).filter(|millis| (1..=MAX_MILLIS).contains(millis));
        millis.map(Duration::from_millis)
    })
}

/// A bound on a wait. 0 is no bound, which the specification lets us write as a very long time.
pub(super) fn timeout() -> Kind<Duration> {
    let expected =
        format!("whole milliseconds from 1 to {MAX_MILLIS}, without a unit, or 0 for no limit");
    Kind::new(expected, |value| match digits(value)? {
        0 => Some(Duration::from_millis(MAX_MILLIS)),
        millis => (millis <= MAX_MILLIS).then(|| Duration::from_millis(millis)),
    })
}

fn digits(value: &str) -> Option<u64> {
    let only_digits = value.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| value.parse().ok())?
}

/// One of `choices`, in upper or lower case.
pub(super) fn choice<T: Clone + 'static>(choices: &'static [(&'static str, T)]) -> Kind<T> {
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    Kind::new(names.join(" or "), |value| {
        let found = choices
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(value));
        found.map(|(_, choice)| choice.clone())
    })
}

/// A value that nothing here can use.
pub(super) fn unsupported() -> Kind<()> {
    Kind::new("it not to be set, since it is not built in", |_| None)
}

/// The whole URL of a collector.
pub(super) fn url() -> Kind<String> {
    let expected = "http://host:port/path or https://host:port/path";
    Kind::new(expected, |value| http_url(value).map(|_| value.to_owned()))
}

/// A URL that more is to be written behind.
pub(super) fn base_url() -> Kind<String> {
    let expected = "http://host:port or https://host:port, with or without a path";
    Kind::new(expected, |value| {
        let url = http_url(value)?;
        let only_path = url.query().is_none() && !value.contains('#');
        // The specification wants double slashes corrected.
        let base = value.trim_end_matches('/');
        only_path.then(|| base.to_owned())
    })
}

/// The URL, if it is one of HTTP with a host and without a user's name or password.
pub fn http_url(value: &str) -> Option<Uri> {
    let url: Uri = value.parse().ok()?;
    let scheme = url.scheme_str().filter(|it| ["http", "https"].contains(it));
    let host = scheme.and(url.host())?;
    // `Uri` accepts an invalid port and then reports no port.
    let port = match url.authority()?.as_str().strip_prefix(host)? {
        "" => true,
        port => port.strip_prefix(':').and_then(digits).is_some_and(is_port),
    };
    (is_host(host) && port).then_some(url)
}

fn is_port(port: u64) -> bool {
    (1..=u16::MAX.into()).contains(&port)
}

/// Whether `host` is a name, or an address: by IPv6 in brackets.
pub fn is_host(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        // Digits and dots are an address or nothing.
        None if host
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.') =>
        {
            host.parse::<Ipv4Addr>().is_ok()
        }
        None => {
            // A dot at the end marks a whole name.
            let name = host.strip_suffix('.').unwrap_or(host);
            name.split('.').all(is_label)
        }
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    label.bytes().all(allowed) && label.contains(|it: char| it.is_ascii_alphanumeric())
}

/// `OTEL_SERVICE_NAME`.
pub(super) fn name() -> Kind<String> {
    Kind::new("a name without control characters", |value| {
        (!value.contains(char::is_control)).then(|| value.to_owned())
    })
}

/// `OTEL_RESOURCE_ATTRIBUTES`: decoded names and values.
pub(super) fn attributes() -> Kind<Vec<(String, String)>> {
    let expected = "key=value pairs separated by commas; ',', '=' and '%' in them are written as \
                    %2C, %3D and %25";
    Kind::new(expected, |value| {
        let pairs = pairs(value)?.into_iter();
        let decoded = pairs.map(|(key, value)| {
            let (key, value) = (decoded(key)?, decoded(value)?);
            (!key.is_empty()).then_some((key, value))
        });
        decoded.collect()
    })
}

/// Headers of a request: names, and values that are still percent-encoded, for the exporter decodes
/// them.
pub(super) fn headers() -> Kind<Vec<(String, String)>> {
    let expected = "name=value pairs separated by commas, as in api-key=1,x-team=red, with all \
                    special characters of values percent-encoded (a space is %20)";
    let headers = Kind::new(expected, |value| {
        let pairs = pairs(value)?.into_iter();
        let headers = pairs.map(|(name, value)| {
            is_header(name, value).then(|| (name.to_owned(), value.to_owned()))
        });
        headers.collect()
    });
    headers.secret()
}

fn is_header(name: &str, value: &str) -> bool {
    let name = name.parse::<HeaderName>();
    let ours = |name: &HeaderName| EXPORTERS_HEADERS.contains(&name.as_str());
    // W3C's baggage, whose syntax this is, knows these only encoded. It does not know a space either,
    // but "Basic dXNlcg==" is what people write.
    let special = |letter: char| ['"', ';', '\\'].contains(&letter) || !letter.is_ascii();
    let value = decoded(value).filter(|_| !value.contains(special));
    let value = value.filter(|value| HeaderValue::from_str(value).is_ok());
    name.is_ok_and(|name| !ours(&name)) && value.is_some()
}

/// The parts of `a=1,b=2`. Parts without anything in them are left out.
fn pairs(list: &str) -> Option<Vec<(&str, &str)>> {
    let parts = list.split(',').map(str::trim).filter(|it| !it.is_empty());
    let pairs = parts.map(|part| {
        let (key, value) = part.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        (!key.is_empty()).then_some((key, value))
    });
    pairs.collect()
}

/// `text` without its percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let encodings = text.split('%').skip(1);
    let whole = |rest: &str| {
        let bytes = rest.as_bytes().get(..2);
        bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_hexdigit))
    };
    if !encodings.into_iter().all(whole) || text.contains(char::is_control) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}
