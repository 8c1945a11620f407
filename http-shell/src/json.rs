//! Responses with a body that is already JSON text.

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};

/// Creates a response with status 200 whose body is the JSON text `body`.
///
/// `HttpResponseBuilder::json` serialises the body, and parses the content type, for each response.
pub fn json_response(body: impl MessageBody + 'static) -> HttpResponse {
    let json = HeaderValue::from_static("application/json");
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, json))
        .body(body)
}
