//! The operations of the API as an AWS service with the protocol AWS JSON 1.1.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::{Api, Error, JsonBody, Service, json_router, unknown_operation};

use super::{LogGroup, Logs, Pattern};

mod check;
mod events;
mod filter_events;
mod groups;
mod metric_filters;
mod pages;
mod put_events;
mod streams;
#[cfg(test)]
mod tests;

/// Maximum size of a request body in MiB. A batch of events has 1 MiB of messages, and JSON can make it larger.
const MAX_BODY_MIB: usize = 8;

pub const INVALID: &str = "InvalidParameterException";

impl Logs {
    /// The API as a service of an AWS endpoint.
    pub fn service(self: &Arc<Self>) -> Service {
        let logs = Arc::clone(self);
        let router = json_router(MAX_BODY_MIB, move |operation, body| {
            let logs = Arc::clone(&logs);
            // A search through many events takes seconds.
            let call = tokio::task::spawn_blocking(move || call(&logs, &operation, &body));
            async { call.await.unwrap_or_else(|_| Err(failed())) }
        });
        Service {
            signing_name: "logs",
            api: Api::Json {
                target_prefix: "Logs_20140328",
                router,
            },
        }
    }

    /// Creates a metric filter, or replaces it. `request` is a request of the operation `PutMetricFilter`.
    ///
    /// # Errors
    ///
    /// The error of the operation.
    pub fn put_metric_filter(&self, request: Value) -> Result<(), Error> {
        let request = serde_json::from_value(request);
        let request = request.map_err(|error| invalid(error.to_string()))?;
        metric_filters::put(self, request).map(|_| ())
    }

    /// The log group.
    fn existing_group(&self, name: &str) -> Result<Arc<LogGroup>, Error> {
        check::group_name(name)?;
        self.group(name).ok_or_else(no_such_group)
    }
}

fn call(logs: &Logs, operation: &str, body: &JsonBody) -> Result<Value, Error> {
    match operation {
        "CreateLogGroup" => groups::create(logs, &body.parse(INVALID)?),
        "CreateLogStream" => streams::create(logs, &body.parse(INVALID)?),
        "DeleteLogGroup" => groups::delete(logs, &body.parse(INVALID)?),
        "DeleteLogStream" => streams::delete(logs, &body.parse(INVALID)?),
        "DeleteMetricFilter" => metric_filters::delete(logs, &body.parse(INVALID)?),
        "DeleteRetentionPolicy" => groups::delete_retention(logs, &body.parse(INVALID)?),
        "DescribeLogGroups" => groups::describe(logs, &body.parse(INVALID)?),
        "DescribeLogStreams" => streams::describe(logs, &body.parse(INVALID)?),
        "DescribeMetricFilters" => metric_filters::describe(logs, &body.parse(INVALID)?),
        "FilterLogEvents" => filter_events::filter(logs, &body.parse(INVALID)?),
        "GetLogEvents" => events::get(logs, &body.parse(INVALID)?),
        "PutLogEvents" => put_events::put(logs, &body.parse(INVALID)?),
        "PutMetricFilter" => metric_filters::put(logs, body.parse(INVALID)?),
        "PutRetentionPolicy" => groups::put_retention(logs, &body.parse(INVALID)?),
        "TestMetricFilter" => metric_filters::test(&body.parse(INVALID)?),
        _ => Err(unknown_operation("logs", operation)),
    }
}

/// The body of a response without members.
fn empty() -> Value {
    json!({})
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request(INVALID, message)
}

fn no_such_group() -> Error {
    not_found("The specified log group does not exist.")
}

fn no_such_stream() -> Error {
    not_found("The specified log stream does not exist.")
}

fn not_found(message: &str) -> Error {
    Error::bad_request("ResourceNotFoundException", message)
}

/// The error of an operation that panicked.
fn failed() -> Error {
    Error {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "ServiceUnavailableException",
        message: "The service cannot complete the request.".to_owned(),
    }
}

/// Parses a pattern. `kind` is what AWS calls the pattern in its messages.
fn parse_pattern(text: &str, kind: &str) -> Result<Pattern, Error> {
    check::length("filterPattern", text, 0, super::pattern::MAX_CHARACTERS)?;
    Pattern::parse(text).map_err(|error| invalid(format!("Invalid {kind}: {error}")))
}
