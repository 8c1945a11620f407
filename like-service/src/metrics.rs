//! What the Like service counts: likes by outcome, and what chaos did to them.

use actix_web::http::Method;
use http_shell::RequestEnd;
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

use crate::chaos::Fault;
use crate::error::Error;
use crate::routes;

/// The counters of one process.
#[derive(Clone, Debug)]
pub struct Metrics {
    likes: Counter<u64>,
    faults: Counter<u64>,
}

impl Metrics {
    /// Counters of the process' telemetry, as it is set up by now.
    pub fn new() -> Self {
        let meter = global::meter("like-service");
        let counter = |name, unit| meter.u64_counter(name).with_unit(unit).build();
        Self {
            likes: counter("mysfits.likes", "{like}"),
            faults: counter("chaos.faults", "{fault}"),
        }
    }

    /// Counts the request, if it is a like.
    ///
    /// A like that was given up or cut off is `abandoned`. One that got no further than the checks of
    /// every request, such as that of its body's size, is `refused`.
    pub fn like(&self, end: RequestEnd<'_>) {
        if end.route != Some(routes::LIKE) || end.method != Method::POST {
            return;
        }
        let error = end.error.and_then(|error| error.as_error());
        let outcome = match (end.status, error) {
            (None, _) => "abandoned",
            (_, Some(error)) => outcome(error),
            (Some(status), None) if status.is_success() => "liked",
            (Some(status), None) if status.is_server_error() => "failed",
            (Some(_), None) => "refused",
        };
        self.likes.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Counts what chaos drew for one like.
    pub fn fault(&self, fault: Fault) {
        let fault = KeyValue::new("chaos.fault", fault.name());
        self.faults.add(1, &[fault]);
    }
}

/// Not telling a simulated 404 from a real one: that would give the exercise away.
fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Id(_) => "bad_id",
        Error::SimulatedNotFound | Error::NoSuchMysfit => "not_found",
        Error::Overloaded(_) => "overloaded",
        Error::MonolithTimeout => "timeout",
        Error::MonolithAnswer(_) => "bad_answer",
        Error::MonolithUnreachable(_)
        | Error::MonolithUnavailable
        | Error::MonolithUnhealthy(_) => "unavailable",
    }
}
