//! The lines of the load balancer's access log.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use elb::{Forward, PathPattern, Rule};

use crate::client::{client, raw};
use crate::found;
use crate::target::{
    Act, LOAD_BALANCER, Lines, OK, Target, balancer, impatient_group, logging_balancer,
    quick_group, registered,
};

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

async fn refused(bytes: &str) -> (String, Line) {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let bytes = bytes.to_owned();
    let answer = tokio::task::spawn_blocking(move || raw(alb, bytes.as_bytes()));
    let (answer, line) = (answer.await.unwrap(), Line::first(&lines).await);
    assert!(target.requests().is_empty());
    assert_eq!(line.get("sent_bytes"), answer.len().to_string());
    assert_eq!(line.get("target"), "-");
    assert_eq!(line.get("actions_executed"), "-");
    (answer, line)
}

#[tokio::test]
async fn a_refused_request_has_a_line_and_the_page_of_an_alb() {
    let long = "x".repeat(20_000);
    for (bytes, status, request) in [
        (
            "nonsense\r\n\r\n".to_owned(),
            "400 Bad Request",
            "- http://",
        ),
        (
            "GET /a HTTP/1.1\r\nUser-Agent: me\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n".to_owned(),
            "400 Bad Request",
            "GET http://",
        ),
        (
            format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {long}\r\n\r\n"),
            "400 Bad Request",
            "GET http://",
        ),
        (
            "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
            "405 Not Allowed",
            "TRACE http://",
        ),
        (
            format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            "414 Request-URI Too Large",
            "- http://",
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}1\r\n\r\n",
                "1,".repeat(30)
            ),
            "463 ",
            "GET http://",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(),
            "501 Not Implemented",
            "POST http://",
        ),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
                .to_owned(),
            "400 Bad Request",
            "POST http://",
        ),
    ] {
        let (answer, line) = refused(&bytes).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\nServer: awselb/2.0\r\n")),
            "{answer}"
        );
        assert!(answer.contains(&format!("<h1>{status}</h1>")), "{answer}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        assert_eq!(line.get("elb_status_code"), &status[..3]);
        let received = if request.starts_with('-') {
            0
        } else {
            bytes.len()
        };
        assert_eq!(line.get("received_bytes"), received.to_string());
        let version = if request.starts_with('-') {
            "- -"
        } else {
            " HTTP/1.1"
        };
        assert!(
            line.get("request").ends_with(version),
            "{}",
            line.get("request")
        );
        assert!(
            line.get("request").starts_with(request),
            "{}",
            line.get("request")
        );
    }
    let (_, line) = refused("GET /a HTTP/1.1\r\nUser-Agent: me\r\n\r\n").await;
    assert_eq!(line.get("user_agent"), "me");
    let severe = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
    let (_, line) = refused(severe).await;
    assert_eq!(line.get("classification"), "Severe");
    assert_eq!(line.get("classification_reason"), "MultipleContentLength");
    let (answer, _) = refused("HEAD / HTTP/1.1\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
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

#[tokio::test]
async fn requests_before_a_refused_one_on_the_same_connection_are_answered_first() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let plain = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
    let sized = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nGET /no HTTP/1.1\r\nHost:\r\n\r\n";
    let chunked = "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
        1b;a=b\r\nGET /no HTTP/1.1\r\nHost:\r\n\r\n\r\n0\r\nA: b\r\n\r\n";
    let bad = "GET /4 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n";
    let answer = answers(alb, format!("{plain}{sized}{chunked}{bad}{plain}")).await;
    let statuses: Vec<_> = answer
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &answer[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "200", "200", "400"], "{answer}");
    let paths = target.requests();
    let paths: Vec<_> = paths
        .iter()
        .map(|head| head.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(paths, ["/1", "/2", "/3"]);
}

#[tokio::test]
async fn an_ambiguous_request_is_forwarded_once_and_both_connections_are_closed() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let (alb, lines) = logging_balancer(Vec::new(), group, Duration::from_secs(60)).await;
    let both = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = answers(alb, format!("{both}GET / HTTP/1.1\r\nHost: x\r\n\r\n")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let head = target.requests().remove(0).to_lowercase();
    assert!(!head.contains("content-length: 3"), "{head}");
    let line = Line::first(&lines).await;
    assert_eq!(line.get("classification"), "Ambiguous");
    assert_eq!(line.get("classification_reason"), "BothTeClPresent");
}

#[tokio::test]
async fn headers_with_invalid_names_are_dropped_as_the_template_wants() {
    let group = quick_group();
    let target = Target::start(Act::Answer(OK)).await;
    let _registered = registered(&group, &[&target]).await;
    let alb = balancer(Vec::new(), group).await;
    let request =
        "GET / HTTP/1.1\r\nHost: x\r\nX_A: 1\r\nX-B: 2\r\nX.C: 3\r\nConnection: close\r\n\r\n";
    answers(alb, request.to_owned()).await;
    let head = target.requests().remove(0).to_lowercase();
    assert!(
        head.contains("x-b: 2") && !head.contains("x_a") && !head.contains("x.c"),
        "{head}"
    );
}
