//! An HTTP front of the emulator's own server, so that the lab's guard and limits can stand before it.
//!
//! The emulator serves a listener, and offers neither its router nor a hook. A second listener that stays open would
//! have no guard. So each connection to the emulator gets a listener of its own, which closes as soon as the
//! emulator has answered on that connection. It is open for about a millisecond, on a port that nobody knows.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::service_fn;
use wire::{Error, JsonProtocol, read_body, remove_headers_of_one_hop, set_address, shorten};

use super::faults::DatabaseFaults;

/// How long an idle connection to the emulator is kept.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// Maximum size of a request body in MiB. The largest requests of DynamoDB, `BatchWriteItem` and `BatchGetItem`, have
/// 16 MB.
const MAX_BODY_MIB: usize = 16;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const JSON_1_0: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// The signature that requests without a signature get. The emulator checks only its form.
const CREDENTIAL: HeaderValue = HeaderValue::from_static(
    "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
);

/// The body of the emulator's response to an unknown operation.
const UNKNOWN_OPERATION: &str =
    r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// Forwards everything to the emulator of `database` that `faults` let pass.
pub fn router(database: Database, faults: DatabaseFaults) -> Router {
    let connector = service_fn(move |_: Uri| {
        let database = database.clone();
        Box::pin(connect(database))
    });
    let client = Client::builder(TokioExecutor::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector);
    Router::new().fallback(async move |request: Request| {
        let request = match read_request(request, &faults).await {
            Ok(request) => request,
            Err(error) => {
                let mut response = error.json_response(JsonProtocol::V1_0);
                // As the emulator's own responses have one.
                let id = format!("{:032X}", rand::random::<u128>());
                if let Ok(id) = HeaderValue::try_from(id) {
                    response.headers_mut().insert(REQUEST_ID, id);
                }
                return response;
            }
        };
        let target = request.headers().get(TARGET).cloned();
        let mut response = match client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => return emulator_error(&error).json_response(JsonProtocol::V1_0),
        };
        remove_headers_of_one_hop(response.headers_mut());
        match target {
            Some(target) => name_unknown_operation(response, &target).await,
            None => response,
        }
    })
}

/// Reads the body of a request, lets `faults` disturb it, and addresses the request to the emulator.
async fn read_request(request: Request, faults: &DatabaseFaults) -> Result<Request, Error> {
    let (mut head, body) = request.into_parts();
    let body = read_body(&head.headers, body, MAX_BODY_MIB).await?;
    faults.disturb(&head.headers, &body).await?;
    remove_headers_of_one_hop(&mut head.headers);
    // Both headers describe the body before it was decompressed.
    head.headers.remove(CONTENT_ENCODING);
    head.headers.remove(CONTENT_LENGTH);
    prepare_headers(&mut head);
    let mut request = Request::from_parts(head, body.into());
    // The name is not resolved: each connection leads to the emulator.
    set_address(&mut request, "dynamodb");
    Ok(request)
}

/// Makes the headers such that the emulator accepts them.
fn prepare_headers(head: &mut Parts) {
    let (headers, query) = (&mut head.headers, head.uri.query().unwrap_or_default());
    // The emulator refuses unsigned requests. The signature can also be in the query.
    if !headers.contains_key(AUTHORIZATION) && !query.contains("X-Amz-Algorithm") {
        headers.insert(AUTHORIZATION, CREDENTIAL);
        headers.insert(DATE, HeaderValue::from_static("20260101T000000Z"));
    }
    // With another content type, the emulator answers in XML. DynamoDB has only this protocol.
    if head.method == Method::POST && headers.contains_key(TARGET) {
        headers.insert(CONTENT_TYPE, JSON_1_0);
    }
}

/// Replaces the emulator's response to an unknown operation with one that names the operation in `target`.
async fn name_unknown_operation(response: Response, target: &HeaderValue) -> Response {
    let length = response.body().size_hint().exact();
    if response.status() != StatusCode::BAD_REQUEST
        || length != Some(UNKNOWN_OPERATION.len() as u64)
    {
        return response;
    }
    let (head, body) = response.into_parts();
    match to_bytes(body, UNKNOWN_OPERATION.len()).await {
        Ok(body) if body == UNKNOWN_OPERATION => {
            let target = String::from_utf8_lossy(target.as_bytes());
            let message = format!("The operation {} is not implemented", shorten(&target));
            Error::bad_request("UnknownOperationException", message)
                .json_response(JsonProtocol::V1_0)
        }
        Ok(body) => Response::from_parts(head, body.into()),
        Err(error) => emulator_error(&error).json_response(JsonProtocol::V1_0),
    }
}

fn emulator_error(error: &impl std::error::Error) -> Error {
    Error {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "InternalServerError",
        message: format!("The DynamoDB emulator sent no response: {error}"),
    }
}

/// A connection to the emulator. Dropping it ends the emulator's tasks for it.
struct EmulatorStream {
    stream: TokioIo<TcpStream>,
    _open: oneshot::Sender<()>,
}

impl Read for EmulatorStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for EmulatorStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Connection for EmulatorStream {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

/// A new connection to the emulator.
async fn connect(database: Database) -> io::Result<EmulatorStream> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let (open, closed) = oneshot::channel::<()>();
    let closed = async move {
        // Nothing is sent: this ends when the sender is dropped.
        let _ = closed.await;
    };
    // Dropping this closes the listener. The server has spawned a task that waits for the signal, and the accepted
    // connection ends with it.
    let serving = serve_with_shutdown(listener, database, closed);
    let connecting = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        answered(&mut stream).await?;
        Ok(EmulatorStream {
            stream: TokioIo::new(stream),
            _open: open,
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Handle;
    use tokio::time::{sleep, timeout};

    #[tokio::test]
    async fn a_dropped_connection_leaves_no_task() {
        let database = Database::memory().unwrap();
        let stream = connect(database).await.unwrap();
        let tasks = || Handle::current().metrics().num_alive_tasks();
        assert_ne!(tasks(), 0);
        drop(stream);
        let ended = async {
            while tasks() > 0 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), ended).await.unwrap();
    }
}
