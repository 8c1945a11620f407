//! The server: assembles the shell around a service's routes, runs it, and drains it.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpServer};
use tokio::time::{Instant, sleep, timeout_at};

use crate::drain::Lifecycle;
use crate::health::Readiness;
use crate::{access, body, cors, drain, error, health};

/// How long an idle connection is kept: longer than the 60 s of an ALB, so that it is always the
/// load balancer that closes first and no request meets a closing connection.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take for the head of its first request.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a draining server goes on listening, so that requests already on their way are read.
const SETTLE: Duration = Duration::from_millis(200);

/// An HTTP service about to run.
pub struct Server {
    /// Where it listens.
    pub listener: TcpListener,
    /// Bound of the whole drain.
    pub shutdown_grace: Duration,
    /// What `/health/ready` asks.
    pub readiness: Readiness,
}

impl Server {
    /// Serves `routes` until `shutdown` resolves, then drains.
    ///
    /// Requests under way get their whole answer, within the grace; what comes late is refused a
    /// connection.
    ///
    /// # Errors
    ///
    /// When the listener cannot be used or a worker does not start.
    pub async fn run<R>(self, routes: R, shutdown: impl Future<Output = ()>) -> io::Result<()>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let lifecycle = Lifecycle::default();
        let shared = Data::new(lifecycle.clone());
        let readiness = Data::new(self.readiness);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(readiness.clone())
                .configure(health::routes)
                .configure(routes.clone())
                .default_service(web::to(error::not_found))
                // The last one sees a request first.
                .wrap(from_fn(body::middleware))
                .wrap(from_fn(cors::middleware))
                .wrap(from_fn(drain::middleware))
                .wrap(from_fn(access::middleware))
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(self.shutdown_grace.as_secs())
        .disable_signals()
        .listen(self.listener)?
        .run();
        let handle = server.handle();
        let drain = async {
            shutdown.await;
            let deadline = Instant::now() + self.shutdown_grace;
            tracing::info!(grace_s = self.shutdown_grace.as_secs(), "draining");
            lifecycle.start_draining();
            sleep(SETTLE.min(self.shutdown_grace)).await;
            if timeout_at(deadline, handle.stop(true)).await.is_err() {
                tracing::warn!("requests still under way at the end of the grace are cut off");
                handle.stop(false).await;
            }
        };
        let (served, ()) = tokio::join!(server, drain);
        served
    }
}
