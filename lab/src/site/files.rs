//! The files of `web/`, which the binary carries with it. Debug builds read them from the disk, so
//! that a change of the page is seen without a build.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../web/"]
struct Files;

/// Answers with the file that the path names.
pub async fn file(method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    match Files::get(path) {
        Some(file) => typed(path, file.data.into_owned()),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
}

/// `config.js`, which tells the page where the API is, and whether there are traces to look at.
pub fn config(alb: &str, traced: bool) -> impl IntoResponse + Clone + use<> {
    let traces = if traced { "/traces/" } else { "" };
    // An address needs no escapes.
    let script = format!("export const api = \"{alb}\";\nexport const traces = \"{traces}\";\n");
    let headers = [
        (CONTENT_TYPE, content_type("config.js")),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, script)
}

/// Whether the site has a file at this path.
#[cfg(test)]
pub fn has_file(path: &str) -> bool {
    Files::get(path).is_some()
}

/// The file's content, with the type that its path tells.
pub fn typed(path: &str, body: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type(path)),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_site_has_a_type_that_browsers_accept() {
        for path in Files::iter() {
            assert_ne!(content_type(&path), "application/octet-stream", "{path}");
        }
        assert!(has_file("index.html"));
    }
}
