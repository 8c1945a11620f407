//! An HTTP front of the emulator's own server, so that the lab's guard can stand before it.
//!
//! The emulator serves a listener, and offers neither its router nor a hook. A second listener that stays open would
//! have no guard. So each connection to the emulator gets a listener of its own, which closes as soon as the
//! emulator has answered on that connection. It is open for about a millisecond, on a port that nobody knows.

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;

use crate::forward::{remove_headers_of_one_hop, set_address};

/// How long an idle connection to the emulator is kept.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// Forwards everything to the emulator of `database`.
pub fn router(database: Database) -> Router {
    let connector = service_fn(move |_: Uri| {
        let database = database.clone();
        Box::pin(async { connect(database).await.map(TokioIo::new) })
    });
    let client = Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    Router::new().fallback(async move |mut request: Request| {
        remove_headers_of_one_hop(request.headers_mut());
        // The name is not resolved: each connection leads to the emulator.
        set_address(&mut request, "dynamodb");
        match client.request(request).await {
            Ok(mut response) => {
                remove_headers_of_one_hop(response.headers_mut());
                response.map(Body::new)
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    })
}

/// A new connection to the emulator.
async fn connect(database: Database) -> io::Result<TcpStream> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    // Dropping this closes the listener. An accepted connection lasts until this side closes it.
    let serving = serve_with_shutdown(listener, database, pending());
    let connecting = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        answered(&mut stream).await?;
        Ok(stream)
    };
    tokio::select! {
        connected = connecting => connected,
        served = serving => Err(io::Error::other(served.err().unwrap_or_default())),
    }
}

/// Waits for an answer, which shows that the emulator has accepted the connection.
async fn answered(stream: &mut TcpStream) -> io::Result<()> {
    // The answer to HEAD has no body: what is read here is all of it.
    stream
        .write_all(b"HEAD / HTTP/1.1\r\nHost: dynamodb\r\n\r\n")
        .await?;
    let mut end = [0; 4];
    while end != *b"\r\n\r\n" {
        end.rotate_left(1);
        end[3] = stream.read_u8().await?;
    }
    Ok(())
}
