//! The console: the page for people at `/console` and `/traces`, its files, and the AWS APIs that it asks.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;

use super::files::answer;

/// The lab's own pages. They are no part of the site, which is also put on S3.
#[derive(Embed)]
#[folder = "pages/"]
struct Pages;

/// Paths that answer with the console. The page itself reads the rest of the path.
const PAGES: [&str; 4] = ["/console", "/console/{*rest}", "/traces", "/traces/{id}"];

/// The page and its files. `aws` is the AWS endpoint, to which the page sends its calls at its own origin.
pub fn routes(aws: Router) -> Router {
    let pages = Router::new().route("/pages/{*file}", get(file));
    let pages = PAGES
        .into_iter()
        .fold(pages, |router, path| router.route(path, get(page)));
    pages.nest_service("/aws", aws)
}

async fn page(headers: HeaderMap) -> Response {
    found("console.html", &headers)
}

async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    found(&path, &headers)
}

fn found(path: &str, headers: &HeaderMap) -> Response {
    match Pages::get(path) {
        Some(file) => answer(path, file, headers),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        let file = Pages::get(path).unwrap();
        String::from_utf8(file.data.into_owned()).unwrap()
    }

    #[test]
    fn the_page_names_files_that_exist() {
        let html = text("console.html");
        let names = html
            .split('"')
            .filter_map(|text| text.strip_prefix("/pages/"));
        assert_eq!(
            names
                .map(|name| assert!(Pages::get(name).is_some(), "{name}"))
                .count(),
            2
        );
    }
}
