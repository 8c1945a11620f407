//! Sends documents to real UDP sockets. The tests replace the resolver and the clock.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::net::connect_unspec;

use super::*;
use crate::captured_log::CapturedLog;

const MINUTE: Duration = Duration::from_secs(60);

/// The socket of a fake daemon. A refusing socket receives no documents but stays bound, so that no other process can
/// bind its port.
struct DaemonSocket(UdpSocket);

impl DaemonSocket {
    fn open() -> Self {
        // The test chooses the port, because `connect_unspec` would release a port that the kernel chose.
        let first_port = 10_000 + rand::random::<u16>() % 10_000;
        let ports = first_port..first_port + 10_000;
        let socket = ports
            .map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)))
            .find_map(Result::ok);
        let socket = socket.expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(socket)
    }

    /// Opens a socket and connects the socket to its own address, so that the socket receives only its own datagrams.
    /// The kernel refuses datagrams of other senders with `ConnectionRefused`.
    fn open_refusing() -> Self {
        let socket = Self::open();
        socket.0.connect(socket.address()).unwrap();
        socket
    }

    fn stop_refusing(&self) {
        connect_unspec(&self.0).unwrap();
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Receives a datagram and returns its document.
    fn receive(&self) -> String {
        let mut datagram = [0; 70_000];
        let byte_count = self.0.recv(&mut datagram).unwrap();
        let text = String::from_utf8(datagram[..byte_count].to_vec()).unwrap();
        let document = text.strip_prefix("{\"format\": \"json\", \"version\": 1}\n");
        document.expect("a datagram with a header").to_owned()
    }
}

/// Creates a sender to the IP address of `socket`. An IP address needs no lookup.
fn create_sender_to(socket: &DaemonSocket, now: Instant) -> DaemonSender {
    let resolver = Arc::new(|_: &str| panic!("an IP address needs no lookup"));
    DaemonSender::new(socket.address().to_string(), resolver, now)
}

/// Creates a sender to a host name. Each lookup waits for a result that the test sends.
fn create_sender_to_name(now: Instant) -> (DaemonSender, Sender<io::Result<Vec<SocketAddr>>>) {
    let (lookup_results, next_lookup_result) = channel();
    let next_lookup_result = Mutex::new(next_lookup_result);
    let resolver = Arc::new(move |_: &str| {
        let result = next_lookup_result.lock().unwrap().recv();
        result.unwrap_or_else(|_| Ok(Vec::new()))
    });
    (
        DaemonSender::new("daemon:2000".to_owned(), resolver, now),
        lookup_results,
    )
}

fn send_text(sender: &mut DaemonSender, document: &str, now: Instant) -> io::Result<()> {
    sender.send(document.as_bytes(), now)
}

fn failed_lookup() -> io::Result<Vec<SocketAddr>> {
    Err(io::Error::other("no such name"))
}

#[test]
fn each_document_is_sent_in_a_datagram_after_a_header() {
    let (socket, now) = (DaemonSocket::open(), Instant::now());
    let mut sender = create_sender_to(&socket, now);
    for document in ["{\"a\":1}", "{}"] {
        send_text(&mut sender, document, now).unwrap();
        assert_eq!(socket.receive(), document);
    }
}

#[test]
fn a_document_of_the_maximum_size_is_sent_and_a_larger_one_is_an_error() {
    let (socket, now) = (DaemonSocket::open(), Instant::now());
    let mut sender = create_sender_to(&socket, now);
    let largest_document = "x".repeat(MAX_DOCUMENT_BYTES);
    send_text(&mut sender, &largest_document, now).unwrap();
    assert_eq!(socket.receive(), largest_document);
    assert!(send_text(&mut sender, &format!("{largest_document}x"), now).is_err());
}

#[test]
fn a_daemon_that_starts_after_an_error_receives_the_next_document() {
    let (socket, now) = (DaemonSocket::open_refusing(), Instant::now());
    let mut sender = create_sender_to(&socket, now);
    send_text(&mut sender, "1", now).unwrap();
    let error = send_text(&mut sender, "2", now).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    socket.stop_refusing();
    // The returned error reports the loss of the second document. The third document is sent despite the
    // error.
    assert!(send_text(&mut sender, "3", now).is_err());
    assert_eq!(socket.receive(), "3");
    send_text(&mut sender, "4", now).unwrap();
    assert_eq!(socket.receive(), "4");
}

#[test]
fn a_daemon_is_working_again_after_the_recovery_time_without_an_error() {
    let (socket, start) = (DaemonSocket::open_refusing(), Instant::now());
    let mut sender = create_sender_to(&socket, start);
    send_text(&mut sender, "1", start).unwrap();
    assert!(sender.is_working(start));
    send_text(&mut sender, "2", start).unwrap_err();
    assert!(!sender.is_working(start));
    let later = start + LOCAL_RECOVERY_TIME;
    send_text(&mut sender, "3", later).unwrap_err();
    assert!(
        !sender.is_working(later),
        "the last error restarts the recovery time"
    );
    socket.stop_refusing();
    assert!(send_text(&mut sender, "4", later).is_err());
    send_text(&mut sender, "5", later).unwrap();
    assert!(!sender.is_working(later + LOCAL_RECOVERY_TIME - Duration::from_millis(1)));
    assert!(sender.is_working(later + LOCAL_RECOVERY_TIME));
}

#[test]
fn spans_are_sent_to_the_last_known_address_while_lookups_fail() {
    let (socket, start) = (DaemonSocket::open(), Instant::now());
    let (mut sender, lookup_results) = create_sender_to_name(start);
    lookup_results.send(Ok(vec![socket.address()])).unwrap();
    send_text(&mut sender, "0", start).unwrap();
    assert_eq!(socket.receive(), "0");
    let (log, _guard) = CapturedLog::start();
    let mut now = start;
    // Sends a document each minute until a log line contains `level`. Returns all logged lines.
    let mut send_until_logged = |level: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut logged = String::new();
        while !logged.contains(level) {
            assert!(Instant::now() < deadline, "no {level}: {logged}");
            now += MINUTE;
            send_text(&mut sender, "{}", now).unwrap();
            assert_eq!(socket.receive(), "{}");
            thread::park_timeout(Duration::from_millis(10));
            logged.push_str(&log.take());
        }
        logged
    };
    for _ in 0..2 {
        for _ in 0..3 {
            lookup_results.send(failed_lookup()).unwrap();
        }
        lookup_results.send(Ok(vec![socket.address()])).unwrap();
        let logged = send_until_logged("WARN");
        assert!(logged.contains("cause=no such name"), "{logged}");
        let logged = send_until_logged("INFO");
        assert_eq!(logged.lines().count(), 1, "{logged}");
    }
}

#[test]
fn spans_are_sent_while_a_lookup_is_running() {
    let (socket, start) = (DaemonSocket::open(), Instant::now());
    let (mut sender, lookup_results) = create_sender_to_name(start);
    lookup_results.send(Ok(vec![socket.address()])).unwrap();
    send_text(&mut sender, "0", start).unwrap();
    assert_eq!(socket.receive(), "0");
    // The second lookup never ends, because the test sends no result for the second lookup.
    for number in 1..=100 {
        let document = number.to_string();
        send_text(&mut sender, &document, start + MINUTE).unwrap();
        assert_eq!(socket.receive(), document);
    }
    drop(lookup_results);
}

#[test]
fn spans_are_sent_to_the_new_address_when_the_address_of_the_name_changes() {
    let (old_socket, new_socket) = (DaemonSocket::open(), DaemonSocket::open());
    let start = Instant::now();
    let (mut sender, lookup_results) = create_sender_to_name(start);
    lookup_results.send(Ok(vec![old_socket.address()])).unwrap();
    send_text(&mut sender, "0", start).unwrap();
    lookup_results.send(Ok(vec![new_socket.address()])).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while sender.socket.as_ref().unwrap().peer_addr().unwrap() == old_socket.address() {
        assert!(
            Instant::now() < deadline,
            "the sender never uses the new address"
        );
        send_text(&mut sender, "1", start + MINUTE).unwrap();
        thread::park_timeout(Duration::from_millis(10));
    }
    send_text(&mut sender, "2", start + MINUTE).unwrap();
    while new_socket.receive() != "2" {}
}

#[test]
fn a_lost_datagram_is_reported_even_after_a_lookup_with_an_unchanged_address() {
    let (socket, start) = (DaemonSocket::open_refusing(), Instant::now());
    let mut sender = create_sender_to(&socket, start);
    send_text(&mut sender, "0", start).unwrap();
    for minute in 1..=5 {
        let now = start + minute * MINUTE;
        assert!(send_text(&mut sender, "1", now).is_err());
        assert!(!sender.is_working(now));
    }
}

#[test]
fn without_an_address_each_send_fails_with_the_error_of_the_last_lookup() {
    let now = Instant::now();
    let (mut sender, lookup_results) = create_sender_to_name(now);
    lookup_results.send(failed_lookup()).unwrap();
    // The time of the test's clock does not change, so no further lookup is due.
    for _ in 0..100 {
        let error = send_text(&mut sender, "{}", now).unwrap_err();
        assert!(error.to_string().ends_with("no such name"), "{error}");
    }
    assert!(!sender.is_working(now));
    drop(lookup_results);
}
