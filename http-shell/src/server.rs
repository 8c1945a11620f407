//! The server: assembles the shell around a service's routes, runs it, and drains it.
//!
//! Connections are accepted here and not by actix's own `HttpServer`, because that one drops what it
//! has accepted but not yet read when it stops: with 50 clients some 40 requests at each stop.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;

use crate::accept::{self, Acceptor};
use crate::config::Config;
use crate::drain::Lifecycle;
use crate::health::Readiness;
use crate::observe::{self, Observer};
use crate::worker::Connection;
use crate::workers::Workers;
use crate::{body, connection_limit, cors, drain, error, health};

/// An HTTP service about to run.
pub struct Server {
    /// Where it listens.
    pub listener: TcpListener,
    /// What the environment says to the shell.
    pub config: Config,
    /// What `/health/ready` asks.
    pub readiness: Readiness,
}

impl Server {
    /// Serves `routes` until `shutdown` resolves, then drains.
    ///
    /// The request under way on each connection gets its whole answer within the grace period. Requests
    /// that a client has pipelined behind it are dropped, and new connections are refused.
    ///
    /// # Errors
    ///
    /// When the listener cannot be used, or a worker thread does not start or panics. The server then
    /// drains all the same.
    pub async fn run<R>(self, routes: R, shutdown: impl Future<Output = ()>) -> io::Result<()>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let lifecycle = Lifecycle::default();
        let shared = Data::new(lifecycle.clone());
        let readiness = Data::new(self.readiness);
        let observer = Observer::new(self.config.trace_health_checks, lifecycle.clone());
        let observer = Data::new(observer);
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(readiness.clone())
                .app_data(observer.clone())
                .configure(health::routes)
                .configure(routes.clone())
                .default_service(web::to(error::not_found))
                // The last one sees a request first.
                .wrap(from_fn(cors::preflights))
                .wrap(from_fn(body::middleware))
                .wrap(from_fn(cors::middleware))
                .wrap(from_fn(drain::middleware))
                .wrap(from_fn(observe::middleware))
        };
        self.listener.set_nonblocking(true)?;
        let (mut workers, senders) = Workers::start(&app, &lifecycle)?;
        let mut worker_ended = false;
        let stop = async {
            tokio::select! {
                () = shutdown => {}
                () = workers.one_ends() => worker_ended = true,
            }
        };
        let accepted = accept_until(self.listener, &senders, &lifecycle, stop).await;
        drop(senders);
        workers.drain(self.config.shutdown_grace).await;
        accepted?;
        if worker_ended {
            return Err(io::Error::other("a worker thread ended early"));
        }
        Ok(())
    }
}

/// Hands connections to the workers in turn until `shutdown` resolves; then takes in those that wait
/// already, and closes the listener.
async fn accept_until(
    listener: TcpListener,
    workers: &[UnboundedSender<Connection>],
    lifecycle: &Lifecycle,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(connection_limit::raise_open_file_limit()));
    let mut acceptor = Acceptor::new(tokio::net::TcpListener::from_std(listener)?);
    let mut workers = workers.iter().cycle();
    let mut hand_over = |stream, permit| {
        if let Some(worker) = workers.next() {
            // Where a worker has panicked, the connection is closed; the server stops by then.
            let _ = worker.send((stream, permit));
        }
    };
    let serve = async {
        // The semaphore is never closed.
        while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
            let (stream, _) = acceptor.accept().await;
            // This fails only if the connection is already broken.
            if let Ok(stream) = stream.into_std() {
                hand_over(stream, permit);
            }
        }
    };
    tokio::select! {
        () = serve => {}
        () = shutdown => {}
    }
    tracing::info!("draining");
    lifecycle.start_draining();
    let listener = acceptor.into_inner().into_std()?;
    while let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
        match listener.accept() {
            Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => hand_over(stream, permit),
            // A connection whose client has left is skipped; the others are still accepted.
            Ok(_) => {}
            Err(error) if accept::concerns_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    Ok(())
}
