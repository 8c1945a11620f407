//! `http.server.request.duration` and `http.server.active_requests`, by the semantic conventions for
//! HTTP metrics. Labels are our own routes and known methods, so that no client can make new ones.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

use super::exchange::Failure;
use super::span::scheme;

/// Upper bounds of the histogram's buckets in seconds: those of the conventions.
const BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

pub struct Metrics {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
}

impl Metrics {
    pub fn new(meter: &Meter) -> Self {
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_boundaries(BOUNDARIES.to_vec())
                .build(),
            active: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .build(),
        }
    }

    /// Counts the request as active, until [`Metrics::end`].
    pub fn begin(&self, request: &ServiceRequest, route: Option<&str>) -> Labels {
        let mut labels = Vec::with_capacity(3);
        labels.extend([
            KeyValue::new("http.request.method", method(request.method())),
            KeyValue::new("url.scheme", scheme(request)),
        ]);
        if let Some(route) = route {
            labels.push(KeyValue::new("http.route", route.to_owned()));
        }
        self.active.add(1, &labels);
        Labels(labels)
    }

    /// Counts how long the request took that was answered with `status`, or not at all, or not wholly.
    pub fn end(
        &self,
        Labels(labels): &Labels,
        status: Option<StatusCode>,
        failure: Option<Failure>,
        elapsed: Duration,
    ) {
        self.active.add(-1, labels);
        let mut all = Vec::with_capacity(labels.len() + 2);
        all.extend_from_slice(labels);
        if let Some(status) = status {
            let status = i64::from(status.as_u16());
            all.push(KeyValue::new("http.response.status_code", status));
        }
        let error_type = error_type(status, failure);
        all.extend(error_type.map(|kind| KeyValue::new("error.type", kind)));
        self.duration.record(elapsed.as_secs_f64(), &all);
    }
}

/// The labels of an active request.
pub struct Labels(Vec<KeyValue>);

/// `error.type` of a request. The conventions count 4xx as a success of the server.
pub fn error_type(
    status: Option<StatusCode>,
    failure: Option<Failure>,
) -> Option<Cow<'static, str>> {
    let status = status.filter(StatusCode::is_server_error);
    let status = status.map(|status| Cow::Owned(status.as_str().to_owned()));
    failure
        .map(|failure| failure.error_type().into())
        .or(status)
}

/// What the conventions put in place of other methods than HTTP's own.
pub const OTHER: &str = "_OTHER";

/// The method, if it is one of HTTP's own.
pub fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        "QUERY" => "QUERY",
        _ => OTHER,
    }
}
