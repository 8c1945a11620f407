//! The guard of a listener on this machine: it refuses requests that a web page of another origin sends.
//!
//! Every page that is open in a browser of this machine can reach a loopback listener:
//!
//! - A page can send requests to `http://127.0.0.1:2000`. Browsers put the page's origin into `Origin`, except on
//!   a plain GET or HEAD, whose answer the page cannot read. So `Origin` is checked.
//! - A page can be served from a name whose DNS record then changes to 127.0.0.1 (DNS rebinding). The browser takes
//!   the listener for the page's own server, but it sends the page's name in `Host`. So `Host` is checked.
//!
//! Other clients, the AWS SDKs among them, send no `Origin`, and in `Host` the address that they were given.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HOST, ORIGIN,
    VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::json;

mod allowed;
mod authority;

pub use allowed::Allowed;
use authority::Authority;

/// Chromium asks for these two before it lets a page of a public address call one of this machine.
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Seconds that a browser may keep the answer to a preflight.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The headers in which AWS's services name errors and requests.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-amzn-errortype, x-amzn-requestid");

/// Decides which requests are answered by the listeners that it protects.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Arc<Allowed>,
    site_port: Option<u16>,
}

impl Guard {
    /// A guard that accepts loopback names and what is `allowed` besides.
    pub fn new(allowed: Allowed) -> Self {
        Self {
            allowed: Arc::new(allowed),
            site_port: None,
        }
    }

    /// Accepts the pages that this machine serves on `port`, too.
    #[must_use]
    pub fn with_site(self, port: u16) -> Self {
        Self {
            site_port: Some(port),
            ..self
        }
    }

    /// Puts the guard before everything that `router` answers on a listener that is bound to `address`.
    pub fn protect(&self, address: SocketAddr, router: Router) -> Router {
        let listener = Listener {
            address,
            guard: self.clone(),
        };
        router.layer(from_fn_with_state(listener, check))
    }
}

/// A protected listener.
#[derive(Clone)]
struct Listener {
    address: SocketAddr,
    guard: Guard,
}

impl Listener {
    /// Why a request is refused, in words for the person who sent it.
    fn refusal(&self, request: &Request) -> Option<String> {
        let hosts = request.headers().get_all(HOST).iter();
        let mut hosts: Vec<_> = hosts.map(HeaderValue::as_bytes).collect();
        let headers = hosts.len();
        // The authority of an absolute-form target, or of HTTP/2, counts as well.
        let authority = request.uri().authority();
        hosts.extend(authority.map(|authority| authority.as_str().as_bytes()));
        if hosts.is_empty() || headers > 1 {
            return Some("A request needs exactly one Host header.".to_owned());
        }
        if let Some(host) = hosts.iter().find(|host| !self.accepts_host(host)) {
            let port = self.address.port();
            return Some(format!(
                "The host '{}' is neither localhost:{port} nor 127.0.0.1:{port}. \
                 --allowed-host NAME accepts another name.",
                String::from_utf8_lossy(host)
            ));
        }
        let mut origins = request.headers().get_all(ORIGIN).iter();
        let origin = origins.find(|origin| !self.accepts_origin(origin.as_bytes()))?;
        Some(format!(
            "Pages of the origin '{}' may not use this address. --allowed-origin ORIGIN allows them to.",
            String::from_utf8_lossy(origin.as_bytes())
        ))
    }

    fn accepts_host(&self, host: &[u8]) -> bool {
        Authority::parse(host).is_some_and(|host| {
            let is_own_address = |ip: IpAddr| !ip.is_unspecified() && ip == self.address.ip();
            let is_own = host.is_loopback() || host.ip().is_some_and(is_own_address);
            is_own && host.port_or_80() == self.address.port() || self.guard.allowed.has_host(&host)
        })
    }

    fn accepts_origin(&self, origin: &[u8]) -> bool {
        self.guard.allowed.has_origin(origin) || self.is_site(origin)
    }

    fn is_site(&self, origin: &[u8]) -> bool {
        let authority = origin.strip_prefix(b"http://").and_then(Authority::parse);
        self.guard.site_port.is_some_and(|port| {
            authority.is_some_and(|site| {
                let has_name = site.is_loopback() || self.guard.allowed.has_host(&site);
                has_name && site.port_or_80() == port
            })
        })
    }
}

async fn check(State(listener): State<Listener>, request: Request, next: Next) -> Response {
    if let Some(message) = listener.refusal(&request) {
        return refused(&message);
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let mut response = match preflight(request.method(), request.headers()) {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // `navigator.sendBeacon`, with which browser SDKs send their last spans, includes credentials.
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

/// The answer to a preflight: whatever it asks for.
fn preflight(method: &Method, asked: &HeaderMap) -> Option<Response> {
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if method != Method::OPTIONS {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    Some(response)
}

/// In the form of AWS's JSON protocols, so that the AWS CLI and the SDKs show the message.
fn refused(message: &str) -> Response {
    let body = json!({ "__type": "AccessDeniedException", "message": message }).to_string();
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::FORBIDDEN, headers, Body::from(body)).into_response()
}

#[cfg(test)]
mod tests;
