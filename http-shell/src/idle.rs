//! Connections on which nothing happens.
//!
//! actix bounds the head of a connection's first request and the time between two requests, but
//! neither a later head that stops half-way nor a client that does not read its answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use tokio::time::{Instant, sleep_until};

tokio::task_local! {
    static ACTIVITY: Rc<Activity>;
}

/// When a connection was last busy. A connection and its requests run in one task.
struct Activity {
    busy: Cell<bool>,
    since: Cell<Instant>,
}

impl Activity {
    fn set(&self, busy: bool) {
        self.busy.set(busy);
        self.since.set(Instant::now());
    }

    /// Resolves once nothing has been under way for `limit`, or up to a quarter later.
    async fn ends(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let due = self.since.get() + limit;
            if !self.busy.get() && now >= due {
                return;
            }
            sleep_until(due.max(now + limit / 4)).await;
        }
    }
}

/// Runs `connection` until it ends, or until it has had no request under way for `limit`.
pub async fn bounded<E>(
    limit: Duration,
    connection: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let activity = Rc::new(Activity {
        busy: Cell::new(false),
        since: Cell::new(Instant::now()),
    });
    tokio::select! {
        ended = ACTIVITY.scope(Rc::clone(&activity), connection) => ended,
        () = activity.ends(limit) => Ok(()),
    }
}

/// Tells the connection of a request that it is busy meanwhile.
pub async fn middleware(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let _ = ACTIVITY.try_with(|activity| activity.set(true));
    let response = next.call(request).await;
    let _ = ACTIVITY.try_with(|activity| activity.set(false));
    response
}
