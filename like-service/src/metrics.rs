//! Counts likes by outcome.

use actix_web::http::Method;
use http_shell::RequestEnd;
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};

use crate::error::Error;
use crate::routes;

/// The counter `mysfits.likes` of one process.
#[derive(Clone, Debug)]
pub struct LikeCounter(Counter<u64>);

impl LikeCounter {
    /// Creates the counter with the current global meter provider.
    pub fn new() -> Self {
        let meter = global::meter("like-service");
        Self(
            meter
                .u64_counter("mysfits.likes")
                .with_unit("{like}")
                .build(),
        )
    }

    /// Counts a finished request if the request is a like.
    ///
    /// The outcome is `abandoned` if no answer was sent. If the request failed with an [`Error`], the error
    /// determines the outcome. If an answer was sent without an [`Error`], the status determines the
    /// outcome: `liked` for a 2xx status, `failed` for a 5xx status, and `refused` for every other status,
    /// for example 413.
    pub fn count_like(&self, end: RequestEnd<'_>) {
        if end.route != Some(routes::LIKE_ROUTE) || end.method != Method::POST {
            return;
        }
        let error = end.error.and_then(|error| error.as_error());
        let outcome = match (end.status, error) {
            (None, _) => "abandoned",
            (_, Some(error)) => outcome_of_error(error),
            (Some(status), None) if status.is_success() => "liked",
            (Some(status), None) if status.is_server_error() => "failed",
            (Some(_), None) => "refused",
        };
        self.0.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}

/// The outcome of a failed like. A simulated 404 has the outcome of a real 404, because an exercise of the
/// workshop is to distinguish a simulated 404 from a real 404.
fn outcome_of_error(error: &Error) -> &'static str {
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
