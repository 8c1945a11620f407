//! The metrics `http.server.request.duration` and `http.server.active_requests`, as defined by
//! OpenTelemetry's semantic conventions for HTTP metrics.
//!
//! Labels contain route patterns and known methods instead of paths and arbitrary methods, so that a client
//! cannot create new label values.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

use super::attributes::{error_type, known_method, url_scheme};
use super::failure::FailureReason;

/// The semantic conventions define these upper bounds of the histogram's buckets, in seconds.
const DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Initial capacity for labels: the number of labels of a request with a route, a status and an error.
const LABELS_CAPACITY: usize = 5;

pub struct Metrics {
    request_duration: Histogram<f64>,
    active_requests: UpDownCounter<i64>,
}

impl Metrics {
    pub fn new(meter: &Meter) -> Self {
        Self {
            request_duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_boundaries(DURATION_BOUNDARIES.to_vec())
                .build(),
            active_requests: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .build(),
        }
    }

    /// Counts the request as active until [`Metrics::record_end`] is called.
    pub fn record_start(&self, request: &ServiceRequest, route: Option<&Arc<str>>) -> MetricLabels {
        let mut labels = Vec::with_capacity(LABELS_CAPACITY);
        labels.extend([
            KeyValue::new("http.request.method", known_method(request.method())),
            KeyValue::new("url.scheme", url_scheme(request)),
        ]);
        if let Some(route) = route {
            labels.push(KeyValue::new("http.route", Arc::clone(route)));
        }
        self.active_requests.add(1, &labels);
        MetricLabels(labels)
    }

    /// Records the duration of the request. `status` is `None` if the request ended without
    /// a response.
    pub fn record_end(
        &self,
        MetricLabels(mut labels): MetricLabels,
        status: Option<StatusCode>,
        failure: Option<FailureReason>,
        duration: Duration,
    ) {
        self.active_requests.add(-1, &labels);
        if let Some(status) = status {
            let status = i64::from(status.as_u16());
            labels.push(KeyValue::new("http.response.status_code", status));
        }
        let error_type = error_type(status, failure);
        labels.extend(error_type.map(|value| KeyValue::new("error.type", value)));
        self.request_duration
            .record(duration.as_secs_f64(), &labels);
    }
}

/// The labels of an active request.
#[derive(Default)]
pub struct MetricLabels(Vec<KeyValue>);
