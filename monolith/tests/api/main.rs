//! Runs the monolith's binary against an emulator of DynamoDB.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;

use http_shell::env::Environment;
use test_support::program::Program;
use test_support::service::Service;

mod aws_variables;
mod batches;
mod database;
mod database_failures;
mod drain;
mod faulty_database;
mod faulty_proxy;
mod likes;
mod lists;
mod logs;
mod profiles;
mod semantic_conventions;
mod throttles;
mod traces;

use database::Database;

const BINARY: &str = env!("CARGO_BIN_EXE_monolith");

/// The environment variables with which a monolith starts in the tests. No process listens on port 9.
const REQUIRED: &[(&str, &str)] = &[
    ("DDB_TABLE_NAME", "MysfitsTable"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
];

const REJECTED_VALUES: &[(&str, &str)] = &[
    ("DDB_TABLE_NAME", ""),
    ("DDB_TABLE_NAME", "mysfits table"),
    ("DDB_TABLE_NAME", "table/mysfits"),
    ("DDB_TABLE_NAME", "arn:aws:dynamodb:eu-central-1"),
    ("DDB_TIMEOUT_MS", "0"),
    ("DDB_TIMEOUT_MS", "soon"),
    ("LIKE_IN_MONOLITH", "yes"),
    ("LIKE_BATCHING", "yes"),
    ("AWS_REGION", ""),
    ("AWS_REGION", "eu central 1"),
    ("AWS_REGION", "eu-central-1.amazonaws.com"),
    ("AWS_DEFAULT_REGION", "eu/central"),
    ("AWS_ENDPOINT_URL", "127.0.0.1:8000"),
    ("AWS_ENDPOINT_URL_DYNAMODB", ""),
    ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "tcp://localhost:8000"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:80000"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://300.1.1.1:8000"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://local..host"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost/#table"),
    ("AWS_ROLE_ARN", "arn:aws:iam::1:role/\u{fffd}"),
    ("AWS_ENDPOINT_URL_STS", "sts"),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "yes"),
    ("AWS_USE_FIPS_ENDPOINT", "1"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "on"),
    ("AWS_DISABLE_REQUEST_COMPRESSION", "never"),
    ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "0"),
    ("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "10k"),
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "always"),
    ("AWS_RESPONSE_CHECKSUM_VALIDATION", "always"),
    ("AWS_MAX_ATTEMPTS", "0"),
    ("AWS_MAX_ATTEMPTS", "-1"),
    ("AWS_MAX_ATTEMPTS", "three"),
    ("AWS_MAX_ATTEMPTS", "4294967296"),
    ("AWS_RETRY_MODE", "legacy"),
    ("AWS_ACCOUNT_ID", "1234"),
    ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "maybe"),
    ("AWS_AUTH_SCHEME_PREFERENCE", "sigv4,,sigv4a"),
    ("AWS_SDK_UA_APP_ID", "my app"),
    ("AWS_EC2_METADATA_DISABLED", "yes"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254"),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "v6"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "credentials"),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "169.254.170.2/credentials",
    ),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", " "),
    ("AWS_ROLE_ARN", "mysfits"),
    ("AWS_ROLE_SESSION_NAME", "my session"),
    ("AWS_ACCESS_KEY_ID", "AKIA 1"),
    ("AWS_ACCESS_KEY_ID", ""), // while the secret key is set
    ("AWS_SECRET_ACCESS_KEY", "s3cret\n"),
    ("AWS_SECRET_ACCESS_KEY", ""), // while the key id is set
    ("AWS_SESSION_TOKEN", "a b"),
    ("SMITHY_CLIENT_SDK_CUSTOM_PARTITION", "/partitions.json"),
    ("SSL_CERT_FILE", ""),
    ("SSL_CERT_FILE", "/nowhere.pem"),
    ("SSL_CERT_FILE", "Cargo.toml"),
    ("SSL_CERT_DIR", "/nowhere"),
];

const PROGRAM: Program = Program {
    binary: BINARY,
    required: REQUIRED,
    without_default: &["DDB_TABLE_NAME"],
    rejected_values: REJECTED_VALUES,
    read_config,
};

/// Reads the configuration from `variables` without starting the program.
fn read_config(variables: &[(&str, &str)]) -> Result<(), String> {
    let to_owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let env: Environment = variables.iter().map(to_owned).collect();
    let config = monolith::Config::read(&env);
    config.map(drop).map_err(|error| error.to_string())
}

test_support::bodies_tests!(crate::PROGRAM);
test_support::endless_bodies_tests!(crate::PROGRAM);
test_support::hostile_tests!(crate::PROGRAM);
test_support::losses_tests!(crate::PROGRAM);
// The Like service runs all tests of `options` and `outages`, because these tests mainly test the crate
// `telemetry`. The monolith runs only the tests which show that its `main` passes the configuration to
// `telemetry`.
test_support::options_tests!(
    crate::PROGRAM,
    only each_signal_is_sent_with_its_own_url_headers_and_compression,
    service_name_and_resource_attributes_come_from_the_environment,
    a_disabled_sdk_sends_nothing_and_logs_still_contain_trace_ids,
);
test_support::outages_tests!(
    crate::PROGRAM,
    only two_outages_of_the_xray_daemon_are_two_warnings_with_their_cause,
    two_outages_of_a_collector_of_metrics_are_two_warnings_with_their_cause,
);
test_support::shell_tests!(crate::PROGRAM);
test_support::telemetry_tests!(crate::PROGRAM);
test_support::variables_tests!(crate::PROGRAM);

/// Starts a monolith that calls DynamoDB at `address`, with additional variables.
fn start_with_dynamodb_at(address: SocketAddr, more: &[(&str, &str)]) -> Service {
    let url = format!("http://{address}");
    let mut variables = REQUIRED.to_vec();
    variables.push(("AWS_ENDPOINT_URL_DYNAMODB", &url));
    variables.extend(more);
    Service::start(BINARY, &variables)
}

/// Starts a monolith and a DynamoDB emulator.
async fn start_with_database() -> (Service, Database) {
    let database = Database::start().await;
    // On a busy machine, an answer of the emulator can take longer than the default deadline of 1.5 s.
    let service = start_with_dynamodb_at(database.address, &[("DDB_TIMEOUT_MS", "20000")]);
    (service, database)
}
