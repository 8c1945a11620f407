//! Responses of the load balancer itself: small HTML pages without CORS headers, as an ALB sends them. Their `Server` header
//! distinguishes them from the responses of services.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SERVER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

/// The format of `Date`.
const DATE: StaticFormatDescription = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

const NAME: &str = "awselb/2.0";

/// A page that contains only the status.
pub fn own(status: StatusCode) -> Response {
    let mut response = (status, Body::from(page(status, None))).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    headers.insert(SERVER, HeaderValue::from_static(NAME));
    let phrase = ReasonPhrase::from_static(phrase(status).as_bytes());
    response.extensions_mut().insert(phrase);
    response
}

/// The bytes of the last response of a connection. A response to HEAD has no body.
pub fn last(status: StatusCode, detail: Option<&str>, is_for_head: bool) -> Vec<u8> {
    let page = page(status, detail);
    let date = OffsetDateTime::now_utc().format(DATE).unwrap_or_default();
    let (length, status, phrase) = (page.len(), status.as_u16(), phrase(status));
    let head = format!(
        "HTTP/1.1 {status} {phrase}\r\nServer: {NAME}\r\nDate: {date}\r\nContent-Type: text/html\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    match is_for_head {
        true => head.into_bytes(),
        false => (head + &page).into_bytes(),
    }
}

fn page(status: StatusCode, detail: Option<&str>) -> String {
    let (status, phrase) = (status.as_u16(), phrase(status));
    let detail = detail.map_or(String::new(), |it| format!("<center>{it}</center>\r\n"));
    format!(
        "<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {phrase}</h1></center>\r\n{detail}</body>\r\n</html>\r\n"
    )
}

/// What an ALB calls a status, which is not always its registered name.
fn phrase(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "Not Allowed",
        StatusCode::REQUEST_TIMEOUT => "Request Time-out",
        StatusCode::URI_TOO_LONG => "Request-URI Too Large",
        StatusCode::SERVICE_UNAVAILABLE => "Service Temporarily Unavailable",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        status => status.canonical_reason().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_as_long_as_those_of_real_load_balancers() {
        for (status, length) in [(400, 122), (502, 122), (503, 162), (504, 132)] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(page(status, None).len(), length, "{status}");
        }
    }

    #[test]
    fn the_last_answer_names_its_length_and_ends_the_connection() {
        let status = StatusCode::from_u16(463).unwrap();
        let answer = String::from_utf8(last(status, None, false)).unwrap();
        let (head, page) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 463 \r\nServer: awselb/2.0\r\nDate: "),
            "{head}"
        );
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", page.len())),
            "{head}"
        );
        assert!(head.ends_with("\r\nConnection: close"), "{head}");
        assert!(last(status, None, true).ends_with(b"\r\n\r\n"));
    }
}
