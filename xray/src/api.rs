//! X-Ray's HTTP API: one POST for each operation, JSON both ways.
//!
//! Source: the service model of X-Ray (2016-04-12, protocol rest-json). Requests may be signed or not.

mod error;
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

pub use error::Error;
pub use operations::Operation;

use crate::xray::Xray;

/// Largest request in bytes: 50 documents of 64 KiB in a JSON string each, where a quotation mark is two
/// bytes.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The API of this X-Ray, and `GET /status`, which tells what is held and what has left.
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/status", get(status))
        .fallback(answer)
        .with_state(xray)
}

async fn status(State(xray): State<Arc<Xray>>) -> Response {
    // Traces that have changed are put together first, so that all that is dropped is counted.
    match tokio::task::spawn_blocking(move || xray.status()).await {
        Ok(status) => json(StatusCode::OK, &status),
        Err(_) => Error::Broken.into_response(),
    }
}

async fn answer(State(xray): State<Arc<Xray>>, request: Request) -> Response {
    let called = match called(request).await {
        // It may read a hundred thousand traces, which is no work for a thread that others wait for.
        Ok((operation, body)) => {
            tokio::task::spawn_blocking(move || operation.call(&xray, &body)).await
        }
        Err(error) => return error.into_response(),
    };
    match called {
        Ok(Ok(answer)) => json(StatusCode::OK, &answer),
        Ok(Err(error)) => error.into_response(),
        Err(_) => Error::Broken.into_response(),
    }
}

async fn called(request: Request) -> Result<(Operation, Vec<u8>), Error> {
    let path = request.uri().path();
    let Some(operation) = Operation::find(path) else {
        return Err(Error::UnknownOperation(path.to_owned()));
    };
    if request.method() != Method::POST {
        return Err(Error::invalid(format!("{path} is asked by POST")));
    }
    let body = to_bytes(request.into_body(), MAX_BODY).await;
    let body = body.map_err(|_| Error::Body(MAX_BODY))?;
    Ok((operation, body.into()))
}

fn json(status: StatusCode, body: &Value) -> Response {
    let body = Body::from(body.to_string());
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let body = json!({ "__type": self.name(), "Message": self.to_string() });
        let mut response = json(self.status(), &body);
        if let Ok(name) = self.name().parse() {
            response.headers_mut().insert("x-amzn-errortype", name);
        }
        response
    }
}
