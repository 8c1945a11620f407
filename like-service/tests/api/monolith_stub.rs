//! A stub of the monolith that reads and writes raw bytes on a socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The body of the answer to a fulfilled like.
pub const FULFILLED_BODY: &str = r#"{"Update": "Success"}"#;

/// The way in which the stub answers a request.
#[derive(Clone)]
pub enum Reply {
    /// The stub sends the bytes of this variant and keeps the connection open.
    KeepOpen(String),
    /// The stub sends the bytes of this variant and closes the connection.
    Close(String),
    /// Never answers.
    Silence,
}

impl Reply {
    /// Formats an HTTP answer with `status`, which includes the reason phrase (`200 OK`), and with `body`.
    pub fn json(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::KeepOpen(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

/// A stub that sends the same answer to every request, and stores the heads of the requests.
pub struct MonolithStub {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl MonolithStub {
    /// Starts a stub that answers each request with `reply`.
    pub async fn start(reply: Reply) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), reply).await
    }

    /// Starts a stub like `start`, but listens on `address`.
    pub async fn start_at(address: SocketAddr, reply: Reply) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::default();
        let received_requests = Arc::clone(&requests);
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, reply.clone(), Arc::clone(&received_requests)));
            }
        });
        Self {
            address,
            requests,
            server,
        }
    }

    /// Closes the port and all connections.
    pub async fn stop(self) {
        self.server.abort();
        // The task ends with the error of its abort.
        let _ = self.server.await;
    }

    /// Starts a stub that fulfils every like.
    pub async fn start_fulfilling() -> Self {
        Self::start(Reply::json("200 OK", FULFILLED_BODY)).await
    }

    /// The heads of the requests received so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, reply: Reply, requests: Arc<Mutex<Vec<String>>>) {
    let mut head = String::new();
    // The requests have no body, so all received bytes belong to a head.
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
            Reply::KeepOpen(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap(),
            Reply::Close(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}
