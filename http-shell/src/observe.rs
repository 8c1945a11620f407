//! What is seen of each request from outside: its span, its metrics, its access line.
//!
//! All by the API of OpenTelemetry alone. Where spans and metrics go, and how traces travel, is the
//! business of whoever sets up the process.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use opentelemetry::global;
use opentelemetry::trace::FutureExt;

pub mod access;
mod metrics;
mod span;
#[cfg(test)]
mod tests;

pub use span::{annotate, record_failure, tracer};

use metrics::Metrics;
use span::{RequestSpan, Spans};

/// The instruments of one server.
pub(crate) struct Observer {
    spans: Spans,
    metrics: Metrics,
}

impl Observer {
    /// Instruments of the process' telemetry, as it is set up by now.
    pub fn new(trace_health_checks: bool) -> Self {
        Self {
            spans: Spans::new(tracer(), trace_health_checks),
            metrics: Metrics::new(&global::meter("http-shell")),
        }
    }
}

/// The outermost of all that looks at requests: what the others do happens inside the span.
pub(crate) async fn middleware(
    observer: Data<Observer>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let start = Instant::now();
    let route = request.match_pattern();
    let under_way = observer.metrics.begin(&request, route.as_deref());
    let span = RequestSpan::start(&observer.spans, &request, route.as_deref());
    let mut response = next.call(request).with_context(span.context()).await?;
    let _within = span.context().attach();
    access::line(&response, start);
    span.answer(&mut response);
    under_way.answer(response.status(), start);
    Ok(response)
}
