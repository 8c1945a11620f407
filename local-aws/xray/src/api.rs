//! The HTTP API of X-Ray: each operation is a POST with a JSON body and a JSON response.
//!
//! Source: the service model of X-Ray (2016-04-12, protocol rest-json). The signatures of requests are not
//! checked.

mod operations;
mod requests;
mod token;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;
use wire::{JsonProtocol, discard_body, read_body};

use crate::error::Error;
use crate::xray::Xray;
use operations::Operation;

/// Maximum size of a request body in MiB. A request can contain 50 documents of 64 KiB. In the request,
/// each document is a JSON string. The JSON string can be twice as long as the document, because JSON escapes
/// each quotation mark.
const MAX_BODY_MIB: usize = 8;

/// The path of the numbers of stored, refused and evicted documents and traces.
const STATUS_PATH: &str = "/status";

/// Whether [`router`] has a route with this path.
pub fn has_path(path: &str) -> bool {
    path == STATUS_PATH || Operation::from_path(path).is_some()
}

/// Returns the HTTP routes of the X-Ray API and of `GET /status`. `GET /status` responds with
/// [`Xray::status`].
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route(STATUS_PATH, get(get_status))
        .fallback(handle_operation)
        .with_state(xray)
}

async fn get_status(State(xray): State<Arc<Xray>>) -> Response {
    // `status` may take long, because `status` assembles the changed traces.
    match tokio::task::spawn_blocking(move || xray.status()).await {
        Ok(status) => json_response(&status),
        Err(_) => Error::Panicked.into_response(),
    }
}

async fn handle_operation(State(xray): State<Arc<Xray>>, request: Request) -> Response {
    let (operation, body) = match read_request(request).await {
        Ok(operation_and_body) => operation_and_body,
        Err(error) => return error.into_response(),
    };
    // An operation may read 100,000 traces, so the operation must not occupy an async worker thread.
    let result = tokio::task::spawn_blocking(move || operation.call(&xray, &body)).await;
    match result {
        Ok(Ok(response_body)) => json_response(&response_body),
        Ok(Err(error)) => error.into_response(),
        Err(_) => Error::Panicked.into_response(),
    }
}

async fn read_request(request: Request) -> Result<(Operation, Bytes), Error> {
    let (head, body) = request.into_parts();
    let operation = match read_operation(&head) {
        Ok(operation) => operation,
        Err(error) => {
            discard_body(body).await;
            return Err(error);
        }
    };
    let body = read_body(&head.headers, body, MAX_BODY_MIB).await?;
    Ok((operation, body))
}

fn read_operation(head: &Parts) -> Result<Operation, Error> {
    let path = head.uri.path();
    let Some(operation) = Operation::from_path(path) else {
        return Err(Error::UnknownOperation(path.to_owned()));
    };
    if head.method != Method::POST {
        return Err(Error::invalid(format!("{path} accepts only POST")));
    }
    Ok(operation)
}

fn json_response(body: &Value) -> Response {
    let body = Body::from(body.to_string());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let error = wire::Error {
            status: self.status(),
            code: self.exception_name(),
            message: self.to_string(),
        };
        error.json_response(JsonProtocol::Rest)
    }
}
