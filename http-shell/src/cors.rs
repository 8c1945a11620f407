//! CORS headers that permit web pages of every origin to call the services.
//!
//! The crate `actix-cors` adds no headers to the response if the request has no `Origin`. This module adds
//! the CORS headers to every response, including error responses. A page cannot read a cross-origin
//! response without CORS headers. `Timing-Allow-Origin` lets the page see how long the browser waited before it sent the request.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// `Timing-Allow-Origin` (<https://www.w3.org/TR/resource-timing/#sec-timing-allow-origin>).
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Adds the three headers for pages of other origins that every response contains.
pub(crate) fn allow_any_origin(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "X-Amzn-Trace-Id"),
        (TIMING_ALLOW_ORIGIN, "*"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The response to a preflight request with the headers `request`.
pub(crate) fn preflight_response(request: &HeaderMap) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .insert_header((header::VARY, "Access-Control-Request-Headers"));
    let allowed = requested_headers(request);
    if !allowed.is_empty() {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, allowed));
    }
    response.finish()
}

/// The header names in `Access-Control-Request-Headers`, separated by commas. A preflight response allows
/// every requested header.
///
/// The wildcard `*` is not used, because the wildcard does not include `Authorization`
/// (<https://fetch.spec.whatwg.org/#http-access-control-allow-headers>).
fn requested_headers(request: &HeaderMap) -> String {
    let lists = request.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let names = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    let names = names.filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok());
    let names: Vec<_> = names.collect();
    let texts: Vec<_> = names.iter().map(HeaderName::as_str).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response to a preflight request whose `Access-Control-Request-Headers` have the values
    /// `header_lists`.
    fn respond(header_lists: &[&'static str]) -> HttpResponse {
        let mut request = HeaderMap::new();
        for list in header_lists {
            let value = HeaderValue::from_static(list);
            request.append(header::ACCESS_CONTROL_REQUEST_HEADERS, value);
        }
        preflight_response(&request)
    }

    #[test]
    fn a_preflight_allows_each_requested_header_by_name_and_drops_invalid_names() {
        let response = respond(&["Authorization , x-a", "x-b,(invalid),"]);
        let allowed = response.headers().get(header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert_eq!(allowed.unwrap(), "authorization, x-a, x-b");
        assert_eq!(response.status(), 204);
    }

    #[test]
    fn a_preflight_without_requested_headers_gets_no_allowed_headers() {
        let response = respond(&[]);
        let headers = response.headers();
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS));
        assert!(headers.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS));
    }
}
