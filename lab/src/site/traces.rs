//! `/traces`: the page for people, the API it asks, and where its map's nodes go.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Json};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, extract};
use rust_embed::Embed;
use xray::Xray;

use super::control::error;
use super::files::answer;

mod layout;

use layout::Graph;

/// The lab's own pages. They are no part of the site, which is also put on S3.
#[derive(Embed)]
#[folder = "pages/"]
struct Pages;

/// Largest graph in nodes and edges that is laid out.
const MAX_GRAPH: usize = 500;

/// Largest graph in bytes that is read.
const MAX_BODY: usize = 256 * 1024;

/// The page and what it needs.
pub fn routes(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/traces", get(page))
        .route("/traces/{id}", get(page))
        .route(
            "/traces/layout",
            post(place).layer(DefaultBodyLimit::max(MAX_BODY)),
        )
        .route("/pages/{file}", get(file))
        .nest("/xray", xray::router(xray))
}

async fn page(headers: HeaderMap) -> Response {
    found("traces.html", &headers)
}

async fn file(extract::Path(path): extract::Path<String>, headers: HeaderMap) -> Response {
    found(&path, &headers)
}

fn found(path: &str, headers: &HeaderMap) -> Response {
    match Pages::get(path) {
        Some(file) => answer(path, file, headers),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_files_that_are_there() {
        let html = Pages::get("traces.html").unwrap();
        let html = String::from_utf8(html.data.into_owned()).unwrap();
        let named = html
            .split('"')
            .filter_map(|text| text.strip_prefix("/pages/"));
        assert_eq!(
            named
                .map(|name| assert!(Pages::get(name).is_some(), "{name}"))
                .count(),
            3
        );
    }
}
