//! A service on a raw socket that is slow, answers with errors, or closes connections.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What the service does after the head of a request.
#[derive(Clone, Copy, Debug)]
pub enum Response {
    /// Answers with this status.
    Status(u16),
    /// Answers 200 when the service has received this number of requests.
    AfterRequests(usize),
    /// Closes the connection.
    Close,
    /// Closes the connection within the body.
    HalfABody,
    /// Answers with a text that is not HTTP.
    Text,
}

#[derive(Default)]
struct Counts {
    requests: usize,
    /// Requests without a response.
    open: usize,
    max_open: usize,
}

/// The counts, and the event that they have changed.
type Shared = Arc<(Mutex<Counts>, Condvar)>;

/// A running service. Its threads end with the test's process.
pub struct Service {
    address: SocketAddr,
    shared: Shared,
}

impl Service {
    /// Starts a service. `respond` gets the index of a request.
    pub fn start(respond: impl Fn(usize) -> Response + Send + Clone + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::default();
        let counts = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let (counts, respond) = (Arc::clone(&counts), respond.clone());
                std::thread::spawn(move || {
                    // The client can close its connection at any time.
                    let _ = serve(connection.unwrap(), &counts, respond);
                });
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many requests the service has received.
    pub fn requests(&self) -> usize {
        self.shared.0.lock().unwrap().requests
    }

    /// How many requests have waited for their responses at the same time.
    pub fn max_open(&self) -> usize {
        self.shared.0.lock().unwrap().max_open
    }
}

fn serve(
    mut connection: TcpStream,
    shared: &Shared,
    respond: impl Fn(usize) -> Response,
) -> io::Result<()> {
    let (counts, changed) = &**shared;
    loop {
        read_head(&mut connection)?;
        let index = {
            let mut counts = counts.lock().unwrap();
            counts.requests += 1;
            counts.open += 1;
            counts.max_open = counts.max_open.max(counts.open);
            changed.notify_all();
            counts.requests - 1
        };
        let status = match respond(index) {
            Response::Status(status) => status,
            Response::AfterRequests(number) => {
                let counts = counts.lock().unwrap();
                let waited = changed.wait_while(counts, |counts| counts.requests < number);
                drop(waited.unwrap());
                200
            }
            Response::Close => return Ok(()),
            Response::HalfABody => {
                let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
                return connection.write_all(half.as_bytes());
            }
            Response::Text => return connection.write_all(b"220 ready\r\n\r\n"),
        };
        counts.lock().unwrap().open -= 1;
        let head = format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n\r\n{{}}");
        connection.write_all(head.as_bytes())?;
    }
}

/// Reads a request without a body.
pub fn read_head(connection: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(())
}
