//! The lines of the load balancer's access log.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use elb::{Forward, PathPattern, Rule};

use crate::client::{client, raw};
use crate::found;
use crate::target::{
    Act, LOAD_BALANCER, Lines, OK, Target, impatient_group, logging_balancer, quick_group,
    registered,
};

mod requests_as_bytes;

/// The fields of a line by their names in AWS's guide.
pub struct Line(Vec<String>);

impl Line {
    const NAMES: [&str; 34] = [
        "type",
        "time",
        "elb",
        "client",
        "target",
        "request_processing_time",
        "target_processing_time",
        "response_processing_time",
        "elb_status_code",
        "target_status_code",
        "received_bytes",
        "sent_bytes",
        "request",
        "user_agent",
        "ssl_cipher",
        "ssl_protocol",
        "target_group_arn",
        "trace_id",
        "domain_name",
        "chosen_cert_arn",
        "matched_rule_priority",
        "request_creation_time",
        "actions_executed",
        "redirect_url",
        "error_reason",
        "target_list",
        "target_status_code_list",
        "classification",
        "classification_reason",
        "conn_trace_id",
        "transformed_host",
        "transformed_uri",
        "request_transform_status",
        "ip_address",
    ];

    pub async fn first(lines: &Lines) -> Self {
        Self::number(lines, 0).await
    }

    pub async fn number(lines: &Lines, number: usize) -> Self {
        let fields = lines.fields(number).await;
        assert_eq!(fields.len(), Self::NAMES.len(), "{fields:?}");
        Self(fields)
    }

    pub fn get(&self, name: &str) -> &str {
        let number = Self::NAMES.iter().position(|known| *known == name);
        &self.0[number.unwrap()]
    }

    fn seconds(&self, name: &str) -> f64 {
        self.get(name).parse().unwrap()
    }
}

/// The line of a request to a target that performs `act`.
async fn line_of(act: Act) -> Line {
    let group = impatient_group();
    let target = Target::start(act).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    client().get(format!("http://{alb}/")).send().await.unwrap();
    let line = Line::first(&lines).await;
    assert_eq!(line.get("target"), target.address.to_string());
    assert_eq!(line.get("actions_executed"), "forward");
    line
}

#[tokio::test]
async fn a_request_that_was_answered_is_described_in_all_fields() {
    let (likes, others) = (quick_group(), quick_group());
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&likes, &[&target]).await;
    let rule = Rule::new(1, PathPattern::new("/like/*"), Forward::to(likes));
    let (alb, lines) = logging_balancer(vec![rule], others, Duration::from_secs(60)).await;
    let body = "x".repeat(1000);
    let head = format!(
        "POST /like/me?a=%22b HTTP/1.1\r\nHost: {alb}\r\nUser-Agent: test \"1\"\r\n\
         Content-Length: 1000\r\nConnection: close\r\n\r\n"
    );
    let request = format!("{head}{body}");
    let answer = tokio::task::spawn_blocking(move || raw(alb, request.as_bytes()));
    let answer = answer.await.unwrap();
    assert!(answer.ends_with("ok"), "{answer}");
    let line = Line::first(&lines).await;
    for (name, value) in [
        ("type", "http"),
        ("elb", LOAD_BALANCER),
        ("target", &target.address.to_string()),
        ("elb_status_code", "200"),
        ("target_status_code", "200"),
        ("received_bytes", &(head.len() + 1000).to_string()),
        ("sent_bytes", &answer.len().to_string()),
        (
            "request",
            &format!("POST http://{alb}/like/me?a=%22b HTTP/1.1"),
        ),
        ("user_agent", "test \\x221\\x22"),
        (
            "target_group_arn",
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/targets/0000000000000000",
        ),
        ("matched_rule_priority", "1"),
        ("actions_executed", "forward"),
        ("error_reason", "-"),
        ("target_list", &target.address.to_string()),
        ("target_status_code_list", "200"),
        ("classification", "-"),
        ("classification_reason", "-"),
        ("transformed_host", "-"),
        ("transformed_uri", "-"),
        ("request_transform_status", "-"),
        ("ip_address", "127.0.0.1"),
    ] {
        assert_eq!(line.get(name), value, "{name}");
    }
    for name in [
        "request_processing_time",
        "target_processing_time",
        "response_processing_time",
    ] {
        assert!((0.0..30.0).contains(&line.seconds(name)), "{name}");
    }
    let trace_header = format!("x-amzn-trace-id: {}", line.get("trace_id"));
    assert!(
        target.requests()[0].contains(&trace_header),
        "{}",
        line.get("trace_id")
    );
    assert_eq!(lines.count(), 1);
}

#[tokio::test]
async fn each_502_and_504_has_its_reason() {
    for (act, status, reason) in [
        (Act::Reset, "502", "TargetConnectionClosed"),
        (Act::Answer("what?\r\n\r\n"), "502", "TargetResponseInvalid"),
        (
            Act::Answer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
            "502",
            "TargetResponseInvalid",
        ),
        (
            Act::Answer("HTTP/1.1 200 OK\r\nX"),
            "502",
            "TargetConnectionClosed",
        ),
        (Act::Hang, "504", "TargetResponseTimeout"),
    ] {
        let line = line_of(act).await;
        assert_eq!(line.get("error_reason"), reason);
        assert_eq!(line.get("elb_status_code"), status, "{reason}");
        assert_eq!(line.get("target_status_code"), "-", "{reason}");
        assert!(line.seconds("request_processing_time") >= 0.0, "{reason}");
        let has_target_time = line.seconds("target_processing_time") >= 0.0;
        assert_eq!(has_target_time, status == "502", "{reason}");
        assert_eq!(line.seconds("response_processing_time"), -1.0, "{reason}");
    }
}

#[tokio::test]
async fn a_target_that_refuses_connections_and_a_group_without_targets_have_their_reasons() {
    let empty = quick_group();
    let refusing = quick_group();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _registered = refusing.register(closed.local_addr().unwrap());
    drop(closed);
    for (group, status, reason) in [
        (empty, "503", "NoRegisteredTargets"),
        (refusing, "502", "TargetConnectionRefused"),
    ] {
        let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
        client().get(format!("http://{alb}/")).send().await.unwrap();
        let line = Line::first(&lines).await;
        assert_eq!(line.get("error_reason"), reason);
        assert_eq!(line.get("elb_status_code"), status);
        assert_eq!(line.get("matched_rule_priority"), "0");
        assert_eq!(line.seconds("request_processing_time"), -1.0);
    }
}

#[tokio::test]
async fn an_error_response_of_a_target_has_no_error_reason() {
    let line = line_of(Act::Answer("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")).await;
    assert_eq!(line.get("elb_status_code"), "503");
    assert_eq!(line.get("target_status_code"), "503");
    assert_eq!(line.get("error_reason"), "-");
}

#[tokio::test]
async fn a_client_that_closes_the_connection_is_a_460() {
    let group = quick_group();
    let target = Target::start(Act::Hang).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let mut client = TcpStream::connect(alb).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    found("the request", async || target.requests().pop()).await;
    drop(client);
    let line = Line::first(&lines).await;
    assert_eq!(line.get("elb_status_code"), "460");
    // As in a line of an ALB that Elastic's Filebeat uses in its tests.
    assert_eq!(line.get("target"), target.address.to_string());
    assert_eq!(line.get("request_processing_time"), "-1");
    assert_eq!(line.get("target_processing_time"), "-1");
    assert_eq!(line.get("response_processing_time"), "-1");
    assert_eq!(line.get("target_status_code"), "-");
    assert_eq!(line.get("sent_bytes"), "0");
}

#[tokio::test]
async fn requests_of_one_connection_have_the_same_connection_id_and_other_connections_have_other_ids()
 {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    answers(alb, request.to_owned() + last).await;
    answers(alb, last.to_owned()).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let line = Line::number(&lines, number).await;
        ids.push(line.get("conn_trace_id").to_owned());
    }
    // The form of the ids in AWS's guide.
    let digits = ids[0].strip_prefix("TID_").unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|it| b"0123456789abcdef".contains(&it)));
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

/// Sends `bytes` on a new connection. Returns the response.
pub async fn answers(alb: SocketAddr, bytes: String) -> String {
    tokio::task::spawn_blocking(move || raw(alb, bytes.as_bytes()))
        .await
        .unwrap()
}
