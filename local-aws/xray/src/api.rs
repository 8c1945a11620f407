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
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::error::Error;
use crate::xray::Xray;
use operations::Operation;

/// Maximum size of a request body in bytes. A request can contain 50 documents of 64 KiB. In the request,
/// each document is a JSON string. The JSON string can be twice as long as the document, because JSON escapes
/// each quotation mark.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Returns the HTTP routes of the X-Ray API and of `GET /status`. `GET /status` responds with
/// [`Xray::status`].
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/status", get(get_status))
        .fallback(handle_operation)
        .with_state(xray)
}

async fn get_status(State(xray): State<Arc<Xray>>) -> Response {
    // `status` may take long, because `status` assembles the changed traces.
    match tokio::task::spawn_blocking(move || xray.status()).await {
        Ok(status) => json_response(StatusCode::OK, &status),
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
        Ok(Ok(response_body)) => json_response(StatusCode::OK, &response_body),
        Ok(Err(error)) => error.into_response(),
        Err(_) => Error::Panicked.into_response(),
    }
}

async fn read_request(request: Request) -> Result<(Operation, Vec<u8>), Error> {
    let path = request.uri().path();
    let Some(operation) = Operation::from_path(path) else {
        return Err(Error::UnknownOperation(path.to_owned()));
    };
    if request.method() != Method::POST {
        return Err(Error::invalid(format!("{path} accepts only POST")));
    }
    let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await;
    let body = body.map_err(|_| Error::Body(MAX_BODY_BYTES))?;
    Ok((operation, body.into()))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let body = Body::from(body.to_string());
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let exception = self.exception_name();
        let body = json!({ "__type": exception, "Message": self.to_string() });
        let mut response = json_response(self.status(), &body);
        if let Ok(exception) = exception.parse() {
            response.headers_mut().insert("x-amzn-errortype", exception);
        }
        response
    }
}
