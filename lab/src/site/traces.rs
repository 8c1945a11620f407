//! What the console's page of traces asks besides the AWS APIs: where the map's nodes go.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Json};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::control::error;

mod layout;

use layout::Graph;

/// Largest graph in nodes and edges that is laid out.
const MAX_GRAPH: usize = 500;

/// Largest graph in bytes that is read.
const MAX_BODY: usize = 256 * 1024;

pub fn routes() -> Router {
    Router::new().route(
        "/traces/layout",
        post(place).layer(DefaultBodyLimit::max(MAX_BODY)),
    )
}

/// Says where each node goes, and the way of each edge. Large graphs take a while.
async fn place(Json(graph): Json<Graph>) -> Response {
    if graph.size() > MAX_GRAPH {
        let message =
            "a map of more than 500 nodes and edges is not laid out; filter for fewer traces";
        return error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message);
    }
    match tokio::task::spawn_blocking(move || graph.lay_out()).await {
        Ok(layout) => Json(layout).into_response(),
        Err(_) => {
            let message = "this map cannot be laid out";
            error(StatusCode::UNPROCESSABLE_ENTITY, "no_layout", message)
        }
    }
}
