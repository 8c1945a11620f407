//! The variables of the AWS SDK. It reads them itself; here each is checked before.
//!
//! Left alone, the SDK ignores what makes no sense, or fails with each request. The rules are those of
//! the "AWS SDKs and Tools Reference Guide" and of the SDK's own parsers.

use std::path::Path;

use actix_web::http::Uri;
use actix_web::http::header::HeaderValue;
use aws_sdk_dynamodb::config::AppName;
use aws_sdk_dynamodb::config::retry::RetryMode;
use http_shell::env::{ConfigError, Environment, is_utf_8};
use rustls_native_certs::load_certs_from_paths;
use telemetry::is_host;

/// What an AWS variable is, by its name: what it expects, and whether a value is that.
type Variable = (&'static str, &'static str, fn(&str) -> bool);

const REGION: &str = "a region such as eu-west-1";
const URL: &str = "http://host:port or https://host:port, with or without a path";
const SWITCH: &str = "true or false";
const CHECKSUMS: &str = "when_supported or when_required";
const HEADER: &str = "a token that can be sent in a header";
const NOT_EMPTY: &str = "a value";

/// Every variable that the SDK reads and that can have a value without sense.
const VARIABLES: &[Variable] = &[
    ("AWS_REGION", REGION, is_region),
    ("AWS_DEFAULT_REGION", REGION, is_region),
    ("AWS_ENDPOINT_URL", URL, is_url),
    ("AWS_ENDPOINT_URL_DYNAMODB", URL, is_url),
    ("AWS_ENDPOINT_URL_STS", URL, is_url),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", SWITCH, is_switch),
    ("AWS_USE_FIPS_ENDPOINT", SWITCH, is_switch),
    ("AWS_USE_DUALSTACK_ENDPOINT", SWITCH, is_switch),
    ("AWS_DISABLE_REQUEST_COMPRESSION", SWITCH, is_switch),
    ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", SWITCH, is_switch),
    (
        "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
        "whole bytes from 0 to 10485760",
        is_size,
    ),
    (
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        CHECKSUMS,
        is_checksum_rule,
    ),
    (
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
        CHECKSUMS,
        is_checksum_rule,
    ),
    ("AWS_ACCOUNT_ID", "twelve digits", is_account),
    (
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "preferred, disabled or required",
        |value| is_one_of(value, &["preferred", "disabled", "required"]),
    ),
    (
        "AWS_AUTH_SCHEME_PREFERENCE",
        "names separated by commas, such as sigv4",
        |value| value.is_empty() || value.split(',').all(|name| !name.trim().is_empty()),
    ),
    (
        "AWS_SDK_UA_APP_ID",
        "letters, digits and any of !#$%&'*+-.^_`|~",
        |value| value.is_empty() || AppName::new(value.to_owned()).is_ok(),
    ),
    ("AWS_EC2_METADATA_DISABLED", SWITCH, is_switch),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", URL, is_url),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "IPv4 or IPv6",
        |value| ["ipv4", "ipv6"].contains(&&*value.to_ascii_lowercase()),
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "a path such as /credentials",
        |value| value.starts_with('/') && value.parse::<Uri>().is_ok(),
    ),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", URL, |value| {
        is_url(value.split('?').next().unwrap_or_default())
    }),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        NOT_EMPTY,
        is_not_empty,
    ),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", NOT_EMPTY, is_not_empty),
    ("AWS_ROLE_ARN", "the ARN of a role", |value| {
        value.starts_with("arn:") && value.contains(":role/")
    }),
    (
        "AWS_ROLE_SESSION_NAME",
        "2 to 64 letters, digits or any of _=,.@-",
        is_session_name,
    ),
    (
        "SSL_CERT_FILE",
        "a file with certificates in PEM form",
        is_certificate_file,
    ),
    (
        "SSL_CERT_DIR",
        "directories with certificates in PEM form, separated by ':'",
        are_certificate_directories,
    ),
    (
        "SMITHY_CLIENT_SDK_CUSTOM_PARTITION",
        "it not to be set, since it is for tests of the SDK",
        |_| false,
    ),
];

/// Variables whose values no error shows.
const SECRETS: &[Variable] = &[
    ("AWS_ACCESS_KEY_ID", "a key without white space", is_key),
    ("AWS_SECRET_ACCESS_KEY", "a key without white space", is_key),
    ("AWS_SESSION_TOKEN", HEADER, is_key),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", HEADER, |value| {
        !value.is_empty() && HeaderValue::from_str(value).is_ok()
    }),
];

/// Variables that mean something only together.
const PAIRS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
];

/// How often the SDK tries a request. Its own default pauses are too long for our deadline, so we set
/// its retries and it does not read these variables.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// `AWS_MAX_ATTEMPTS`: attempts in all, 3 by default.
    pub max_attempts: u32,
    /// `AWS_RETRY_MODE`: `standard` by default, or `adaptive`.
    pub mode: RetryMode,
}

impl Retries {
    /// Reads the variables, after all other variables of the SDK have been checked.
    ///
    /// # Errors
    ///
    /// When one makes no sense; the error names it.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        check(env)?;
        let attempts = text(env, "AWS_MAX_ATTEMPTS").unwrap_or("3");
        let max_attempts = attempts.parse().ok().filter(|attempts| *attempts > 0);
        let mode = text(env, "AWS_RETRY_MODE").unwrap_or("standard");
        Ok(Self {
            max_attempts: max_attempts.ok_or_else(|| {
                refused("AWS_MAX_ATTEMPTS", attempts, "a whole number, at least 1")
            })?,
            mode: mode
                .parse()
                .map_err(|_| refused("AWS_RETRY_MODE", mode, "standard or adaptive"))?,
        })
    }
}

fn check(env: &Environment) -> Result<(), ConfigError> {
    for (name, expected, is_right) in VARIABLES {
        let is_wrong = |value: &&str| !is_utf_8(value) || !is_right(value);
        if let Some(value) = env.get(name).filter(is_wrong) {
            return Err(refused(name, value, expected));
        }
    }
    for (name, expected, is_right) in SECRETS {
        // The SDK takes an empty one for none.
        if text(env, name).is_some_and(|value| !is_right(value)) {
            let text =
                format!("{name} makes no sense (its value is not shown): expected {expected}");
            return Err(ConfigError::Invalid(text));
        }
    }
    for (name, other) in PAIRS {
        if text(env, name).is_some() && text(env, other).is_none() {
            let text = format!("{other} is not set: expected a value, because {name} has one");
            return Err(ConfigError::Invalid(text));
        }
    }
    Ok(())
}

/// The value of `name`, unless it is blank.
fn text<'a>(env: &'a Environment, name: &str) -> Option<&'a str> {
    env.get(name).filter(|value| !value.trim().is_empty())
}

fn refused(name: &str, value: &str, expected: &str) -> ConfigError {
    // What stands before an @ in a URL is a password.
    ConfigError::Invalid(if value.contains('@') {
        format!("{name} makes no sense (its value is not shown): expected {expected}")
    } else {
        format!("{name} is '{value}': expected {expected}")
    })
}

/// The client of the SDK trusts these certificates instead of the system's.
fn is_certificate_file(value: &str) -> bool {
    let loaded = load_certs_from_paths(Some(Path::new(value)), None);
    loaded.errors.is_empty() && !loaded.certs.is_empty()
}

fn are_certificate_directories(value: &str) -> bool {
    let paths = std::env::split_paths(value);
    let mut paths = paths.filter(|path| !path.as_os_str().is_empty());
    value.is_empty() || paths.any(|path| !load_certs_from_paths(None, Some(&path)).certs.is_empty())
}

/// A region is a part of host names.
fn is_region(value: &str) -> bool {
    let in_a_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&value.len())
        && value.bytes().all(in_a_label)
        && !value.starts_with('-')
        && !value.ends_with('-')
}

fn is_url(value: &str) -> bool {
    let Ok(url) = value.parse::<Uri>() else {
        return false;
    };
    let scheme = url.scheme_str().unwrap_or_default();
    let (Some(host), Some(authority)) = (url.host(), url.authority()) else {
        return false;
    };
    let port = authority.as_str().strip_prefix(host);
    let is_port = port.is_some_and(|port| {
        let number = port.strip_prefix(':').map(str::parse);
        port.is_empty() || matches!(number, Some(Ok(1..=u16::MAX)))
    });
    let only_path = url.query().is_none() && !value.contains('#');
    ["http", "https"].contains(&scheme) && is_host(host) && is_port && only_path
}

/// Where the SDK expects a word, it takes an empty value for none.
fn is_one_of(value: &str, words: &[&str]) -> bool {
    value.is_empty() || words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn is_switch(value: &str) -> bool {
    is_one_of(value, &["true", "false"])
}

fn is_checksum_rule(value: &str) -> bool {
    is_one_of(value, &["when_supported", "when_required"])
}

fn is_size(value: &str) -> bool {
    value.is_empty() || matches!(value.parse(), Ok(0..=10_485_760_u32))
}

fn is_account(value: &str) -> bool {
    value.is_empty() || (value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_not_empty(value: &str) -> bool {
    !value.trim().is_empty()
}

fn is_key(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_session_name(value: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@+-".contains(&byte);
    (2..=64).contains(&value.len()) && value.bytes().all(known)
}
