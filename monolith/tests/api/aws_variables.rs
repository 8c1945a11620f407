//! The effects of the environment variables of the AWS SDK.

use reqwest::Client;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::database::Database;
use crate::faulty_proxy::{Fault, FaultyProxy};
use crate::{BINARY, REQUIRED, read_config, start_with_dynamodb_at};
use test_support::service::Service;

/// Starts a monolith with additional variables. The value of the variable `endpoint` is the URL of a test
/// socket. Returns the head of the monolith's first request to DynamoDB.
async fn first_request_head(endpoint: &str, more: &[(&str, &str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut variables = vec![
        ("DDB_TABLE_NAME", "MysfitsTable"),
        ("DDB_TIMEOUT_MS", "20000"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        (endpoint, &*url),
    ];
    variables.extend(more);
    let monolith = Service::start(BINARY, &variables);
    let request = tokio::spawn(Client::new().get(monolith.url("/mysfits/one")).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    request.abort();
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn the_sdk_uses_region_endpoint_token_and_app_id_of_the_environment() {
    for (endpoint, region) in [
        ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_REGION"),
    ] {
        let head = first_request_head(
            endpoint,
            &[
                (region, "eu-west-3"),
                ("AWS_SESSION_TOKEN", "t0ken"),
                ("AWS_SDK_UA_APP_ID", "shop"),
            ],
        )
        .await;
        assert!(head.contains("/eu-west-3/dynamodb/aws4_request"), "{head}");
        assert!(head.contains("x-amz-security-token: t0ken"), "{head}");
        assert!(head.contains("app/shop"), "{head}");
    }
}

#[tokio::test]
async fn aws_max_attempts_limits_the_attempts_of_the_sdk() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    for (attempts, status, requests) in [("1", 503, 1), ("2", 503, 2), ("", 200, 3), ("5", 200, 3)]
    {
        let throttle_twice = |request| {
            if request < 2 {
                Fault::Throttled("ThrottlingException")
            } else {
                Fault::None
            }
        };
        let proxy = FaultyProxy::start(database.address, throttle_twice).await;
        let monolith = start_with_dynamodb_at(
            proxy.address,
            &[("DDB_TIMEOUT_MS", "20000"), ("AWS_MAX_ATTEMPTS", attempts)],
        );
        let answer = reqwest::get(monolith.url("/mysfits/one")).await.unwrap();
        assert_eq!(answer.status(), status, "{attempts}");
        assert_eq!(proxy.request_count(), requests, "{attempts}");
    }
}

#[test]
fn aws_variables_accept_upper_case_words_and_empty_values() {
    for (name, value) in [
        ("AWS_USE_FIPS_ENDPOINT", "False"),
        ("AWS_USE_DUALSTACK_ENDPOINT", ""),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED"),
        ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "Preferred"),
        ("AWS_EC2_METADATA_DISABLED", "TRUE"),
        ("AWS_MAX_ATTEMPTS", ""),
        ("AWS_RETRY_MODE", ""),
        ("AWS_RETRY_MODE", "Adaptive"),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_AUTH_SCHEME_PREFERENCE", "sigv4a, aws.auth#sigv4"),
        ("SSL_CERT_DIR", ""),
    ] {
        let config = read_config(&[REQUIRED, &[(name, value)]].concat());
        assert_eq!(config, Ok(()), "{name}={value}");
    }
}

#[test]
fn the_error_about_an_invalid_secret_does_not_show_it() {
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "s3cret key"),
        ("AWS_SESSION_TOKEN", "s3cret token"),
        ("AWS_ENDPOINT_URL", "http://user:s3cret@host"),
    ] {
        let error = read_config(&[REQUIRED, &[(name, value)]].concat()).unwrap_err();
        assert!(error.contains(name) && !error.contains("s3cret"), "{error}");
    }
}
