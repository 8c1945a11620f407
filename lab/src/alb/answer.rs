//! Answers of the load balancer itself: small HTML pages without CORS headers, as an ALB gives them.
//! They tell a reader that it was not a service that answered.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SERVER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_reverse_proxy::ProxyError;

/// A page that says no more than the status.
pub fn own(status: StatusCode) -> Response {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n\
         <center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = (status, Body::from(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(SERVER, HeaderValue::from_static("awselb/2.0"));
    response
}

/// The target's answer, or ours if the target gave none.
pub fn replaced(response: Response) -> Response {
    if response.extensions().get::<ProxyError>().is_some() {
        return own(response.status());
    }
    response
}
