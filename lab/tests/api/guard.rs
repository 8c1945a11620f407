//! The guard of the lab's listeners: what web pages of other origins send is refused.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{client, get, raw};
use crate::process::{Endpoints, Lab};

/// A request that changes something, or reads something, on one of the lab's listeners.
struct Attempt {
    address: SocketAddr,
    request: &'static str,
    headers: &'static str,
    body: String,
    /// The status without a guard.
    status: u16,
}

const FORM: &str = "Content-Type: text/plain\r\n";

const DYNAMODB: &str = "Content-Type: application/x-amz-json-1.0\r\n\
     X-Amz-Date: 20260101T000000Z\r\n\
     Authorization: AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, \
     SignedHeaders=host, Signature=00\r\n\
     X-Amz-Target: DynamoDB_20120810.ListTables\r\n";

const QUERY: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

const ECS: &str = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n";

const OTLP: &str = "Content-Type: application/json\r\n";

fn address(url: &str) -> SocketAddr {
    let authority = url.strip_prefix("http://").unwrap().split('/').next();
    authority.unwrap().parse().unwrap()
}

/// The listeners in the endpoints file that a guard protects: all but those of the load balancer and the tasks.
fn guarded_listeners(lab: &Lab) -> BTreeSet<SocketAddr> {
    let file = std::fs::read_to_string(lab.endpoints_file()).unwrap();
    let mut endpoints: Value = serde_json::from_str(&file).unwrap();
    endpoints.as_object_mut().unwrap().remove("alb");
    for task in endpoints["tasks"].as_array_mut().unwrap() {
        task.as_object_mut().unwrap().remove("url");
    }
    let mut values = vec![endpoints];
    let mut listeners = BTreeSet::new();
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => values.extend(members.into_values()),
            Value::Array(items) => values.extend(items),
            Value::String(text) if text.starts_with("http://") => {
                listeners.insert(address(&text));
            }
            _ => {}
        }
    }
    listeners
}

/// One attempt for each listener and kind of request.
fn attempts(endpoints: &Endpoints) -> Vec<Attempt> {
    let site = address(&endpoints.site);
    let dynamodb = address(&endpoints.dynamodb);
    let aws = address(&endpoints.aws);
    let xray = address(&endpoints.xray.api);
    let otlp = address(&endpoints.otlp);
    let metadata = endpoints.tasks[0].metadata.split("/v4/").next();
    let metadata = address(metadata.unwrap());
    let attempt = |address, request, headers, body: &Value, status| Attempt {
        address,
        request,
        headers,
        body: match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        },
        status,
    };
    let nothing = Value::Null;
    let caller = json!("Action=GetCallerIdentity&Version=2011-06-15");
    let rule = json!({ "SamplingRule": {
        "RuleName": "evil", "Priority": 1, "FixedRate": 0, "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1,
    }});
    vec![
        attempt(site, "GET /", "", &nothing, 200),
        attempt(site, "GET /config.js", "", &nothing, 200),
        attempt(site, "GET /logs/monolith", "", &nothing, 200),
        attempt(site, "GET /traces", "", &nothing, 200),
        attempt(site, "GET /aws/status", "", &nothing, 200),
        attempt(site, "POST /aws/TraceSegments", FORM, &segment(), 200),
        attempt(site, "POST /lab/reset", FORM, &nothing, 200),
        attempt(site, "POST /lab/check/none", "", &nothing, 404),
        attempt(xray, "GET /status", "", &nothing, 200),
        attempt(xray, "POST /TraceSegments", FORM, &segment(), 200),
        attempt(xray, "POST /CreateSamplingRule", FORM, &rule, 200),
        attempt(xray, "DELETE /Groups", "", &nothing, 400),
        attempt(otlp, "POST /v1/traces", OTLP, &json!({}), 200),
        attempt(otlp, "PUT /v1/traces", OTLP, &json!({}), 405),
        attempt(metadata, "GET /v4/x/task", "", &nothing, 404),
        attempt(dynamodb, "GET /", "", &nothing, 200),
        attempt(dynamodb, "POST /", DYNAMODB, &json!({}), 200),
        attempt(aws, "GET /", "", &nothing, 400),
        attempt(aws, "POST /", DYNAMODB, &json!({}), 200),
        attempt(aws, "POST /", ECS, &json!({}), 200),
        attempt(aws, "POST /", QUERY, &caller, 200),
        attempt(aws, "POST /TraceSegments", FORM, &segment(), 200),
        attempt(aws, "POST /CreateSamplingRule", FORM, &rule, 200),
    ]
}

fn segment() -> Value {
    let document = r#"{"trace_id":"1-00000001-000000000000000000000001","id":"0000000000000001","name":"evil","start_time":1,"end_time":2}"#;
    json!({ "TraceSegmentDocuments": [document] })
}

impl Attempt {
    /// The status of the answer, and its head.
    fn send(&self, version: &str, headers: &str) -> (u16, String) {
        let Self {
            request,
            headers: own,
            body,
            ..
        } = self;
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let text =
            format!("{request} {version}\r\n{headers}{own}{length}Connection: close\r\n\r\n{body}");
        let answer = raw(self.address, text.as_bytes());
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        (
            status.unwrap_or_else(|| panic!("no answer to {text}")),
            head.to_ascii_lowercase(),
        )
    }
}

/// What pages of other origins could have changed.
async fn state(endpoints: &Endpoints) -> (Value, Value) {
    let api = &endpoints.xray.api;
    let status = get(&format!("{api}/status")).await;
    let rules = client().post(format!("{api}/GetSamplingRules"));
    let rules = rules.send().await.unwrap().json().await.unwrap();
    (serde_json::from_str(&status).unwrap(), rules)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_but_the_load_balancers_refuses_foreign_hosts_and_origins() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let before = state(&endpoints).await;
    let alb = &endpoints.alb;
    let attempts = attempts(&endpoints);
    let tested: BTreeSet<_> = attempts.iter().map(|attempt| attempt.address).collect();
    assert_eq!(tested, guarded_listeners(&lab));
    for attempt in attempts {
        let address = attempt.address;
        let port = address.port();
        let own = format!("Host: {address}\r\n");
        for refused in [
            String::new(),
            "Host:\r\n".to_owned(),
            format!("Host: evil.example:{port}\r\n"),
            "Host: evil.example\r\n".to_owned(),
            format!("Host: 127.0.0.1.evil.example:{port}\r\n"),
            format!("Host: localhost:{port}@evil.example\r\n"),
            format!("Host: 0.0.0.0:{port}\r\n"),
            "Host: 127.0.0.1\r\n".to_owned(),
            "Host: 127.0.0.1:1\r\n".to_owned(),
            format!("{own}Host: evil.example:{port}\r\n"),
            format!("{own}{own}"),
            format!("{own}Origin: https://evil.example\r\n"),
            format!("{own}Origin: http://evil.example:{port}\r\n"),
            format!("{own}Origin: null\r\n"),
            format!("{own}Origin: {alb}\r\n"),
            format!(
                "{own}Origin: {}\r\nOrigin: https://evil.example\r\n",
                endpoints.site
            ),
            format!(
                "{own}Origin: https://evil.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            ),
        ] {
            let (status, head) = attempt.send("HTTP/1.1", &refused);
            assert_eq!(status, 403, "{}: {refused}", attempt.request);
            assert!(!head.contains("access-control-allow-origin"), "{head}");
            // Clients of the query protocol read only XML.
            let content_type = match attempt.headers {
                QUERY => "content-type: text/xml",
                _ => "content-type: application/json",
            };
            assert!(head.contains(content_type), "{head}");
            assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        }
        assert_eq!(attempt.send("HTTP/1.0", "").0, 403, "{}", attempt.request);
    }
    assert_eq!(state(&endpoints).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_answers_programs_of_this_machine_and_the_site() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let site_port = address(&endpoints.site).port();
    for attempt in attempts(&endpoints) {
        let port = attempt.address.port();
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]"] {
            let (status, _) = attempt.send("HTTP/1.1", &format!("Host: {host}:{port}\r\n"));
            // A rule can be created once.
            let again = attempt.request == "POST /CreateSamplingRule" && status == 400;
            assert!(
                status == attempt.status || again,
                "{}: {status}",
                attempt.request
            );
        }
        for site in ["127.0.0.1", "localhost"] {
            let site = format!("http://{site}:{site_port}");
            let headers = format!("Host: localhost:{port}\r\nOrigin: {site}\r\n");
            let (status, head) = attempt.send("HTTP/1.1", &headers);
            assert_ne!(status, 403, "{}: {site}", attempt.request);
            let allows = format!("access-control-allow-origin: {site}");
            assert_eq!(
                head.matches("access-control-allow-origin").count(),
                1,
                "{head}"
            );
            assert!(head.contains(&allows), "{head}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_in_absolute_form_is_held_to_the_same() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    for attempt in attempts(&endpoints) {
        let address = attempt.address;
        let (method, path) = attempt.request.split_once(' ').unwrap();
        for (authority, refused) in [
            (address.to_string(), false),
            (format!("evil.example:{}", address.port()), true),
            (format!("{address}@evil.example"), true),
        ] {
            let request = format!("{method} http://{authority}{path}");
            let absolute = Attempt {
                request: request.leak(),
                body: attempt.body.clone(),
                ..attempt
            };
            let (status, _) = absolute.send("HTTP/1.1", &format!("Host: {address}\r\n"));
            assert_eq!(status == 403, refused, "{}: {status}", absolute.request);
        }
    }
}

#[tokio::test]
async fn an_option_allows_a_browser_program_to_send_spans() {
    let app = "https://app.example";
    let lab = Lab::start(&["--chaos", "off", "--allowed-origin", app]);
    let endpoints = lab.endpoints();
    let otlp = format!("{}/v1/traces", endpoints.otlp);
    let preflight = |origin: &str| {
        let request = client().request(reqwest::Method::OPTIONS, &otlp);
        request
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "content-type,x-more")
            .header("Access-Control-Request-Private-Network", "true")
    };
    let answer = preflight(app).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    for (name, value) in [
        ("access-control-allow-origin", app),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type,x-more"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-private-network", "true"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.headers()[name], value, "{name}");
    }
    let sent = client().post(&otlp).header("Origin", app).json(&json!({}));
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], app);

    let refused = preflight("https://evil.example").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(
        !refused
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn an_option_allows_another_host_name() {
    let lab = Lab::start(&["--chaos", "off", "--allowed-host", "lab.example"]);
    let endpoints = lab.endpoints();
    for attempt in attempts(&endpoints) {
        for (host, refused) in [("lab.example", false), ("evil.example", true)] {
            let host = format!("Host: {host}:{}\r\n", attempt.address.port());
            let (status, _) = attempt.send("HTTP/1.1", &host);
            assert_eq!(status == 403, refused, "{}: {status}", attempt.request);
        }
    }
}
