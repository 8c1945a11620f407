//! A guard for listeners on this machine. The guard rejects requests from web pages of other origins.
//!
//! Without a guard, every web page in a browser on this machine could call a loopback listener in two ways:
//!
//! - A page can send requests to `http://127.0.0.1:2000`. Browsers send the page's origin in the header
//!   `Origin`, except in a simple GET or HEAD. The page cannot read the response to a simple GET or HEAD. The
//!   guard checks the header `Origin`.
//! - A page can be served from a name whose DNS record then changes to 127.0.0.1 (DNS rebinding). The browser
//!   then treats the listener as the page's own server, but sends the page's host name in the header `Host`.
//!   The guard checks the header `Host`.
//!
//! Only browsers send the header `Origin`; the AWS SDKs and the AWS CLI do not send the header `Origin`. The
//! AWS SDKs send their configured endpoint address in the header `Host`.

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
use uuid::Uuid;

use crate::body::discard_body;
use crate::destination::Destination;
use crate::error::Error;

mod allowed;
mod authority;

pub use allowed::Allowed;
use authority::Authority;

/// Chromium sends the header `Access-Control-Request-Private-Network` in the preflight of a request from a
/// public page to an address of this machine.
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Maximum time in seconds for which a browser may cache the response to a preflight request.
const PREFLIGHT_MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("600");

/// The names of the response headers that pages may read. AWS services send the error type in the header
/// `x-amzn-errortype`, and the request id in the header `x-amzn-requestid`.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static("x-amzn-errortype, x-amzn-requestid");

/// The rules that decide which requests a protected listener accepts.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Arc<Allowed>,
    site_port: Option<u16>,
}

impl Guard {
    /// Creates a guard that accepts loopback host names, and the `allowed` hosts and origins.
    pub fn new(allowed: Allowed) -> Self {
        Self {
            allowed: Arc::new(allowed),
            site_port: None,
        }
    }

    /// Returns a guard that also accepts requests from pages that this machine serves on `port`.
    #[must_use]
    pub fn with_site(self, port: u16) -> Self {
        Self {
            site_port: Some(port),
            ..self
        }
    }

    /// Protects all routes of `router` on a listener that is bound to `address`.
    pub fn protect(&self, address: SocketAddr, router: Router) -> Router {
        let listener = Listener {
            address,
            guard: self.clone(),
        };
        router.layer(from_fn_with_state(listener, check_request))
    }
}

/// A listener that a guard protects.
#[derive(Clone)]
struct Listener {
    address: SocketAddr,
    guard: Guard,
}

impl Listener {
    /// The error message for a rejected request; `None` for an accepted request.
    fn rejection_message(&self, request: &Request) -> Option<String> {
        let host_headers = request.headers().get_all(HOST).iter();
        let mut hosts: Vec<_> = host_headers.map(HeaderValue::as_bytes).collect();
        let host_header_count = hosts.len();
        // The guard also checks the authority in an absolute request target or in an HTTP/2 request.
        let authority = request.uri().authority();
        hosts.extend(authority.map(|authority| authority.as_str().as_bytes()));
        if hosts.is_empty() || host_header_count > 1 {
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
            let is_bound_address = |ip: IpAddr| !ip.is_unspecified() && ip == self.address.ip();
            let is_listener_name = host.is_loopback() || host.ip().is_some_and(is_bound_address);
            is_listener_name && host.port_or_80() == self.address.port()
                || self.guard.allowed.has_host(&host)
        })
    }

    fn accepts_origin(&self, origin: &[u8]) -> bool {
        self.guard.allowed.has_origin(origin) || self.is_site_origin(origin)
    }

    fn is_site_origin(&self, origin: &[u8]) -> bool {
        let authority = origin.strip_prefix(b"http://").and_then(Authority::parse);
        self.guard.site_port.is_some_and(|port| {
            authority.is_some_and(|site| {
                let is_site_name = site.is_loopback() || self.guard.allowed.has_host(&site);
                is_site_name && site.port_or_80() == port
            })
        })
    }
}

async fn check_request(State(listener): State<Listener>, request: Request, next: Next) -> Response {
    if let Some(message) = listener.rejection_message(&request) {
        let is_form = Destination::of(&request) == Destination::Form;
        let response = access_denied(message, is_form);
        discard_body(request.into_body()).await;
        return response;
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let mut response = match preflight_response(request.method(), request.headers()) {
        Some(response) => response,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // Browser SDKs send their last spans with `navigator.sendBeacon`, which sends requests with credentials.
    headers.insert(
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

/// Creates the response to a preflight request. The response allows the requested method and headers. The
/// result is `None` if `request` is not a preflight request.
fn preflight_response(method: &Method, request: &HeaderMap) -> Option<Response> {
    let requested_method = request.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if method != Method::OPTIONS {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, requested_method.clone());
    headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE_SECONDS);
    if let Some(requested_headers) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, requested_headers.clone());
    }
    if request.contains_key(REQUEST_PRIVATE_NETWORK) {
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    Some(response)
}

/// Creates a response with status 403. The response to a form has the format of AWS's query protocol, and every other
/// response has the format of AWS's JSON protocols. The AWS CLI and the SDKs then show the message in the response.
fn access_denied(message: String, is_form: bool) -> Response {
    let no_sniffing = [(X_CONTENT_TYPE_OPTIONS, "nosniff")];
    if is_form {
        let error = Error {
            status: StatusCode::FORBIDDEN,
            code: "AccessDenied",
            message,
        };
        let response = error.xml_response(&Uuid::new_v4().to_string());
        return (no_sniffing, response).into_response();
    }
    let body = json!({ "__type": "AccessDeniedException", "message": message }).to_string();
    let content_type = [(CONTENT_TYPE, "application/json")];
    let body = Body::from(body);
    (StatusCode::FORBIDDEN, no_sniffing, content_type, body).into_response()
}

#[cfg(test)]
mod tests;
