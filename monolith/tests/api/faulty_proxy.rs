//! A proxy between the monolith and the DynamoDB emulator that injects faults into chosen requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The fault that the proxy injects into a request.
#[derive(Clone, Copy)]
pub enum Fault {
    /// The proxy answers with the throttling error code of this variant, and does not call the database.
    Throttled(&'static str),
    /// The proxy answers 503 with an HTML page, and does not call the database.
    HtmlPage,
    /// The proxy calls the database, but answers with an internal error.
    InternalError,
    /// The proxy calls the database, but closes the connection without an answer.
    AnswerLost,
    /// The proxy calls the database, but never answers the monolith.
    AnswerWithheld,
    /// The proxy calls the database, and forwards the answer after the call of `release`.
    AnswerHeld,
    /// The proxy forwards the request and the answer.
    None,
}

/// A running proxy.
pub struct FaultyProxy {
    pub address: SocketAddr,
    request_count: Arc<AtomicUsize>,
    is_released: watch::Sender<bool>,
}

impl FaultyProxy {
    /// Starts a proxy that forwards requests to `database`. `fault` returns the fault of a request by the
    /// request's number, counted from 0.
    pub async fn start(database: SocketAddr, fault: fn(usize) -> Fault) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), database, fault).await
    }

    /// Starts a proxy like `start`, but listens on `address`.
    pub async fn start_at(
        address: SocketAddr,
        database: SocketAddr,
        fault: fn(usize) -> Fault,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let request_count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&request_count);
        let (is_released, released) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (counter, released) = (Arc::clone(&counter), released.clone());
                tokio::spawn(serve(client, database, counter, released, fault));
            }
        });
        Self {
            address,
            request_count,
            is_released,
        }
    }

    /// Forwards the answers that [`Fault::AnswerHeld`] holds.
    pub fn release(&self) {
        self.is_released.send_replace(true);
    }

    /// The number of requests received so far.
    pub fn request_count(&self) -> usize {
        self.request_count.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut client: TcpStream,
    database: SocketAddr,
    requests: Arc<AtomicUsize>,
    mut released: watch::Receiver<bool>,
    fault: fn(usize) -> Fault,
) {
    while let Some(request) = read_message(&mut client).await {
        let fault = fault(requests.fetch_add(1, Ordering::SeqCst));
        if let Fault::Throttled(code) = fault {
            let answer = error_answer("400 Bad Request", code);
            client.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        if let Fault::HtmlPage = fault {
            let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>";
            client.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        let mut upstream = TcpStream::connect(database).await.unwrap();
        upstream.write_all(&request).await.unwrap();
        let answer = read_message(&mut upstream).await.unwrap();
        match fault {
            Fault::InternalError => {
                let answer = error_answer("500 Internal Server Error", "InternalServerError");
                client.write_all(answer.as_bytes()).await.unwrap();
            }
            Fault::AnswerLost => return,
            Fault::AnswerWithheld => std::future::pending().await,
            Fault::AnswerHeld => {
                // This call fails at the end of the test.
                let _ = released.wait_for(|is_released| *is_released).await;
                client.write_all(&answer).await.unwrap();
            }
            _ => client.write_all(&answer).await.unwrap(),
        }
    }
}

/// An error answer in DynamoDB's format.
fn error_answer(status: &str, kind: &str) -> String {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"injected by the test"}}"#
    );
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Reads one HTTP message with a `Content-Length`. Returns `None` at the end of the connection.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some(end) = text.find("\r\n\r\n") else {
            continue;
        };
        let (_, length) = text[..end].split_once("content-length: ").unwrap();
        let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
        if bytes.len() >= end + 4 + length {
            return Some(bytes);
        }
    }
}
