//! A stand-in for an OpenTelemetry collector that receives OTLP over HTTP, encoded as protobuf.

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

/// A request that the collector received.
pub struct Request {
    /// The request target.
    pub path: String,
    /// The headers of the request, with header names in lower case.
    pub headers: HashMap<String, String>,
    /// The body of the request as received, without decompression.
    pub body: Vec<u8>,
}

/// A running collector that stores the received requests.
pub struct Collector {
    /// The base URL of the collector, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub endpoint: String,
    requests: Receiver<Request>,
}

impl Collector {
    /// Starts a collector that answers each request with status 200 and an empty body.
    pub fn start() -> Self {
        Self::start_answering("")
    }

    /// Starts a collector that answers each request with status 200 and the body `body`.
    pub fn start_answering(body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while serve_request(&mut stream, &sender, body).is_some() {}
                });
            }
        });
        Self { endpoint, requests }
    }

    /// Decodes the requests that the collector has received since the last call of this method. Returns the
    /// spans, each with the name of its service, and the metrics. The services must have ended before this
    /// call.
    pub fn spans_and_metrics(&self) -> (Vec<(String, Span)>, Vec<Metric>) {
        let (mut spans, mut metrics) = (Vec::new(), Vec::new());
        for request in self.take_requests() {
            match request.path.as_str() {
                "/v1/traces" => spans.extend(decode_spans(&request.body)),
                "/v1/metrics" => metrics.extend(decode_metrics(&request.body)),
                path => panic!("{path}"),
            }
        }
        (spans, metrics)
    }

    /// Returns the requests that the collector has received since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

/// The attributes of the first resource in an export request.
pub fn resource_attributes(request: &Request) -> Vec<KeyValue> {
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

fn decode_spans(body: &[u8]) -> Vec<(String, Span)> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut spans = Vec::new();
    for resource in request.resource_spans {
        let service = attribute_text(&resource.resource.unwrap().attributes, "service.name");
        let resource_spans = resource
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        spans.extend(resource_spans.map(|span| (service.clone(), span)));
    }
    spans
}

fn decode_metrics(body: &[u8]) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let resources = request.resource_metrics.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// Reads one request, sends the request to the test's channel, and then answers. Returns `None` when the
/// connection ends.
fn serve_request(
    stream: &mut BufReader<TcpStream>,
    requests: &Sender<Request>,
    answer_body: &str,
) -> Option<()> {
    let mut request_line = String::new();
    stream.read_line(&mut request_line).ok()?;
    let path = request_line.split(' ').nth(1)?.to_owned();
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
    let length = answer_body.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{answer_body}");
    stream.get_mut().write_all(answer.as_bytes()).ok()
}

/// Converts the value of an attribute to text. The text is empty if the attribute is missing.
pub fn attribute_text(attributes: &[KeyValue], key: &str) -> String {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    let value = attribute.and_then(|attribute| attribute.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        Some(other_value) => format!("{other_value:?}"),
        None => String::new(),
    }
}
