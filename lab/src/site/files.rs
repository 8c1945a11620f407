//! The files of `web/`, which the binary carries with it. Debug builds read them from the disk, so
//! that a change of the page is seen without a build.

use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../web/"]
struct Files;

/// Answers with the file that the path names.
pub async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    match Files::get(path) {
        Some(file) => answer(path, file, &headers),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
}

/// `config.js`, which has the addresses of the API, of the traces and of the console for the page.
pub fn config(alb: &str) -> impl IntoResponse + Clone + use<> {
    // An address needs no escapes.
    let script = format!(
        "export const api = \"{alb}\";\nexport const traces = \"/traces/\";\nexport const labConsole = \"/console\";\n"
    );
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

/// The file's content with the type that its path tells, or 304 if `asked` says that the client has this content.
pub fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let etag = etag(&file);
    let headers = [
        (CONTENT_TYPE, content_type(path)),
        (CACHE_CONTROL, "no-cache"),
        (ETAG, &*etag),
    ];
    if is_known(&etag, asked) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, file.data.into_owned()).into_response()
}

/// The first 128 bits of the content's SHA-256 in quotation marks.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{digits}\"")
}

/// Whether `If-None-Match` names `etag`, by RFC 9110's weak comparison.
fn is_known(etag: &str, asked: &HeaderMap) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter();
    let mut known = lists.flat_map(|list| list.to_str().unwrap_or_default().split(','));
    known.any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag
    })
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
