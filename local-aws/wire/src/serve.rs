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
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::accept::{Acceptor, Warn};

/// Maximum size of a request head in bytes: the limit of an Application Load Balancer for all headers together.
const MAX_HEAD_BYTES: usize = 64 * 1024;

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
/// Calls `warn` once if connections cannot be accepted.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    stop: CancellationToken,
    timeouts: Timeouts,
    warn: Warn,
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
    serve_connections(listener, server, connected, stop, timeouts.grace, warn).await;
}

/// Serves like [`serve`]. `connected` returns the byte stream and the service of each accepted connection.
pub async fn serve_connections<I, S>(
    listener: TcpListener,
    server: Server,
    mut connected: impl FnMut(TcpStream, SocketAddr) -> (I, S),
    stop: CancellationToken,
    grace: Duration,
    warn: Warn,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    let mut acceptor = Acceptor::new(listener, warn);
    while let Some((stream, peer)) = stop.run_until_cancelled(acceptor.accept()).await {
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
    drop(acceptor);
    // Requests that take longer than `grace` end with the runtime.
    let _ = timeout(grace, graceful.shutdown()).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        idle: Duration::from_secs(60),
        grace: Duration::from_secs(60),
    };

    /// Serves `app`, sends `request` on a connection, and returns the connection and the task of the server.
    async fn send(
        app: Router,
        request: &str,
        stop: CancellationToken,
    ) -> (TcpStream, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, app, stop, TIMEOUTS, Arc::new(|_| {})));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        (stream, server)
    }

    async fn read_status_line(stream: &mut TcpStream) -> String {
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        String::from_utf8_lossy(&start).into_owned()
    }

    #[tokio::test]
    async fn a_request_head_over_64_kib_is_refused() {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "x".repeat(70_000)
        );
        let app = Router::new().route("/", get(async || "unreachable"));
        let (mut stream, _) = send(app, &request, CancellationToken::new()).await;
        assert_eq!(read_status_line(&mut stream).await, "HTTP/1.1 431");
    }

    #[tokio::test]
    async fn a_running_request_is_answered_after_stop() {
        let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
            async move || {
                started.notify_one();
                go_on.notified().await;
                "done"
            }
        };
        let app = Router::new().route("/", get(handler));
        let stop = CancellationToken::new();
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let (mut stream, server) = send(app, request, stop.clone()).await;
        started.notified().await;
        stop.cancel();
        // The server has closed its listener, and waits for the request.
        let address = stream.peer_addr().unwrap();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert!(!server.is_finished());
        go_on.notify_one();
        assert_eq!(read_status_line(&mut stream).await, "HTTP/1.1 200");
        server.await.unwrap();
    }
}
