//! The tracer, the metric instruments and the lifecycle that all requests of a server share.

use opentelemetry::global::{self, BoxedTracer};

use super::metrics::Metrics;
use super::span::SpanFactory;
use crate::drain::Lifecycle;

/// Creates spans and records metrics for the requests of one server.
pub struct Observer {
    pub(super) spans: SpanFactory,
    pub(super) metrics: Metrics,
    pub(crate) lifecycle: Lifecycle,
}

impl Observer {
    /// Creates an observer with this tracer and the global meter. The process must configure the global meter
    /// before this call.
    pub fn new(tracer: BoxedTracer, trace_health_checks: bool, lifecycle: Lifecycle) -> Self {
        Self {
            spans: SpanFactory::new(tracer, trace_health_checks),
            metrics: Metrics::new(&global::meter("http-shell")),
            lifecycle,
        }
    }
}
