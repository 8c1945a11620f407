//! The AWS endpoint and hostile requests: each one gets an error with status 4xx, memory stays bounded, and the endpoint
//! answers the next request.

use std::io::Write;
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::RequestBuilder;

use crate::client::{client, get, raw};
use crate::process::{Endpoints, Lab};
use test_support::memory::peak_memory_bytes;

const FORM: &str = "application/x-www-form-urlencoded";

const CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";

const TARGET_GROUPS: &str = "Action=DescribeTargetGroups&Version=2015-12-01";

const LIST_TABLES: (&str, &str) = ("X-Amz-Target", "DynamoDB_20120810.ListTables");

/// Maximum growth of the lab's memory in bytes. The largest permitted body has 16 MiB, and some bodies are parsed to a tree
/// that is several times as large.
const MAX_GROWTH_BYTES: u64 = 128 * 1024 * 1024;

const MIB: usize = 1024 * 1024;

fn form(endpoints: &Endpoints) -> RequestBuilder {
    client().post(&endpoints.aws).header("Content-Type", FORM)
}

fn dynamodb(endpoints: &Endpoints) -> RequestBuilder {
    let (name, target) = LIST_TABLES;
    client().post(&endpoints.aws).header(name, target)
}

fn groups(endpoints: &Endpoints) -> RequestBuilder {
    client().post(format!("{}/Groups", endpoints.aws))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn hostile_bodies_are_refused_with_bounded_memory() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let memory_at_start = peak_memory_bytes(endpoints.lab.pid);

    let many_names: String = (1..9_990)
        .map(|number| format!("Names.member.{number}=x&"))
        .collect();
    for (body, expected) in [
        ("x".repeat(8 * MIB), 413),
        (format!("{CALLER}&A={}", "x".repeat(MIB - 1024)), 400),
        (
            format!("{CALLER}&{}x=1", "A.member.1.B.member.1.".repeat(10_000)),
            400,
        ),
        (format!("{CALLER}&{}=x", "a.".repeat(100_000)), 400),
        (format!("{CALLER}&{}", "a&".repeat(200_000)), 400),
        (format!("{CALLER}&Names.member.999999999=x"), 400),
        (
            format!("{CALLER}&Names.member.{}=x", "9".repeat(100_000)),
            400,
        ),
        (format!("{CALLER}&PageSize={}", "9".repeat(100_000)), 400),
        (format!("{CALLER}&Name=%00&%00=x"), 400),
        (format!("{TARGET_GROUPS}&Names.member.999999999=x"), 400),
        (format!("{TARGET_GROUPS}&Names.member.1=%00%FF"), 400),
        (format!("{TARGET_GROUPS}&{many_names}"), 400),
        (
            format!("{TARGET_GROUPS}&PageSize={}", "9".repeat(100_000)),
            400,
        ),
        (
            format!("{TARGET_GROUPS}&Marker={}", "x".repeat(500_000)),
            400,
        ),
        (format!("Action={}", "%".repeat(500_000)), 400),
        (format!("{CALLER}\0"), 400),
        ("<a>".repeat(100_000), 400),
        (String::new(), 400),
    ] {
        let start: String = body.chars().take(80).collect();
        assert_eq!(
            status(form(&endpoints).body(body)).await,
            expected,
            "{start}"
        );
    }
    let not_utf8 = [CALLER.as_bytes(), b"&\xff=\xfe%FF"].concat();
    assert_eq!(status(form(&endpoints).body(not_utf8)).await, 400);

    for (body, in_xray) in [
        (b"{\"Limit\":".to_vec(), 400),
        // X-Ray ignores members that the operation does not have.
        (b"{\"Limit\": 1e999999}".to_vec(), 200),
        (
            [b"{\"Limit\": ".to_vec(), vec![b'9'; MIB], b"}".to_vec()].concat(),
            200,
        ),
        (vec![b'['; MIB], 400),
        (b"{\"a\":".repeat(MIB), 400),
        (b"{\"NextToken\": \"\xff\"}".to_vec(), 400),
        (b"{\"NextToken\": \"\0\"}".to_vec(), 400),
        (b"\0".to_vec(), 400),
        (CALLER.as_bytes().to_vec(), 400),
    ] {
        let start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let request = dynamodb(&endpoints).body(body.clone());
        assert_eq!(status(request).await, 400, "DynamoDB: {start}");
        let request = groups(&endpoints).body(body);
        assert_eq!(status(request).await, in_xray, "X-Ray: {start}");
    }
    assert_eq!(
        status(groups(&endpoints).body(vec![b' '; 9 * MIB])).await,
        400
    );
    assert_eq!(
        status(dynamodb(&endpoints).body(vec![b' '; 17 * MIB])).await,
        413
    );

    // The operation decides before the body is read.
    let events = client()
        .post(&endpoints.aws)
        .header("X-Amz-Target", "AWSEvents.PutEvents");
    assert_eq!(status(events.body(vec![b' '; 17 * MIB])).await, 400);

    for (mebibytes, expected) in [(8, 400), (9, 413)] {
        let logs = client()
            .post(&endpoints.aws)
            .header("X-Amz-Target", "Logs_20140328.PutLogEvents");
        assert_eq!(
            status(logs.body(vec![b' '; mebibytes * MIB])).await,
            expected
        );
    }

    let bomb = gzip(&vec![b' '; 128 * MIB]);
    let mut truncated = gzip(CALLER.as_bytes());
    truncated.truncate(20);
    for (body, in_form, in_dynamodb) in [
        (bomb.clone(), 413, 413),
        (gzip(&bomb), 400, 400),
        (truncated, 400, 400),
        (b"not gzip".to_vec(), 400, 400),
        (Vec::new(), 400, 400),
    ] {
        let gzipped = |request: RequestBuilder| {
            status(
                request
                    .header("Content-Encoding", "gzip")
                    .body(body.clone()),
            )
        };
        assert_eq!(gzipped(form(&endpoints)).await, in_form);
        assert_eq!(gzipped(dynamodb(&endpoints)).await, in_dynamodb);
        // X-Ray has one error for all bodies that it cannot read.
        assert_eq!(gzipped(groups(&endpoints)).await, 400);
    }

    let memory = peak_memory_bytes(endpoints.lab.pid);
    if let (Some(start), Some(end)) = (memory_at_start, memory) {
        let growth = end - start;
        assert!(growth < MAX_GROWTH_BYTES, "grew by {growth} bytes");
    }
    assert_eq!(status(form(&endpoints).body(CALLER)).await, 200);
    assert_eq!(status(dynamodb(&endpoints).body("{}")).await, 200);
    assert_eq!(status(groups(&endpoints).body("{}")).await, 200);
    assert!(get(&endpoints.dynamodb).await.contains("healthy"));
}

#[tokio::test]
async fn a_body_with_another_content_type_is_no_form() {
    let lab = Lab::start(&["--chaos", "off"]);
    let aws = lab.endpoints().aws;
    for content_type in [
        "",
        "application/json",
        "application/x-amz-json-1.1",
        "multipart/form-data; boundary=x",
        "text/xml",
        "application/x-www-form-urlencoded-2",
    ] {
        let request = client().post(&aws).header("Content-Type", content_type);
        let response = request.body(CALLER).send().await.unwrap();
        assert_eq!(response.status(), 400, "{content_type}");
        let error = response.text().await.unwrap();
        assert!(error.contains("UnknownOperationException"), "{error}");
    }
}

/// A client that sends its body slowly occupies only its own connection.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_do_not_delay_other_requests() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let address = endpoints.aws.strip_prefix("http://").unwrap();
    let common = format!("Host: {address}\r\nConnection: close\r\n");
    let heads = [
        format!("POST / HTTP/1.1\r\n{common}Content-Type: {FORM}\r\n"),
        format!(
            "POST / HTTP/1.1\r\n{common}{}: {}\r\n",
            LIST_TABLES.0, LIST_TABLES.1
        ),
        format!("POST /Groups HTTP/1.1\r\n{common}"),
    ];
    let mut slow = Vec::new();
    for number in 0..150 {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = &heads[number % heads.len()];
        let start = match number % 2 {
            0 => format!("{head}Content-Length: 1000000\r\n\r\n{{"),
            _ => format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        };
        stream.write_all(start.as_bytes()).unwrap();
        slow.push(stream);
    }
    assert_eq!(status(form(&endpoints).body(CALLER)).await, 200);
    assert_eq!(status(dynamodb(&endpoints).body("{}")).await, 200);
    assert_eq!(status(groups(&endpoints).body("{}")).await, 200);
    // The rest of a body still gets its response.
    let mut rest = slow.swap_remove(1);
    rest.write_all(b"1\r\n}\r\n0\r\n\r\n").unwrap();
    let answer = std::io::read_to_string(rest).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A request whose length is stated twice could be read as two requests (request smuggling).
#[tokio::test(flavor = "multi_thread")]
async fn contradictory_heads_are_refused() {
    let lab = Lab::start(&["--chaos", "off"]);
    let aws = lab.endpoints().aws;
    let address = aws.strip_prefix("http://").unwrap().to_owned();
    for (headers, expected) in [
        (
            format!("Host: {address}\r\nHost: {address}\r\nContent-Length: 0\r\n"),
            403,
        ),
        (
            format!("Host: {address}\r\nContent-Length: 5\r\nContent-Length: 6\r\n"),
            400,
        ),
        (format!("Host: {address}\r\nContent-Length: -1\r\n"), 400),
        (
            format!("Host: {address}\r\nContent-Length: 99999999999999999999\r\n"),
            400,
        ),
        (
            format!("Host: {address}\r\nX: {}\r\n", "x".repeat(70_000)),
            431,
        ),
        (format!("Host: {address}\r\nX: a\0b\r\n"), 400),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\n{headers}Content-Type: {FORM}\r\nConnection: close\r\n\r\n{CALLER}"
        );
        let answer = raw(address.parse().unwrap(), request.as_bytes());
        let expected = format!("HTTP/1.1 {expected}");
        let start: String = headers.chars().take(80).collect();
        assert!(answer.starts_with(&expected), "{start}: {answer}");
    }
}
