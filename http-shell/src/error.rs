//! The format of every error response: `{"error": {"code": "…", "message": "…"}}`.

use std::error::Error;
use std::iter::successors;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;

use crate::trace::record_error;

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    code: String,
    message: &'a str,
}

/// Creates a response with `status` and `message` in the services' error format.
///
/// The code is the reason phrase of the status in snake case (`not_found`, `gateway_timeout`). Users see the
/// message, so the message must not contain the text of an upstream's response.
pub fn error_response(status: StatusCode, message: &str) -> HttpResponse {
    let code = status
        .canonical_reason()
        .unwrap_or("error")
        .to_lowercase()
        .replace([' ', '-'], "_");
    HttpResponse::build(status).json(ErrorBody {
        error: ErrorDetail { code, message },
    })
}

/// Creates a response with `status`. The message is the text of `error`, without the error's causes.
///
/// For a 5xx status, the error and its causes are logged and recorded in the request's span. Only
/// `ResponseError::error_response` may call this function, so that each error is recorded once.
pub fn failure_response(error: &(dyn Error + 'static), status: StatusCode) -> HttpResponse {
    if status.is_server_error() {
        tracing::error!(cause = format_causes(error), "{error}");
        Context::map_current(|cx| record_error(&cx.span(), error));
    }
    error_response(status, &error.to_string())
}

/// Handles requests for a path without a route.
pub(crate) async fn respond_not_found() -> HttpResponse {
    error_response(StatusCode::NOT_FOUND, "there is nothing at this path")
}

/// Joins the text of `error` and its causes with colons.
pub fn format_error(error: &dyn Error) -> String {
    join(Some(error))
}

/// Joins the causes of `error` with colons. The direct cause of the error is the first cause in the text.
pub fn format_causes(error: &dyn Error) -> String {
    join(error.source())
}

fn join(first: Option<&dyn Error>) -> String {
    let errors = successors(first, |&error| error.source());
    errors
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Failure {
        message: &'static str,
        source: Option<Box<dyn Error>>,
    }

    #[test]
    fn causes_are_listed_from_the_direct_cause_to_the_last() {
        let last = io::Error::other("connection refused");
        let direct = Failure {
            message: "no response",
            source: Some(Box::new(last)),
        };
        let error = Failure {
            message: "the call failed",
            source: Some(Box::new(direct)),
        };
        assert_eq!(format_causes(&error), "no response: connection refused");
        let whole = "the call failed: no response: connection refused";
        assert_eq!(format_error(&error), whole);
        let without_cause = Failure {
            message: "the call failed",
            source: None,
        };
        assert_eq!(format_causes(&without_cause), "");
        assert_eq!(format_error(&without_cause), "the call failed");
    }
}
