//! The server accepts connections, sends the connections to worker threads, and drains on shutdown.
//!
//! actix's `HttpServer` is not used, because on shutdown `HttpServer` drops accepted connections whose
//! request has not been read. In a test with 50 clients, each shutdown of an `HttpServer` lost about 40
//! requests.

use std::io;
use std::net::TcpListener;

use actix_web::web::ServiceConfig;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::noop::NoopTracer;
use tokio::sync::mpsc::UnboundedSender;

use crate::accept::{self, Acceptor};
use crate::app::AppBuilder;
use crate::config::Config;
use crate::drain::Lifecycle;
use crate::health::Readiness;
use crate::observe::Observer;
use crate::open_connections::OpenConnections;
use crate::open_files;
use crate::trace::tracer;
use crate::worker::AcceptedConnection;
use crate::workers::Workers;

/// Maximum number of connections that wait until they are accepted. If more clients connect at once, their kernels try again only after a
/// second. The standard library asks for 128, fewer than the connections of a load balancer's nodes after an outage.
const BACKLOG: i32 = 1024;

/// An HTTP server that is bound to a port but does not accept connections yet.
pub struct Server {
    listener: TcpListener,
    port: u16,
    config: Config,
    readiness: Readiness,
    records_request_spans: bool,
}

impl Server {
    /// Creates a server on `listener`. The route `/health/ready` calls `readiness`.
    ///
    /// # Errors
    ///
    /// Returns an error when the listener has no address.
    pub fn new(listener: TcpListener, config: Config, readiness: Readiness) -> io::Result<Self> {
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener,
            config,
            readiness,
            records_request_spans: false,
        })
    }

    /// Records a span for each request with the process's global tracer provider. Without this call, requests have no spans,
    /// and log lines and responses contain no trace id unless the request has one.
    #[must_use]
    pub fn with_request_spans(self) -> Self {
        Self {
            records_request_spans: true,
            ..self
        }
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves requests to `routes` until `shutdown` resolves, and then drains the connections.
    ///
    /// During the drain, a request in progress gets its whole response if the request ends within the grace
    /// period. Pipelined requests whose handling has not started are dropped. New connections are refused.
    ///
    /// # Errors
    ///
    /// Returns an error when the listener cannot be used, or when a worker thread does not start or panics.
    /// If a worker thread panics, the server drains before this function returns the error.
    pub async fn run<R>(self, routes: R, shutdown: impl Future<Output = ()>) -> io::Result<()>
    where
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let lifecycle = Lifecycle::default();
        let tracer = if self.records_request_spans {
            tracer()
        } else {
            BoxedTracer::new(Box::new(NoopTracer::new()))
        };
        let observer = Observer::new(tracer, self.config.trace_health_checks, lifecycle.clone());
        let app = AppBuilder::new(lifecycle.clone(), self.readiness, observer, routes);
        self.listener.set_nonblocking(true)?;
        rustix::net::listen(&self.listener, BACKLOG)?;
        let (mut workers, senders) = Workers::start(&app, &lifecycle)?;
        let mut has_worker_ended = false;
        let wait_for_stop = async {
            tokio::select! {
                () = shutdown => {}
                () = workers.wait_for_early_end() => has_worker_ended = true,
            }
        };
        let accept_result = accept_until(self.listener, &senders, &lifecycle, wait_for_stop).await;
        drop(senders);
        workers.drain(self.config.shutdown_grace).await;
        accept_result?;
        if has_worker_ended {
            return Err(io::Error::other("a worker thread ended early"));
        }
        Ok(())
    }
}

/// Sends accepted connections to the workers in turn until `shutdown` resolves. After the shutdown signal,
/// this function accepts the connections in the listener's backlog, and closes the listener.
async fn accept_until(
    listener: TcpListener,
    workers: &[UnboundedSender<AcceptedConnection>],
    lifecycle: &Lifecycle,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut connections = OpenConnections::new(open_files::raise_connection_limit());
    let mut acceptor = Acceptor::new(tokio::net::TcpListener::from_std(listener)?);
    let mut workers = workers.iter().cycle();
    let mut send_to_worker = |stream, open| {
        if let Some(worker) = workers.next() {
            // `send` fails if the worker has panicked. If `send` fails, the connection is closed, and the
            // server stops.
            let _ = worker.send(AcceptedConnection { stream, open });
        }
    };
    let accept_connections = async {
        loop {
            // The permission comes before the connection, so that a shutdown drops no accepted connection.
            let open = connections.add().await;
            let (stream, _) = acceptor.accept().await;
            // The call of `into_std` fails only if the connection is already broken.
            if let Ok(stream) = stream.into_std() {
                send_to_worker(stream, open);
            }
        }
    };
    tokio::select! {
        () = accept_connections => {}
        () = shutdown => {}
    }
    tracing::info!("draining");
    lifecycle.start_draining();
    let listener = acceptor.into_inner().into_std()?;
    loop {
        match listener.accept() {
            Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => {
                send_to_worker(stream, connections.add_last());
            }
            // The call of `set_nonblocking` fails only if the connection is already broken.
            Ok(_) => {}
            Err(error) if accept::concerns_one_connection(&error) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_port_of_a_server_is_the_port_of_its_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Config {
            port,
            shutdown_grace: Duration::ZERO,
            trace_health_checks: false,
        };
        let readiness = Readiness::new(async || Ok::<_, io::Error>(()));
        assert_eq!(
            Server::new(listener, config, readiness).unwrap().port(),
            port
        );
    }
}
