//! Attribute values of spans and metrics, as defined by OpenTelemetry's semantic conventions for HTTP.

use std::borrow::Cow;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderName;
use actix_web::http::{Method, StatusCode};

use super::failure::FailureReason;

/// The value of `http.request.method` for methods that [`known_method`] does not list.
pub const OTHER_METHOD: &str = "_OTHER";

/// The header in which a load balancer sends the scheme that the client used.
const FORWARDED_PROTO_HEADER: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// `http.request.method`: the request method if the method is standardised, else [`OTHER_METHOD`].
pub fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        "QUERY" => "QUERY",
        _ => OTHER_METHOD,
    }
}

/// `url.scheme`: the scheme that the client used, according to the load balancer.
pub fn url_scheme(request: &ServiceRequest) -> &'static str {
    match request.headers().get(FORWARDED_PROTO_HEADER) {
        Some(scheme) if scheme == "https" => "https",
        _ => "http",
    }
}

/// `error.type`: the reason of the failure if the request failed, else the response status if the response
/// status is 5xx. A 4xx status is not an error of a server span.
pub fn error_type(
    status: Option<StatusCode>,
    failure: Option<FailureReason>,
) -> Option<Cow<'static, str>> {
    let server_error = status.filter(StatusCode::is_server_error);
    let server_error = server_error.map(|status| Cow::Owned(status.as_str().to_owned()));
    failure
        .map(|failure| failure.error_type().into())
        .or(server_error)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn standardised_methods_keep_their_name_and_other_methods_become_other() {
        // The values of `http.request.method` in the semantic conventions.
        for name in [
            "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
        ] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(known_method(&method), name);
        }
        for name in ["get", "PROPFIND"] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            assert_eq!(known_method(&method), OTHER_METHOD, "{name}");
        }
    }

    #[test]
    fn the_scheme_is_https_only_if_the_load_balancer_sends_https() {
        let without_header = TestRequest::default().to_srv_request();
        assert_eq!(url_scheme(&without_header), "http");
        for (header, scheme) in [("https", "https"), ("http", "http"), ("ftp", "http")] {
            let request = TestRequest::default().insert_header((FORWARDED_PROTO_HEADER, header));
            assert_eq!(url_scheme(&request.to_srv_request()), scheme, "{header}");
        }
    }
}
