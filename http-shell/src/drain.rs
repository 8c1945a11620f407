//! The state of a shutdown, and the `Connection: close` header of responses during the drain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;

/// Whether the server is draining, and whether the server is aborting requests. All clones of a `Lifecycle`
/// share one shutdown state.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    is_draining: Arc<AtomicBool>,
    is_aborting: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Returns true from the start of the drain to the end of the process.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    pub(crate) fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Returns true after the end of the grace period, when the server drops the requests in progress.
    pub(crate) fn is_aborting(&self) -> bool {
        self.is_aborting.load(Ordering::Relaxed)
    }

    pub(crate) fn start_aborting(&self) {
        self.is_aborting.store(true, Ordering::Relaxed);
    }
}

/// Middleware that closes the connection after each response during the drain, so that the client sends
/// its next request to another process.
pub(crate) async fn close_connection(
    lifecycle: Data<Lifecycle>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    if lifecycle.is_draining() {
        response
            .response_mut()
            .head_mut()
            .set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}
