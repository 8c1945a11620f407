//! Checks the environment variables of the AWS SDK before the SDK reads them.
//!
//! Without these checks, the SDK would ignore most invalid values. The invalid values that the SDK does not
//! ignore would make each request fail. The checks follow the "AWS SDKs and Tools Reference Guide" and the
//! SDK's parsers.

use std::path::Path;

use actix_web::http::Uri;
use actix_web::http::header::HeaderValue;
use aws_sdk_dynamodb::config::AppName;
use aws_sdk_dynamodb::config::retry::RetryMode;
use http_shell::env::{ConfigError, Variables};
use rustls_native_certs::load_certs_from_paths;
use telemetry::is_host;

/// The valid values of a variable: a description for the error message, and a function that checks a value.
type ValueKind = (&'static str, fn(&str) -> bool);

const ACCOUNT_ID: ValueKind = ("twelve digits", is_account_id);
const APP_ID: ValueKind = ("letters, digits and any of !#$%&'*+-.^_`|~", is_app_id);
const AUTH_SCHEMES: ValueKind = ("names separated by commas, such as sigv4", are_scheme_names);
const BOOLEAN: ValueKind = ("true or false", is_boolean);
const CERTIFICATE_DIRECTORIES: ValueKind = (
    "directories with certificates in PEM form, separated by ':'",
    are_certificate_directories,
);
const CERTIFICATE_FILE: ValueKind = ("a file with certificates in PEM form", is_certificate_file);
const CHECKSUM_MODE: ValueKind = ("when_supported or when_required", is_checksum_mode);
const COMPRESSION_SIZE: ValueKind = ("whole bytes from 0 to 10485760", is_compression_size);
const ENDPOINT_MODE: ValueKind = ("preferred, disabled or required", is_endpoint_mode);
const IP_VERSION: ValueKind = ("IPv4 or IPv6", is_ip_version);
const ACCESS_KEY: ValueKind = ("a key without white space", is_ascii_graphic);
const NOT_BLANK: ValueKind = ("a value", is_not_blank);
const CREDENTIALS_PATH: ValueKind = ("a path such as /credentials", is_path);
const REGION: ValueKind = ("a region such as eu-west-1", is_region);
const ROLE_ARN: ValueKind = ("the ARN of a role", is_role_arn);
const SESSION_NAME: ValueKind = ("2 to 64 letters, digits or any of _=,.@-", is_session_name);
const SESSION_TOKEN: ValueKind = ("a token that can be sent in a header", is_ascii_graphic);
const AUTHORIZATION_TOKEN: ValueKind = ("a token that can be sent in a header", is_header_value);
const NO_VALUE: ValueKind = ("no value, because only tests of the SDK use it", |_| false);
const URL: ValueKind = (
    "http://host:port or https://host:port, with or without a path",
    is_url,
);
const URL_WITH_QUERY: ValueKind = (URL.0, is_url_with_query);

/// The variables that the SDK reads, each with its valid values. A variable that accepts every value is not
/// listed.
const VARIABLES: &[(&str, ValueKind)] = &[
    ("AWS_ACCOUNT_ID", ACCOUNT_ID),
    ("AWS_ACCOUNT_ID_ENDPOINT_MODE", ENDPOINT_MODE),
    ("AWS_AUTH_SCHEME_PREFERENCE", AUTH_SCHEMES),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NOT_BLANK),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", URL_WITH_QUERY),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", CREDENTIALS_PATH),
    ("AWS_DEFAULT_REGION", REGION),
    ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", BOOLEAN),
    ("AWS_DISABLE_REQUEST_COMPRESSION", BOOLEAN),
    ("AWS_EC2_METADATA_DISABLED", BOOLEAN),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", URL),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", IP_VERSION),
    ("AWS_ENDPOINT_URL", URL),
    ("AWS_ENDPOINT_URL_DYNAMODB", URL),
    ("AWS_ENDPOINT_URL_STS", URL),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", BOOLEAN),
    ("AWS_REGION", REGION),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", CHECKSUM_MODE),
    ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", COMPRESSION_SIZE),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", CHECKSUM_MODE),
    ("AWS_ROLE_ARN", ROLE_ARN),
    ("AWS_ROLE_SESSION_NAME", SESSION_NAME),
    ("AWS_SDK_UA_APP_ID", APP_ID),
    ("AWS_USE_DUALSTACK_ENDPOINT", BOOLEAN),
    ("AWS_USE_FIPS_ENDPOINT", BOOLEAN),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", NOT_BLANK),
    ("SMITHY_CLIENT_SDK_CUSTOM_PARTITION", NO_VALUE),
    ("SSL_CERT_DIR", CERTIFICATE_DIRECTORIES),
    ("SSL_CERT_FILE", CERTIFICATE_FILE),
];

/// Variables with secret values. Error messages do not contain the secret values.
const SECRET_VARIABLES: &[(&str, ValueKind)] = &[
    ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", AUTHORIZATION_TOKEN),
    ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY),
    ("AWS_SESSION_TOKEN", SESSION_TOKEN),
];

/// Pairs of variables: if the first variable of a pair is set, the second variable must be set too.
const DEPENDENT_VARIABLES: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
];

/// The retry settings of the SDK. The monolith itself reads the variables of the retry settings and
/// configures the retries of the SDK, because the SDK's default pauses are too long for the monolith's
/// deadline.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// `AWS_MAX_ATTEMPTS`: maximum number of attempts of a call, including the first attempt.
    pub max_attempts: u32,
    /// `AWS_RETRY_MODE`: `standard` or `adaptive`.
    pub mode: RetryMode,
}

/// Checks all variables of the SDK, and reads the retry settings.
///
/// # Errors
///
/// Returns an error when a variable is missing or invalid; the error names the variable.
pub fn read(variables: &Variables) -> Result<Retries, ConfigError> {
    for (name, (expected, is_valid)) in VARIABLES {
        variables.parse_optional(name, expected, |value| is_valid(value).then_some(()))?;
    }
    for (name, (expected, is_valid)) in SECRET_VARIABLES {
        if !non_blank(variables, name).is_none_or(is_valid) {
            return Err(ConfigError::invalid_secret(name, expected));
        }
    }
    for (name, dependency) in DEPENDENT_VARIABLES {
        if non_blank(variables, name).is_some() && non_blank(variables, dependency).is_none() {
            let message =
                format!("{dependency} is not set: expected a value, because {name} is set");
            return Err(ConfigError::Invalid(message));
        }
    }
    let max_attempts = non_blank(variables, "AWS_MAX_ATTEMPTS").unwrap_or("3");
    let retry_mode = non_blank(variables, "AWS_RETRY_MODE").unwrap_or("standard");
    Ok(Retries {
        max_attempts: max_attempts
            .parse()
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| {
                ConfigError::invalid(
                    "AWS_MAX_ATTEMPTS",
                    max_attempts,
                    "a whole number, at least 1",
                )
            })?,
        mode: retry_mode.parse().map_err(|_| {
            ConfigError::invalid("AWS_RETRY_MODE", retry_mode, "standard or adaptive")
        })?,
    })
}

/// The value of the variable `name` if the value is not blank. Call this function only for variables whose
/// blank value the SDK treats as not set.
fn non_blank<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.text(name).filter(|value| is_not_blank(value))
}

/// Whether the file at a path contains only certificates. The SDK's HTTP client trusts the certificates of
/// the file instead of the system's certificates.
fn is_certificate_file(value: &str) -> bool {
    let loaded = load_certs_from_paths(Some(Path::new(value)), None);
    loaded.errors.is_empty() && !loaded.certs.is_empty()
}

fn are_certificate_directories(value: &str) -> bool {
    let paths = std::env::split_paths(value);
    let mut paths = paths.filter(|path| !path.as_os_str().is_empty());
    value.is_empty() || paths.any(|path| !load_certs_from_paths(None, Some(&path)).certs.is_empty())
}

/// Whether the value is a valid label of a host name: the SDK inserts the region into host names.
fn is_region(value: &str) -> bool {
    let is_label_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&value.len())
        && value.bytes().all(is_label_byte)
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
    let has_valid_port = port.is_some_and(|port| {
        let number = port.strip_prefix(':').map(str::parse);
        port.is_empty() || matches!(number, Some(Ok(1..=u16::MAX)))
    });
    let ends_after_path = url.query().is_none() && !value.contains('#');
    ["http", "https"].contains(&scheme) && is_host(host) && has_valid_port && ends_after_path
}

fn is_url_with_query(value: &str) -> bool {
    is_url(value.split('?').next().unwrap_or_default())
}

fn is_path(value: &str) -> bool {
    value.starts_with('/') && value.parse::<Uri>().is_ok()
}

/// Whether the value is empty or equals a word in `words`. Call this function only for variables whose
/// empty value the SDK treats as not set.
fn is_empty_or_one_of(value: &str, words: &[&str]) -> bool {
    value.is_empty() || words.iter().any(|word| word.eq_ignore_ascii_case(value))
}

fn is_boolean(value: &str) -> bool {
    is_empty_or_one_of(value, &["true", "false"])
}

fn is_checksum_mode(value: &str) -> bool {
    is_empty_or_one_of(value, &["when_supported", "when_required"])
}

fn is_endpoint_mode(value: &str) -> bool {
    is_empty_or_one_of(value, &["preferred", "disabled", "required"])
}

fn is_ip_version(value: &str) -> bool {
    ["ipv4", "ipv6"].contains(&&*value.to_ascii_lowercase())
}

fn is_compression_size(value: &str) -> bool {
    value.is_empty() || matches!(value.parse(), Ok(0..=10_485_760_u32))
}

fn is_account_id(value: &str) -> bool {
    value.is_empty() || (value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_app_id(value: &str) -> bool {
    value.is_empty() || AppName::new(value.to_owned()).is_ok()
}

fn are_scheme_names(value: &str) -> bool {
    value.is_empty() || value.split(',').all(is_not_blank)
}

fn is_not_blank(value: &str) -> bool {
    !value.trim().is_empty()
}

fn is_ascii_graphic(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_header_value(value: &str) -> bool {
    !value.is_empty() && HeaderValue::from_str(value).is_ok()
}

fn is_role_arn(value: &str) -> bool {
    value.starts_with("arn:") && value.contains(":role/")
}

fn is_session_name(value: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@+-".contains(&byte);
    (2..=64).contains(&value.len()) && value.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts which values `is_valid` accepts and rejects.
    #[track_caller]
    fn assert_kind((_, is_valid): ValueKind, accepted: &[&str], rejected: &[&str]) {
        for value in accepted {
            assert!(is_valid(value), "{value:?} is rejected");
        }
        for value in rejected {
            assert!(!is_valid(value), "{value:?} is accepted");
        }
    }

    #[test]
    fn words_are_accepted_in_upper_and_lower_case() {
        assert_kind(BOOLEAN, &["", "true", "False"], &["yes", "1"]);
        assert_kind(CHECKSUM_MODE, &["", "WHEN_required"], &["always"]);
        assert_kind(ENDPOINT_MODE, &["", "Preferred"], &["maybe"]);
        assert_kind(IP_VERSION, &["IPv4", "ipv6"], &["", "v6"]);
        assert_kind(AUTH_SCHEMES, &["", "sigv4, sigv4a"], &["sigv4,,a", " "]);
        assert_kind(NO_VALUE, &[], &["", "x"]);
    }

    #[test]
    fn numbers_ids_and_names_have_limits() {
        let sizes = ["", "0", "10485760"];
        assert_kind(COMPRESSION_SIZE, &sizes, &["10485761", "-1", "10k"]);
        let short_and_long = ["12345678901", "1234567890123", "12345678901x"];
        assert_kind(ACCOUNT_ID, &["", "123456789012"], &short_and_long);
        let longest_region = "x".repeat(63);
        let too_long_region = "x".repeat(64);
        assert_kind(
            REGION,
            &["eu-west-1", "x", &longest_region],
            &["", &too_long_region, "-eu", "eu-", "eu west", "eu.west"],
        );
        let longest_session = "x".repeat(64);
        let too_long_session = "x".repeat(65);
        assert_kind(
            SESSION_NAME,
            &["a1", "_=,.@+-", &longest_session],
            &["", "a", &too_long_session, "my session"],
        );
        assert_kind(APP_ID, &["", "shop"], &["my app"]);
        let arn = "arn:aws:iam::123456789012:role/mysfits";
        let not_roles = ["mysfits", "arn:aws:iam::1:user/a", "aws:role/a"];
        assert_kind(ROLE_ARN, &[arn], &not_roles);
    }

    #[test]
    fn a_url_has_a_scheme_a_host_and_an_optional_port_and_path() {
        let urls = ["http://host", "https://host:65535/path", "http://[::1]:1"];
        assert_kind(
            URL,
            &urls,
            &[
                "",
                "host:80",
                "ftp://host",
                "http://local..host",
                "http://host:0",
                "http://host:65536",
                "http://host:",
                "http://user@host",
                "http://host/?a=1",
                "http://host/#a",
            ],
        );
        let with_query = ["http://host/path", "http://host/path?a=1"];
        assert_kind(URL_WITH_QUERY, &with_query, &["", "host/path?a=1"]);
        let paths = ["/credentials", "/a?b=1"];
        assert_kind(CREDENTIALS_PATH, &paths, &["", "credentials", "/a b"]);
    }

    #[test]
    fn keys_and_tokens_can_be_sent_in_a_header() {
        assert_kind(ACCESS_KEY, &["AKIA1"], &["a b", "a\n"]);
        assert_kind(SESSION_TOKEN, &["t0ken="], &["a b"]);
        assert_kind(AUTHORIZATION_TOKEN, &["Basic a"], &["", "a\nb"]);
        assert_kind(NOT_BLANK, &["/file", " x "], &["", " "]);
    }

    #[test]
    fn a_certificate_file_contains_a_certificate_and_a_directory_list_names_one_such_directory() {
        // `openssl rehash` also names a certificate after the hash of its subject. The loader ignores files
        // with other names.
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates");
        let file = format!("{directory}/4e5fd907.0");
        let not_certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_kind(
            CERTIFICATE_FILE,
            &[&file],
            &[not_certificates, "/nowhere", ""],
        );
        let list = format!("/nowhere::{directory}");
        assert_kind(
            CERTIFICATE_DIRECTORIES,
            &["", directory, &list],
            &[":", "/nowhere", env!("CARGO_MANIFEST_DIR")],
        );
    }
}
