//! The monolith's end of the wire, byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the monolith answers to a like that it fulfilled.
pub const FULFILLED: &str = r#"{"Update": "Success"}"#;

/// What the other end does with a request.
#[derive(Clone)]
pub enum Reply {
    /// Sends these bytes and keeps the connection.
    Bytes(String),
    /// Sends these bytes and closes the connection.
    Last(String),
    /// Never answers.
    Silence,
}

impl Reply {
    /// An answer with this status line's end and body.
    pub fn json(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

/// A monolith that answers every request alike and remembers each.
pub struct Hook {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Hook {
    pub async fn replying(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let remember = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, reply.clone(), Arc::clone(&remember)));
            }
        });
        Self { address, requests }
    }

    /// A monolith that fulfils every like.
    pub async fn fulfilling() -> Self {
        Self::replying(Reply::json("200 OK", FULFILLED)).await
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, requests: Arc<Mutex<Vec<String>>>) {
    let mut head = String::new();
    // No request has a body: a head is all there is, and bytes behind it would show here.
    loop {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(count) => head.push_str(&String::from_utf8_lossy(&bytes[..count])),
        }
        if !head.ends_with("\r\n\r\n") {
            continue;
        }
        requests.lock().unwrap().push(std::mem::take(&mut head));
        match &reply {
            Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap(),
            Reply::Last(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}
