//! Reports which likes had a fault, for a process that holds the service and needs to know this exactly.

use std::fmt;
use std::sync::Arc;
use std::thread::panicking;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::http::StatusCode;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::{Deserialize, Serialize};
use telemetry::XrayTraceId;

use super::fault::Fault;

/// A like that had a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultReport {
    /// When the like arrived, in milliseconds since the Unix epoch.
    pub arrived_at_ms: u64,
    /// The trace id in X-Ray's form; `None` without a trace. A trace that is not sampled has an id, too.
    pub trace_id: Option<String>,
    /// The fault, not [`Fault::None`].
    pub fault: Fault,
    /// The status of the response; `None` if the like ended without a response.
    pub status: Option<u16>,
    /// The time from the arrival until the response was ready or the like ended, in milliseconds.
    pub elapsed_ms: f64,
}

/// A function that is called once for each like that had a fault: when the response is ready, or when the
/// like ends without a response. It must not block, because it runs on the threads that serve requests.
#[derive(Clone)]
pub struct FaultSink(Arc<dyn Fn(FaultReport) + Send + Sync>);

impl FaultSink {
    /// Creates a sink from the function `sink`.
    pub fn new(sink: impl Fn(FaultReport) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }
}

impl fmt::Debug for FaultSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultSink")
    }
}

/// The report of a like in progress. Dropping it sends the report if the like had a fault. Without a sink,
/// it is empty and does nothing.
#[derive(Debug)]
pub struct LikeReport(Option<Pending>);

#[derive(Debug)]
struct Pending {
    sink: FaultSink,
    arrived_at: SystemTime,
    start: Instant,
    /// The fault and the trace id.
    fault: Option<(Fault, Option<String>)>,
    status: Option<StatusCode>,
}

impl LikeReport {
    /// The report of a like that arrives now.
    pub(super) fn start(sink: Option<&FaultSink>) -> Self {
        Self(sink.map(|sink| Pending {
            sink: sink.clone(),
            arrived_at: SystemTime::now(),
            start: Instant::now(),
            fault: None,
            status: None,
        }))
    }

    /// Records the fault. The trace id is that of the current context, because a like that is dropped has no
    /// context.
    pub(super) fn record_fault(&mut self, fault: Fault) {
        if let Some(pending) = self.0.as_mut().filter(|_| fault != Fault::None) {
            pending.fault = Some((fault, current_trace_id()));
        }
    }

    /// Records the status of the response.
    pub fn record_status(&mut self, status: StatusCode) {
        if let Some(pending) = &mut self.0 {
            pending.status = Some(status);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Some((fault, trace_id)) = self.fault.take() else {
            return;
        };
        // The shell of the service answers a panic with 500.
        let panic_status = panicking().then_some(StatusCode::INTERNAL_SERVER_ERROR);
        let since_epoch = self.arrived_at.duration_since(UNIX_EPOCH);
        let arrived_at_ms = since_epoch.unwrap_or_default().as_millis();
        (self.sink.0)(FaultReport {
            arrived_at_ms: u64::try_from(arrived_at_ms).unwrap_or(u64::MAX),
            trace_id,
            fault,
            status: self.status.or(panic_status).map(|status| status.as_u16()),
            elapsed_ms: self.start.elapsed().as_secs_f64() * 1000.0,
        });
    }
}

fn current_trace_id() -> Option<String> {
    Context::map_current(|cx| {
        let span = cx.span();
        let context = span.span_context();
        context
            .is_valid()
            .then(|| XrayTraceId(context.trace_id()).to_string())
    })
}
