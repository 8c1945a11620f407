//! The HTTP/1 server of every listener: limits on time and on the size of request heads, and a graceful stop.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Maximum size of a request head in bytes: the limit of an Application Load Balancer for all headers together.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Pause after a failed `accept`. The call fails if a connection has ended before it was accepted, or if the process
/// has no free file descriptor.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(5);

/// The time limits of a server.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Maximum time that a connection may be idle, and maximum time until the head of a request is complete.
    pub idle: Duration,
    /// Maximum time that running requests may take after the server was asked to stop.
    pub grace: Duration,
}

/// The HTTP/1 server of hyper.
pub type Server = http1::Builder;

/// Serves `app` on `listener` until `stop` is cancelled. Then closes the listener and waits for running requests.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    stop: CancellationToken,
    timeouts: Timeouts,
) {
    let mut server = Server::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.idle)
        .max_header_size(MAX_HEAD_BYTES);
    let connected = move |stream: TcpStream, _| {
        let app = app.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            app.clone().oneshot(request.map(Body::new))
        });
        (stream, service)
    };
    serve_connections(listener, server, connected, stop, timeouts.grace).await;
}

/// Serves like [`serve`]. `connected` returns the byte stream and the service of each accepted connection.
pub async fn serve_connections<I, S>(
    listener: TcpListener,
    server: Server,
    mut connected: impl FnMut(TcpStream, SocketAddr) -> (I, S),
    stop: CancellationToken,
    grace: Duration,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    while let Some((stream, peer)) = stop.run_until_cancelled(accept(&listener)).await {
        // The call fails only if the client has already closed the connection.
        let _ = stream.set_nodelay(true);
        let (stream, service) = connected(stream, peer);
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async {
            // An error concerns only this connection: the client has sent no valid HTTP, or has disconnected.
            let _ = connection.await;
        });
    }
    drop(listener);
    // Requests that take longer than `grace` end with the runtime.
    let _ = timeout(grace, graceful.shutdown()).await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(_) => sleep(ACCEPT_RETRY_PAUSE).await,
        }
    }
}
