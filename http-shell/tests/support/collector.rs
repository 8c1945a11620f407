//! A collector of OTLP as far as its clients see it: HTTP with protobuf bodies.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// What one request was.
pub struct Request {
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// A collector that keeps what it is sent.
pub struct Collector {
    pub endpoint: String,
    requests: Receiver<Request>,
}

impl Collector {
    pub fn start() -> Self {
        Self::answering("")
    }

    /// The same, with an answer that has this body.
    pub fn answering(body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while answer(&mut stream, &sender, body).is_some() {}
                });
            }
        });
        Self { endpoint, requests }
    }

    /// What exporters that have ended by now have sent: spans with the name of their service, and
    /// metrics.
    pub fn spans_and_metrics(&self) -> (Vec<(String, Span)>, Vec<Metric>) {
        let (mut spans, mut metrics) = (Vec::new(), Vec::new());
        for request in self.requests() {
            match request.path.as_str() {
                "/v1/traces" => spans.extend(spans_of(&request.body)),
                "/v1/metrics" => metrics.extend(metrics_of(&request.body)),
                path => panic!("{path}"),
            }
        }
        (spans, metrics)
    }

    /// All requests since the last time.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

/// The attributes of the resource whose spans or metrics `request` brought.
pub fn resource(request: &Request) -> Vec<KeyValue> {
    let body = &*request.body;
    let resource = match &*request.path {
        "/v1/traces" => {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            request.resource_spans[0].resource.clone()
        }
        _ => {
            let request = ExportMetricsServiceRequest::decode(body).unwrap();
            request.resource_metrics[0].resource.clone()
        }
    };
    resource.unwrap().attributes
}

fn spans_of(body: &[u8]) -> Vec<(String, Span)> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let service = text(&resource.resource.unwrap().attributes, "service.name");
        let found = resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        spans.extend(found.map(|span| (service.clone(), span)));
    }
    spans
}

fn metrics_of(body: &[u8]) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let resources = request.resource_metrics.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// Reads one request, remembers it before its sender knows, and answers it.
fn answer(stream: &mut BufReader<TcpStream>, requests: &Sender<Request>, with: &str) -> Option<()> {
    let mut first = String::new();
    stream.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length");
    let length = length.map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let request = Request {
        path,
        headers,
        body,
    };
    requests.send(request).ok()?;
    let length = with.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{with}");
    stream.get_mut().write_all(answer.as_bytes()).ok()
}

/// The attribute as text, whatever its type; empty if it is not there.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    let value = found.and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}
