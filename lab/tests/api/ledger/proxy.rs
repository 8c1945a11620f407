//! A proxy between clients and the load balancer, which notes what clients see.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use test_support::daemon::trace_id;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const HEAD_END: &[u8] = b"\r\n\r\n";

/// What a client saw of a like.
#[derive(Clone, Debug)]
pub struct Seen {
    pub status: u16,
    /// From the request to the last byte of the response.
    pub milliseconds: f64,
    /// When the request arrived, in Unix seconds.
    pub time: f64,
}

/// A running proxy. Each connection carries one request without a body.
pub struct Proxy {
    pub url: String,
    seen: Arc<Mutex<HashMap<String, Seen>>>,
}

impl Proxy {
    /// A proxy in front of the load balancer with this URL.
    pub async fn start(alb: &str) -> Self {
        let target = alb.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<HashMap<_, _>>>::default();
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, noted) = (target.clone(), Arc::clone(&noted));
                tokio::spawn(async move {
                    let (id, seen) = forward(client, &target).await.unwrap();
                    noted.lock().unwrap().insert(id, seen);
                });
            }
        });
        Self { url, seen }
    }

    /// What clients saw, by trace ids.
    pub fn seen(&self) -> HashMap<String, Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Forwards a request and its response. Returns the trace id and what the client saw.
async fn forward(mut client: TcpStream, target: &str) -> io::Result<(String, Seen)> {
    let mut request = Vec::new();
    while !request.ends_with(HEAD_END) {
        assert_ne!(client.read_buf(&mut request).await?, 0, "{request:?}");
    }
    let (time, start) = (SystemTime::now(), Instant::now());
    // Both sides close their connections after the response.
    let mut head = request[..request.len() - 2].to_vec();
    head.extend_from_slice(b"connection: close\r\n\r\n");
    let mut server = TcpStream::connect(target).await?;
    server.write_all(&head).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    let text = String::from_utf8_lossy(&response).into_owned();
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status.unwrap().parse().unwrap();
    let header = lines.find_map(|line| line.strip_prefix("x-amzn-trace-id: "));
    let seen = Seen {
        status,
        milliseconds,
        time: time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64(),
    };
    client.write_all(&response).await?;
    Ok((trace_id(header.unwrap()).to_owned(), seen))
}
