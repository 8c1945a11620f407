//! A bad line to DynamoDB: it passes requests on to the emulator, or does one of the things that
//! make a write uncertain.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request.
#[derive(Clone, Copy)]
pub enum Fault {
    /// It is answered that there is no capacity, with this code, and goes no further.
    Throttled(&'static str),
    /// It is answered 503 with a page that is not DynamoDB's JSON, and goes no further.
    Page,
    /// It is carried out, and answered with an error that does not say so.
    InternalError,
    /// It is carried out, and the connection breaks before the answer.
    AnswerLost,
    /// It is carried out, and the answer never comes.
    AnswerHeld,
    /// Nothing.
    None,
}

/// A bad line; the numbers are of requests that came in.
pub struct BadLine {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl BadLine {
    /// A line to `database` that does `fault` to the request of each number, from 0.
    pub async fn to(database: SocketAddr, fault: fn(usize) -> Fault) -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), database, fault).await
    }

    /// The same, at this address.
    pub async fn at(address: SocketAddr, database: SocketAddr, fault: fn(usize) -> Fault) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, database, Arc::clone(&counter), fault));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut client: TcpStream,
    database: SocketAddr,
    requests: Arc<AtomicUsize>,
    fault: fn(usize) -> Fault,
) {
    while let Some(request) = message(&mut client).await {
        let fault = fault(requests.fetch_add(1, Ordering::SeqCst));
        if let Fault::Throttled(code) = fault {
            let answer = error("400 Bad Request", code);
            client.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        if let Fault::Page = fault {
            let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>";
            client.write_all(answer.as_bytes()).await.unwrap();
            continue;
        }
        let mut upstream = TcpStream::connect(database).await.unwrap();
        upstream.write_all(&request).await.unwrap();
        let answer = message(&mut upstream).await.unwrap();
        match fault {
            Fault::InternalError => {
                let answer = error("500 Internal Server Error", "InternalServerError");
                client.write_all(answer.as_bytes()).await.unwrap();
            }
            Fault::AnswerLost => return,
            Fault::AnswerHeld => std::future::pending().await,
            _ => client.write_all(&answer).await.unwrap(),
        }
    }
}

/// An error in DynamoDB's own form.
fn error(status: &str, kind: &str) -> String {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"as it is tested"}}"#
    );
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// One HTTP message with a declared length, or nothing at the end of the connection.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
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
