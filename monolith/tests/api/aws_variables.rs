//! What variables of the AWS SDK change.

use reqwest::Client;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::database::Database;
use crate::faults::{BadLine, Fault};
use crate::{BINARY, REQUIRED, start_over};
use test_support::service::{Service, run_to_end};

/// The head of the first request to DynamoDB of a monolith with these variables and no others.
async fn first_request(endpoint: &str, more: &[(&str, &str)]) -> String {
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
    let asked = tokio::spawn(Client::new().get(monolith.url("/mysfits/one")).send());
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    asked.abort();
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn region_endpoint_token_and_name_are_those_of_the_environment() {
    for (endpoint, region) in [
        ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_REGION"),
    ] {
        let head = first_request(
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
async fn aws_max_attempts_bounds_the_attempts_of_the_sdk() {
    let database = Database::start().await;
    database.put_mysfit("one", "Good", "Neutral");
    for (attempts, status, requests) in [("1", 503, 1), ("2", 503, 2), ("", 200, 3), ("5", 200, 3)]
    {
        let twice = |request| {
            if request < 2 {
                Fault::Throttled("ThrottlingException")
            } else {
                Fault::None
            }
        };
        let line = BadLine::to(database.address, twice).await;
        let monolith = start_over(
            line.address,
            &[("DDB_TIMEOUT_MS", "20000"), ("AWS_MAX_ATTEMPTS", attempts)],
        );
        let answer = reqwest::get(monolith.url("/mysfits/one")).await.unwrap();
        assert_eq!(answer.status(), status, "{attempts}");
        assert_eq!(line.requests(), requests, "{attempts}");
    }
}

#[test]
fn words_for_the_aws_sdk_may_be_in_upper_case_or_empty() {
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
        let variables = [REQUIRED, &[(name, value)]].concat();
        drop(Service::start(BINARY, &variables));
    }
}

#[test]
fn a_secret_that_makes_no_sense_is_not_shown() {
    for (name, value) in [
        ("AWS_SECRET_ACCESS_KEY", "s3cret key"),
        ("AWS_SESSION_TOKEN", "s3cret token"),
        ("AWS_ENDPOINT_URL", "http://user:s3cret@host"),
    ] {
        let variables = [REQUIRED, &[(name, value)]].concat();
        let ended = run_to_end(BINARY, &variables, &[]);
        let error = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(64), "{error}");
        assert!(error.contains(name) && !error.contains("s3cret"), "{error}");
    }
}
