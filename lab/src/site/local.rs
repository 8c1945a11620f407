//! Keeps other websites away from what only the person at this machine may do here.
//!
//! The lab listens on the loopback address, but a page from anywhere that is open in the same
//! browser can send requests there (so `Origin` is checked), and can give its own name our address
//! (so `Host` is checked).

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::control::error;

/// The names that a browser on this machine has for it.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Lets through what this site's own pages, or programs on this machine, send to `port`.
pub async fn only(State(port): State<u16>, request: Request, next: Next) -> Response {
    if allowed(request.headers(), port) {
        return next.run(request).await;
    }
    let message = "this is for the lab's own pages and for programs on this machine";
    error(StatusCode::FORBIDDEN, "forbidden", message)
}

fn allowed(headers: &HeaderMap, port: u16) -> bool {
    let all = |name: HeaderName| {
        let values = headers.get_all(name).iter();
        values.map(|value| value.to_str().unwrap_or_default())
    };
    let hosts_fit = all(HOST).count() == 1 && all(HOST).all(|host| is_ours(host, port));
    // Programs send no `Origin`, pages do with every POST.
    let origins_fit = all(ORIGIN).all(|origin| {
        let host = origin.strip_prefix("http://");
        host.is_some_and(|host| is_ours(host, port))
    });
    hosts_fit && origins_fit
}

fn is_ours(host: &str, port: u16) -> bool {
    NAMES.iter().any(|name| match host.strip_prefix(name) {
        Some("") => port == 80,
        Some(rest) => rest.strip_prefix(':').and_then(|rest| rest.parse().ok()) == Some(port),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_right_port_are_ours() {
        for host in ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"] {
            assert!(is_ours(host, 3000), "{host}");
        }
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:3001",
            "127.0.0.1.evil.example:3000",
            "localhost.evil.example",
            "evil.example:3000",
            "localhost:3000@evil.example",
            "null",
        ] {
            assert!(!is_ours(host, 3000), "{host}");
        }
        assert!(is_ours("localhost", 80));
    }
}
