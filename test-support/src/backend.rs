//! Telemetry backends that tests stop and start on one port: an X-Ray daemon's UDP port, and HTTP servers
//! that stand for collectors and for the daemon's sampling API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{JoinHandle, spawn};

use rustix::net::connect_unspec;

use crate::service::reserve_port;

/// A backend that a test can start and stop. A new backend is stopped.
pub trait Backend {
    /// The port of the backend. A start or stop does not change the port.
    fn port(&self) -> u16;
    /// Starts the backend, or makes all requests succeed.
    fn start(&mut self);
    /// Stops the backend, or makes all requests fail.
    fn stop(&mut self);
    /// Whether the backend has received requests or datagrams since the last call of this method.
    fn has_received(&self) -> bool;
}

/// A UDP receiver whose port remains bound while the receiver is stopped, so that no other process can use
/// the port.
pub struct UdpBackend {
    port: u16,
    socket: UdpSocket,
}

impl UdpBackend {
    /// Creates a stopped backend.
    pub fn new_stopped() -> Self {
        let (port, socket) = reserve_port();
        socket.set_nonblocking(true).unwrap();
        let mut backend = Self { port, socket };
        backend.stop();
        backend
    }
}

impl Backend for UdpBackend {
    fn port(&self) -> u16 {
        self.port
    }

    fn start(&mut self) {
        connect_unspec(&self.socket).unwrap();
    }

    /// Connects the UDP socket to its own address. A connected socket receives datagrams only from its
    /// peer. While the socket is connected to its own address, other senders get the error "connection
    /// refused".
    fn stop(&mut self) {
        self.socket
            .connect((Ipv4Addr::LOCALHOST, self.port))
            .unwrap();
    }

    fn has_received(&self) -> bool {
        let mut datagram = [0; 65_536];
        let mut has_datagram = false;
        while self.socket.recv(&mut datagram).is_ok() {
            has_datagram = true;
        }
        has_datagram
    }
}

/// An HTTP server that answers each request with a fixed body, and then closes the connection. The status
/// is 200 unless [`UnavailableBackend`] changes the status.
pub struct HttpBackend {
    port: u16,
    status: Arc<Mutex<&'static str>>,
    body: &'static str,
    requests: Arc<AtomicUsize>,
    answers_paused: Arc<(Mutex<bool>, Condvar)>,
    /// The stop flag and the thread of a running server.
    server: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    /// This socket prevents other tests from using the port.
    _reservation: UdpSocket,
}

impl HttpBackend {
    /// Creates a stopped backend.
    pub fn new_stopped(body: &'static str) -> Self {
        let (port, reservation) = reserve_port();
        Self {
            port,
            status: Arc::new(Mutex::new("200 OK")),
            body,
            requests: Arc::default(),
            answers_paused: Arc::default(),
            server: None,
            _reservation: reservation,
        }
    }

    /// Pauses or resumes the answers of the server. During a pause, the server still reads requests.
    pub fn pause_answers(&self, paused: bool) {
        *self.answers_paused.0.lock().unwrap() = paused;
        self.answers_paused.1.notify_all();
    }
}

impl Backend for HttpBackend {
    fn port(&self) -> u16 {
        self.port
    }

    fn start(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let (requests, body) = (Arc::clone(&self.requests), self.body);
        let (status, answers_paused) = (Arc::clone(&self.status), Arc::clone(&self.answers_paused));
        let stop_flag = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop_flag);
        let server = spawn(move || {
            for stream in listener.incoming() {
                if is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = BufReader::new(stream.unwrap());
                if read_request(&mut stream).is_some() {
                    requests.fetch_add(1, Ordering::SeqCst);
                    let paused = answers_paused.0.lock().unwrap();
                    drop(
                        answers_paused
                            .1
                            .wait_while(paused, |paused| *paused)
                            .unwrap(),
                    );
                    let (status, length) = (*status.lock().unwrap(), body.len());
                    let head = "Connection: close\r\nContent-Length:";
                    let answer = format!("HTTP/1.1 {status}\r\n{head} {length}\r\n\r\n{body}");
                    // The client may have closed the connection, so the error of the write is ignored.
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                }
            }
        });
        self.server = Some((stop_flag, server));
    }

    fn stop(&mut self) {
        let Some((stop_flag, server)) = self.server.take() else {
            return;
        };
        stop_flag.store(true, Ordering::SeqCst);
        // This connection makes the server's `accept` return, so that the server checks the stop flag.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        server.join().unwrap();
    }

    fn has_received(&self) -> bool {
        self.requests.swap(0, Ordering::SeqCst) > 0
    }
}

/// An HTTP server that answers 503 while the backend is stopped.
pub struct UnavailableBackend(HttpBackend);

impl UnavailableBackend {
    /// Creates a stopped backend.
    pub fn new_stopped() -> Self {
        let mut server = HttpBackend::new_stopped("");
        server.start();
        let mut backend = Self(server);
        backend.stop();
        backend
    }
}

impl Backend for UnavailableBackend {
    fn port(&self) -> u16 {
        self.0.port
    }

    fn start(&mut self) {
        *self.0.status.lock().unwrap() = "200 OK";
        self.0.has_received();
    }

    fn stop(&mut self) {
        *self.0.status.lock().unwrap() = "503 Service Unavailable";
    }

    fn has_received(&self) -> bool {
        self.0.has_received()
    }
}

/// An HTTP server that reads requests but does not answer while the backend is stopped.
pub struct SilentBackend(HttpBackend);

impl SilentBackend {
    /// Creates a stopped backend.
    pub fn new_stopped() -> Self {
        let mut server = HttpBackend::new_stopped("");
        server.start();
        server.pause_answers(true);
        Self(server)
    }
}

impl Backend for SilentBackend {
    fn port(&self) -> u16 {
        self.0.port
    }

    fn start(&mut self) {
        self.0.pause_answers(false);
        self.0.has_received();
    }

    fn stop(&mut self) {
        self.0.pause_answers(true);
    }

    fn has_received(&self) -> bool {
        self.0.has_received()
    }
}

/// Reads one request. Returns `None` if the client closes the connection before the end of the request.
fn read_request(stream: &mut BufReader<TcpStream>) -> Option<()> {
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        (stream.read_line(&mut line).ok()? > 0).then_some(())?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    stream.read_exact(&mut vec![0; length]).ok()
}
