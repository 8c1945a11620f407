//! How the lab serves HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_shell::Acceptor;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The idle timeout of an ALB.
pub const ALB_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Largest head of a request in bytes: an ALB's limit for all headers together.
const MAX_HEAD: usize = 64 * 1024;

/// How long clients may wait.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// How long a connection may be idle, and how long the head of a request may take.
    pub idle: Duration,
    /// How long requests under way may take after the server was asked to stop.
    pub grace: Duration,
}

/// hyper's HTTP/1.
pub type Server = http1::Builder;

/// Serves `app` until `stop`; then takes no new connection and lets running requests finish.
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
        .max_header_size(MAX_HEAD);
    let connected = move |stream: TcpStream, peer: SocketAddr| {
        let app = app.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().oneshot(request)
        });
        (stream, service)
    };
    serve_connections(listener, server, connected, stop, timeouts).await;
}

/// The same with what `connected` makes of each connection.
pub(crate) async fn serve_connections<I, S>(
    listener: TcpListener,
    server: Server,
    mut connected: impl FnMut(TcpStream, SocketAddr) -> (I, S),
    stop: CancellationToken,
    timeouts: Timeouts,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    let mut acceptor = Acceptor::new(listener);
    while let Some((stream, peer)) = stop.run_until_cancelled(acceptor.accept()).await {
        // Refused only where the client is gone already.
        let _ = stream.set_nodelay(true);
        let (stream, service) = connected(stream, peer);
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async {
            // A client that breaks off or sends nonsense is answered, or not, by the connection.
            let _ = connection.await;
        });
    }
    drop(acceptor);
    // Those that outlast the grace end with the runtime.
    let _ = timeout(timeouts.grace, graceful.shutdown()).await;
}
