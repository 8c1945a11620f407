//! Resources that know their methods: `HEAD` wherever there is `GET`, and a 405 that says what is
//! allowed.

use actix_web::dev::Handler;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, guard, web};

use crate::error::error_response;

/// A resource at `path` that answers `GET` and `HEAD` with `handler`.
///
/// The server leaves the body out of answers to `HEAD` by itself.
pub fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let route = web::route()
        .guard(guard::Any(guard::Get()).or(guard::Head()))
        .to(handler);
    web::resource(path)
        .route(route)
        .default_service(web::to(|| not_allowed("GET, HEAD")))
}

/// A resource at `path` that answers `POST` with `handler`.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .default_service(web::to(|| not_allowed("POST")))
}

async fn not_allowed(allow: &'static str) -> HttpResponse {
    let message = format!("this path takes {allow} only");
    let mut response = error_response(StatusCode::METHOD_NOT_ALLOWED, &message);
    let allow = header::HeaderValue::from_static(allow);
    response.headers_mut().insert(header::ALLOW, allow);
    response
}
