//! Constructors of actix resources. Each resource answers a request of an unsupported method with the
//! status 405 and an `Allow` header. Resources for `GET` also answer `HEAD`.

use actix_web::dev::Handler;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, guard, web};

use crate::error::error_response;

/// Creates a resource at `path` that answers `GET` and `HEAD` with `handler`.
///
/// actix omits the response body for `HEAD`.
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
        .default_service(web::to(|| respond_method_not_allowed("GET, HEAD")))
}

/// Creates a resource at `path` that answers `POST` with `handler`.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::post().to(handler))
        .default_service(web::to(|| respond_method_not_allowed("POST")))
}

async fn respond_method_not_allowed(allowed_methods: &'static str) -> HttpResponse {
    let message = format!("this path allows only {allowed_methods}");
    let mut response = error_response(StatusCode::METHOD_NOT_ALLOWED, &message);
    let allow_header = header::HeaderValue::from_static(allowed_methods);
    response.headers_mut().insert(header::ALLOW, allow_header);
    response
}
