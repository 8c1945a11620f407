//! One accepted request, from its head to the end of the response: collects the fields of its line in the access log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::response::Response;
use http_body_util::BodyExt;
use http_desync_guardian::RequestSafetyTier;
use hyper::body::Body as _;

use crate::access_log::Entry;
use crate::answer;
use crate::connection::{Arrived, ConnectionState};
use crate::failure::Failure;
use crate::group::TargetGroup;
use crate::head::Fields;
use crate::recorder::Recorder;

/// A request until the last byte of its response. Dropping it writes the line.
pub struct UnderWay {
    pub entry: Entry,
    /// The target group that was selected.
    pub group: Option<Arc<TargetGroup>>,
    recorder: Arc<Recorder>,
    shared: Arc<ConnectionState>,
    received: Arc<AtomicU64>,
    start: Instant,
    dispatch: Option<Instant>,
    /// Whether the connection ends with this request.
    pub is_last: bool,
    is_answered: bool,
}

impl UnderWay {
    pub fn new(
        recorder: Arc<Recorder>,
        port: u16,
        shared: &Arc<ConnectionState>,
        arrived: Arrived,
        request: &Request,
    ) -> Self {
        let headers = request.headers();
        let text = |name| {
            let value = headers.get(name).map(|value| value.as_bytes());
            value.map(|value| String::from_utf8_lossy(value).into_owned())
        };
        let tier = arrived.head.classification.map(|it| it.tier);
        let is_ambiguous = tier == Some(RequestSafetyTier::Ambiguous);
        let asks_to_close = text(CONNECTION).is_some_and(|it| it.eq_ignore_ascii_case("close"));
        let version = match request.version() {
            Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        let target = request.uri().to_string();
        let host = text(HOST);
        let fields = Fields {
            method: request.method().as_str(),
            target: &target,
            version,
            host: host.as_deref(),
            user_agent: None,
        };
        Self {
            entry: Entry {
                request: line(&fields, port),
                user_agent: text(USER_AGENT),
                classification: arrived.head.classification,
                ..Entry::new(shared.info, port, arrived.time)
            },
            group: None,
            recorder,
            shared: Arc::clone(shared),
            received: Arc::new(AtomicU64::new(arrived.head.length as u64)),
            start: Instant::now(),
            dispatch: None,
            // Defensive mode forwards an ambiguous request and closes both connections.
            is_last: is_ambiguous || asks_to_close,
            is_answered: false,
        }
    }

    /// Counts the bytes of the body.
    pub fn count_body(&self, request: Request) -> Request {
        let received = Arc::clone(&self.received);
        request.map(|body| {
            Body::new(body.inspect_frame(move |frame| {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                received.fetch_add(length, Ordering::Relaxed);
            }))
        })
    }

    /// Records that the request is sent to `target` now.
    pub fn sent_to(&mut self, target: SocketAddr) {
        let now = Instant::now();
        self.entry.target = Some(target);
        self.entry.request_time = Some(now - self.start);
        self.dispatch = Some(now);
    }

    /// Returns the response of the target.
    pub fn answered(mut self, response: Response) -> Response {
        let target_time = self.dispatch.map(|dispatch| dispatch.elapsed());
        self.entry.target_time = target_time;
        self.entry.response_time = target_time.and_then(|target_time| {
            let since_dispatch = self.dispatch?.elapsed();
            Some(since_dispatch.saturating_sub(target_time))
        });
        self.entry.target_status = Some(response.status());
        self.send(response)
    }

    /// Returns the response of the load balancer itself.
    pub fn failed(mut self, failure: Failure) -> Response {
        match failure {
            // Recorded lines of ALBs contain the time until the target closed the connection.
            Failure::ConnectionClosed | Failure::ResponseInvalid => {
                self.entry.target_time = self.dispatch.map(|dispatch| dispatch.elapsed());
            }
            Failure::ResponseTimeout => {}
            Failure::RequestIncomplete => self.remove_target(),
            _ => self.entry.request_time = None,
        }
        self.entry.failure = Some(failure);
        let status = match failure {
            Failure::RequestIncomplete if self.shared.body_is_late() => StatusCode::REQUEST_TIMEOUT,
            failure => failure.status(),
        };
        self.send(answer::own(status))
    }

    /// A request that the client did not send completely has no target.
    fn remove_target(&mut self) {
        self.entry.target = None;
        self.entry.request_time = None;
    }

    fn send(mut self, mut response: Response) -> Response {
        if self.is_last {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        self.entry.status = response.status();
        self.entry.sent_bytes = head_length(&response);
        self.is_answered = true;
        response.map(|body| {
            Body::new(body.inspect_frame(move |frame| {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                // The closure captures all of `self`, so that the line is written after the last frame.
                let under_way = &mut self;
                under_way.entry.sent_bytes += length;
            }))
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.entry.received_bytes = self.received.load(Ordering::Relaxed);
        if !self.is_answered {
            // hyper drops a request when the client closes the connection. The status depends on whether the client had sent
            // all of the body.
            self.entry.status = match self.shared.body_is_missing() {
                true => {
                    self.remove_target();
                    StatusCode::BAD_REQUEST
                }
                false => {
                    self.entry.request_time = None;
                    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
                }
            };
        }
        let group = self.group.as_deref();
        self.recorder.record(&self.entry, group);
        self.shared.end();
    }
}

/// The request line in the form of the access log.
pub fn line(fields: &Fields<'_>, port: u16) -> String {
    let Fields {
        method,
        target,
        version,
        host,
        ..
    } = fields;
    let host = host.unwrap_or("127.0.0.1");
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    let url = match (target.starts_with('/'), has_port) {
        (false, _) => (*target).to_owned(),
        (true, true) => format!("http://{host}{target}"),
        (true, false) => format!("http://{host}:{port}{target}"),
    };
    format!("{method} {url} HTTP/{version}")
}

/// The length of the response's head in bytes, including the headers that hyper adds.
fn head_length(response: &Response) -> u64 {
    let line =
        "HTTP/1.1 200 \r\n\r\n".len() + response.status().canonical_reason().map_or(0, str::len);
    let field = |name: usize, value: usize| name + ": \r\n".len() + value;
    let headers: &HeaderMap = response.headers();
    let fields: usize = headers
        .iter()
        .map(|(name, value)| field(name.as_str().len(), value.len()))
        .sum();
    let date = match headers.contains_key(DATE) {
        true => 0,
        false => field(DATE.as_str().len(), "Thu, 01 Jan 1970 00:00:00 GMT".len()),
    };
    let length = match response.body().size_hint().exact() {
        _ if headers.contains_key(CONTENT_LENGTH) => 0,
        Some(length) => field(CONTENT_LENGTH.as_str().len(), length.to_string().len()),
        None => field("transfer-encoding".len(), "chunked".len()),
    };
    (line + fields + date + length) as u64
}
