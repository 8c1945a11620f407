//! A proxy between the monolith and the DynamoDB emulator that injects faults into chosen requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// The fault that the proxy injects into a request.
#[derive(Clone, Copy)]
pub enum Fault {
    /// The proxy answers with the throttling error code of this variant, and does not call the database.
    Throttled(&'static str),
    /// The proxy answers 503 with an HTML page, and does not call the database.
    HtmlPage,
    /// The proxy calls the database, but answers with an internal error.
    InternalError,
    /// The proxy closes the connection, and does not call the database.
    RequestLost,
    /// The proxy neither calls the database nor answers.
    RequestIgnored,
    /// The proxy calls the database, but closes the connection without an answer.
    AnswerLost,
    /// The proxy calls the database, but never answers the monolith.
    AnswerWithheld,
    /// The proxy calls the database, sends the first half of the answer, and closes the connection.
    HalfAnswer,
    /// The proxy calls the database, sends the answer without its last byte, and closes the connection.
    LastByteLost,
    /// The proxy calls the database. The `Content-Length` of the answer is larger than its body by this number. The connection stays
    /// open.
    LengthTooLarge(usize),
    /// The proxy calls the database. The `Content-Length` of the answer is smaller than its body by this number. The rest of the body
    /// stays on the open connection.
    LengthTooSmall(usize),
    /// The proxy calls the database, but answers with bytes that are not HTTP.
    NotHttp,
    /// The proxy waits this long before it calls the database.
    Slow(Duration),
    /// The proxy calls the database, and forwards the answer after the call of `release`.
    AnswerHeld,
    /// The proxy forwards the request and the answer.
    None,
}

/// Selects the fault of a request by the request's number, counted from 0, and by its head and body.
type SelectFault = dyn Fn(usize, &str) -> Fault + Send + Sync;

/// A running proxy.
pub struct FaultyProxy {
    pub address: SocketAddr,
    request_count: Arc<AtomicUsize>,
    is_released: watch::Sender<bool>,
    slow_requests: Arc<()>,
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
        Self::serve(address, database, move |number, _: &str| fault(number)).await
    }

    /// Starts a proxy like `start`. `fault` also knows the head and the body of the request.
    pub async fn start_selecting(
        database: SocketAddr,
        fault: impl Fn(usize, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::serve(([127, 0, 0, 1], 0).into(), database, fault).await
    }

    async fn serve(
        address: SocketAddr,
        database: SocketAddr,
        fault: impl Fn(usize, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let request_count = Arc::<AtomicUsize>::default();
        let (is_released, released) = watch::channel(false);
        let slow_requests = Arc::new(());
        let proxy = Connection {
            database,
            fault: Arc::new(fault),
            request_count: Arc::clone(&request_count),
            released,
            slow_requests: Arc::clone(&slow_requests),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(proxy.clone().serve(client));
            }
        });
        Self {
            address,
            request_count,
            is_released,
            slow_requests,
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

    /// Whether a request with [`Fault::Slow`] has not reached the database yet. The monolith may have given up the request.
    pub fn has_slow_requests(&self) -> bool {
        Arc::weak_count(&self.slow_requests) > 0
    }
}

/// The proxy's side of one connection.
#[derive(Clone)]
struct Connection {
    database: SocketAddr,
    fault: Arc<SelectFault>,
    request_count: Arc<AtomicUsize>,
    released: watch::Receiver<bool>,
    /// Each request that waits holds a weak reference.
    slow_requests: Arc<()>,
}

impl Connection {
    async fn serve(mut self, mut client: TcpStream) {
        while let Some(request) = read_message(&mut client).await {
            let number = self.request_count.fetch_add(1, Ordering::SeqCst);
            let fault = (self.fault)(number, &String::from_utf8_lossy(&request));
            let Some(answer) = self.answer(&request, fault).await else {
                return;
            };
            // The monolith may have given up the request.
            if client.write_all(&answer).await.is_err()
                || matches!(fault, Fault::HalfAnswer | Fault::LastByteLost)
            {
                return;
            }
        }
    }

    /// Returns the bytes for the monolith, or `None` if the connection is closed without an answer.
    async fn answer(&mut self, request: &[u8], fault: Fault) -> Option<Vec<u8>> {
        match fault {
            Fault::Throttled(code) => return Some(error_answer("400 Bad Request", code)),
            Fault::HtmlPage => {
                let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html";
                return Some(format!("{head}\r\ncontent-length: 4\r\n\r\n<p/>").into_bytes());
            }
            Fault::RequestLost => return None,
            Fault::RequestIgnored => std::future::pending().await,
            Fault::Slow(delay) => {
                let _waiting = Arc::downgrade(&self.slow_requests);
                sleep(delay).await;
                return Some(self.call_database(request).await);
            }
            _ => {}
        }
        let mut answer = self.call_database(request).await;
        match fault {
            Fault::InternalError => {
                return Some(error_answer(
                    "500 Internal Server Error",
                    "InternalServerError",
                ));
            }
            Fault::AnswerLost => return None,
            Fault::AnswerWithheld => std::future::pending().await,
            Fault::AnswerHeld => {
                // This call fails at the end of the test.
                let _ = self.released.wait_for(|is_released| *is_released).await;
            }
            Fault::HalfAnswer => answer.truncate(answer.len() / 2),
            Fault::LastByteLost => answer.truncate(answer.len() - 1),
            Fault::LengthTooLarge(more) => answer = change_length(&answer, |length| length + more),
            Fault::LengthTooSmall(less) => answer = change_length(&answer, |length| length - less),
            Fault::NotHttp => answer = b"not http\r\n\r\n".to_vec(),
            _ => {}
        }
        Some(answer)
    }

    async fn call_database(&self, request: &[u8]) -> Vec<u8> {
        let mut upstream = TcpStream::connect(self.database).await.unwrap();
        upstream.write_all(request).await.unwrap();
        read_message(&mut upstream).await.unwrap()
    }
}

/// Replaces the `Content-Length` of an answer.
fn change_length(answer: &[u8], change: impl FnOnce(usize) -> usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let is_length = |line: &&str| line.to_lowercase().starts_with("content-length:");
    let lines: Vec<_> = head.split("\r\n").filter(|line| !is_length(line)).collect();
    let (head, length) = (lines.join("\r\n"), change(body.len()));
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// An error answer in DynamoDB's format.
fn error_answer(status: &str, kind: &str) -> Vec<u8> {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"injected by the test"}}"#
    );
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
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
