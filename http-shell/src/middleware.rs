//! The middleware of all services.
//!
//! actix allocates memory for each middleware of each request. The services therefore have only one
//! middleware, which calls the functions of other modules.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::body::DiscardedBody;
use crate::cors;
use crate::drain::Lifecycle;
use crate::observe::{Observer, ResponseBody, record_request};

/// Records the request, reads its body, answers preflight requests, and adds the CORS headers to the
/// response.
pub(crate) async fn handle_request(
    observer: Data<Observer>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<ResponseBody>, actix_web::Error> {
    record_request(observer.clone(), request, async |request| {
        respond(&observer.lifecycle, request, next).await
    })
    .await
}

async fn respond(
    lifecycle: &Lifecycle,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let body = DiscardedBody::read(&mut request).await;
    let mut response = if let Some(rejection) = body.rejection() {
        request.into_response(rejection)
    } else if request.method() == Method::OPTIONS {
        let response = cors::preflight_response(request.headers());
        request.into_response(response)
    } else {
        next.call(request).await?
    };
    cors::allow_any_origin(response.headers_mut());
    // During the drain, the client must send its next request to another process.
    if body.closes_connection() || lifecycle.is_draining() {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(body.keep_until_sent(response))
}
