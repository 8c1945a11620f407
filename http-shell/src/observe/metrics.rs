//! `http.server.request.duration` and `http.server.active_requests`, by the semantic conventions for
//! HTTP metrics. Labels are our own routes and known methods, so that no client can make new ones.

use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

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

    /// Counts the request as under way until what is returned is dropped.
    pub fn begin(&self, request: &ServiceRequest, route: Option<&str>) -> UnderWay<'_> {
        let mut labels = Vec::with_capacity(3);
        labels.extend([
            KeyValue::new("http.request.method", method(request.method())),
            KeyValue::new("url.scheme", scheme(request)),
        ]);
        if let Some(route) = route {
            labels.push(KeyValue::new("http.route", route.to_owned()));
        }
        self.active.add(1, &labels);
        UnderWay {
            metrics: self,
            labels,
        }
    }
}

/// A request that is counted as active.
pub struct UnderWay<'a> {
    metrics: &'a Metrics,
    labels: Vec<KeyValue>,
}

impl UnderWay<'_> {
    /// Counts its answer; one whose client has gone is counted in no histogram.
    pub fn answer(self, status: StatusCode, start: Instant) {
        let mut labels = Vec::with_capacity(self.labels.len() + 2);
        labels.extend_from_slice(&self.labels);
        labels.push(KeyValue::new(
            "http.response.status_code",
            i64::from(status.as_u16()),
        ));
        // The conventions count 4xx as a success of the server.
        if status.is_server_error() {
            labels.push(KeyValue::new("error.type", status.as_str().to_owned()));
        }
        let seconds = start.elapsed().as_secs_f64();
        self.metrics.duration.record(seconds, &labels);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.metrics.active.add(-1, &self.labels);
    }
}

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
        _ => "_OTHER",
    }
}
