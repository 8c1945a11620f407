//! Backends of telemetry that stop and start again on one port: an X-Ray daemon over UDP, and what
//! answers HTTP, which are collectors and the daemon's sampling rules.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{JoinHandle, spawn};

use rustix::net::connect_unspec;

use super::service::reserve;

/// A backend that does not run yet.
pub trait Backend {
    fn port(&self) -> u16;
    fn start(&mut self);
    /// From now on it does not take what is sent to the port.
    fn stop(&mut self);
    /// Whether anything was received since the last call.
    fn has_received(&self) -> bool;
}

/// A UDP port. It stays bound all the time, so that no other process can get it.
pub struct Udp {
    port: u16,
    socket: UdpSocket,
}

impl Udp {
    pub fn stopped() -> Self {
        let (port, socket) = reserve();
        socket.set_nonblocking(true).unwrap();
        let mut backend = Self { port, socket };
        backend.stop();
        backend
    }
}

impl Backend for Udp {
    fn port(&self) -> u16 {
        self.port
    }

    fn start(&mut self) {
        connect_unspec(&self.socket).unwrap();
    }

    /// A connected socket receives from its peer alone, here itself. To all others the system says
    /// that nobody listens on the port.
    fn stop(&mut self) {
        self.socket
            .connect((Ipv4Addr::LOCALHOST, self.port))
            .unwrap();
    }

    fn has_received(&self) -> bool {
        let mut datagram = [0; 65_536];
        let mut received = false;
        while self.socket.recv(&mut datagram).is_ok() {
            received = true;
        }
        received
    }
}

/// An HTTP server that answers each request with 200 and this body, and then closes the connection.
pub struct Http {
    port: u16,
    status: Arc<Mutex<&'static str>>,
    body: &'static str,
    requests: Arc<AtomicUsize>,
    held: Arc<(Mutex<bool>, Condvar)>,
    server: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    /// Keeps other tests from the port.
    _mark: UdpSocket,
}

impl Http {
    pub fn stopped(body: &'static str) -> Self {
        let (port, mark) = reserve();
        Self {
            port,
            status: Arc::new(Mutex::new("200 OK")),
            body,
            requests: Arc::default(),
            held: Arc::default(),
            server: None,
            _mark: mark,
        }
    }

    /// Whether requests are taken without being answered, until this is called again.
    pub fn hold(&self, held: bool) {
        *self.held.0.lock().unwrap() = held;
        self.held.1.notify_all();
    }
}

impl Backend for Http {
    fn port(&self) -> u16 {
        self.port
    }

    fn start(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let (requests, body) = (Arc::clone(&self.requests), self.body);
        let (status, held) = (Arc::clone(&self.status), Arc::clone(&self.held));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let server = spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = BufReader::new(stream.unwrap());
                if read(&mut stream).is_some() {
                    requests.fetch_add(1, Ordering::SeqCst);
                    let is_held = held.0.lock().unwrap();
                    drop(held.1.wait_while(is_held, |held| *held).unwrap());
                    let (status, length) = (*status.lock().unwrap(), body.len());
                    let head = "Connection: close\r\nContent-Length:";
                    let answer = format!("HTTP/1.1 {status}\r\n{head} {length}\r\n\r\n{body}");
                    // The client may have given up meanwhile.
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                }
            }
        });
        self.server = Some((stop, server));
    }

    fn stop(&mut self) {
        let Some((stop, server)) = self.server.take() else {
            return;
        };
        stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        server.join().unwrap();
    }

    fn has_received(&self) -> bool {
        self.requests.swap(0, Ordering::SeqCst) > 0
    }
}

/// A server that answers 503 while it is stopped.
pub struct Busy(Http);

impl Busy {
    pub fn stopped() -> Self {
        let mut server = Http::stopped("");
        server.start();
        let mut backend = Self(server);
        backend.stop();
        backend
    }
}

impl Backend for Busy {
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

/// A server that takes requests and does not answer them while it is stopped.
pub struct Silent(Http);

impl Silent {
    pub fn stopped() -> Self {
        let mut server = Http::stopped("");
        server.start();
        server.hold(true);
        Self(server)
    }
}

impl Backend for Silent {
    fn port(&self) -> u16 {
        self.0.port
    }

    fn start(&mut self) {
        self.0.hold(false);
        self.0.has_received();
    }

    fn stop(&mut self) {
        self.0.hold(true);
    }

    fn has_received(&self) -> bool {
        self.0.has_received()
    }
}

/// Reads one request. Nothing if the client goes before its end.
fn read(stream: &mut BufReader<TcpStream>) -> Option<()> {
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
