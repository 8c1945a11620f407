//! The daemon's side is a real UDP socket, the resolver and the clock are the test's own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::net::connect_unspec;

use super::*;
use crate::captured_log::CapturedLog;

const MINUTE: Duration = Duration::from_secs(60);

/// A port of a daemon. It stays bound all the time, so that no other process can get it.
struct Port(UdpSocket);

impl Port {
    fn open() -> Self {
        // Asked for by number, since a port that the system chose is given up with the peer.
        let start = 10_000 + rand::random::<u16>() % 10_000;
        let ports = start..start + 10_000;
        let socket = ports
            .map(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)))
            .find_map(Result::ok);
        let socket = socket.expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(socket)
    }

    /// A connected socket receives from its peer alone, here itself. To all others the system says
    /// that nobody listens on the port.
    fn closed() -> Self {
        let port = Self::open();
        port.0.connect(port.address()).unwrap();
        port
    }

    fn reopen(&self) {
        connect_unspec(&self.0).unwrap();
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// The document of the next datagram.
    fn received(&self) -> String {
        let mut datagram = [0; 70_000];
        let bytes = self.0.recv(&mut datagram).unwrap();
        let text = String::from_utf8(datagram[..bytes].to_vec()).unwrap();
        let document = text.strip_prefix("{\"format\": \"json\", \"version\": 1}\n");
        document.expect("a header").to_owned()
    }
}

/// The daemon at this address, without a lookup.
fn at(port: &Port, now: Instant) -> Daemon {
    let resolver = Arc::new(|_: &str| panic!("nothing to look up"));
    Daemon::new(port.address().to_string(), resolver, now)
}

/// A daemon whose name is looked up by the test's answers, in their order.
fn named(now: Instant) -> (Daemon, Sender<io::Result<Vec<SocketAddr>>>) {
    let (answers, answered) = channel();
    let answered = Mutex::new(answered);
    let resolver = Arc::new(move |_: &str| {
        let answer = answered.lock().unwrap().recv();
        answer.unwrap_or_else(|_| Ok(Vec::new()))
    });
    (
        Daemon::new("daemon:2000".to_owned(), resolver, now),
        answers,
    )
}

fn send(daemon: &mut Daemon, document: &str, now: Instant) -> io::Result<()> {
    daemon.datagram().extend_from_slice(document.as_bytes());
    daemon.send(now)
}

fn unknown() -> io::Result<Vec<SocketAddr>> {
    Err(io::Error::other("no such name"))
}

#[test]
fn each_document_is_a_datagram_behind_its_header() {
    let (port, now) = (Port::open(), Instant::now());
    let mut daemon = at(&port, now);
    for document in ["{\"a\":1}", "{}"] {
        send(&mut daemon, document, now).unwrap();
        assert_eq!(port.received(), document);
    }
}

#[test]
fn the_largest_document_fits_into_a_datagram_and_one_byte_more_does_not() {
    let (port, now) = (Port::open(), Instant::now());
    let mut daemon = at(&port, now);
    let largest = "x".repeat(MAX_DOCUMENT);
    send(&mut daemon, &largest, now).unwrap();
    assert_eq!(port.received(), largest);
    assert!(send(&mut daemon, &format!("{largest}x"), now).is_err());
}

#[test]
fn a_daemon_that_starts_later_gets_the_next_document() {
    let (port, now) = (Port::closed(), Instant::now());
    let mut daemon = at(&port, now);
    send(&mut daemon, "1", now).unwrap();
    let error = send(&mut daemon, "2", now).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    port.reopen();
    // This error is about the second document. The third one is sent.
    assert!(send(&mut daemon, "3", now).is_err());
    assert_eq!(port.received(), "3");
    send(&mut daemon, "4", now).unwrap();
    assert_eq!(port.received(), "4");
}

#[test]
fn a_daemon_works_again_after_some_time_without_a_lost_datagram() {
    let (port, start) = (Port::closed(), Instant::now());
    let mut daemon = at(&port, start);
    send(&mut daemon, "1", start).unwrap();
    assert!(daemon.is_working(start));
    send(&mut daemon, "2", start).unwrap_err();
    assert!(!daemon.is_working(start));
    let later = start + LOCAL_RECOVERY;
    send(&mut daemon, "3", later).unwrap_err();
    assert!(!daemon.is_working(later), "the last error counts");
    port.reopen();
    assert!(send(&mut daemon, "4", later).is_err());
    send(&mut daemon, "5", later).unwrap();
    assert!(!daemon.is_working(later + LOCAL_RECOVERY - Duration::from_millis(1)));
    assert!(daemon.is_working(later + LOCAL_RECOVERY));
}

#[test]
fn while_lookups_fail_spans_still_go_to_the_last_known_address() {
    let (port, start) = (Port::open(), Instant::now());
    let (mut daemon, answers) = named(start);
    answers.send(Ok(vec![port.address()])).unwrap();
    send(&mut daemon, "0", start).unwrap();
    assert_eq!(port.received(), "0");
    let (log, _guard) = CapturedLog::start();
    let mut minutes = start;
    // Sends a span each minute until this is logged, and returns all that is logged until then.
    let mut logged_until = |level: &str| {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut logged = String::new();
        while !logged.contains(level) {
            assert!(Instant::now() < deadline, "no {level}: {logged}");
            minutes += MINUTE;
            send(&mut daemon, "{}", minutes).unwrap();
            assert_eq!(port.received(), "{}");
            thread::park_timeout(Duration::from_millis(10));
            logged.push_str(&log.take());
        }
        logged
    };
    for _ in 0..2 {
        for _ in 0..3 {
            answers.send(unknown()).unwrap();
        }
        answers.send(Ok(vec![port.address()])).unwrap();
        let logged = logged_until("WARN");
        assert!(logged.contains("cause=no such name"), "{logged}");
        let logged = logged_until("INFO");
        assert_eq!(logged.lines().count(), 1, "{logged}");
    }
}

#[test]
fn spans_are_sent_while_a_lookup_takes_its_time() {
    let (port, start) = (Port::open(), Instant::now());
    let (mut daemon, answers) = named(start);
    answers.send(Ok(vec![port.address()])).unwrap();
    send(&mut daemon, "0", start).unwrap();
    assert_eq!(port.received(), "0");
    // The resolver does not answer the second lookup before the test has ended.
    for number in 1..=100 {
        let document = number.to_string();
        send(&mut daemon, &document, start + MINUTE).unwrap();
        assert_eq!(port.received(), document);
    }
    drop(answers);
}

#[test]
fn a_name_that_gets_another_address_is_followed() {
    let (old, new, start) = (Port::open(), Port::open(), Instant::now());
    let (mut daemon, answers) = named(start);
    answers.send(Ok(vec![old.address()])).unwrap();
    send(&mut daemon, "0", start).unwrap();
    answers.send(Ok(vec![new.address()])).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while daemon.socket.as_ref().unwrap().peer_addr().unwrap() == old.address() {
        assert!(Instant::now() < deadline, "the name is never looked up");
        send(&mut daemon, "1", start + MINUTE).unwrap();
        thread::park_timeout(Duration::from_millis(10));
    }
    send(&mut daemon, "2", start + MINUTE).unwrap();
    while new.received() != "2" {}
}

#[test]
fn a_lookup_that_finds_the_same_address_does_not_hide_a_lost_datagram() {
    let (port, start) = (Port::closed(), Instant::now());
    let mut daemon = at(&port, start);
    send(&mut daemon, "0", start).unwrap();
    for minute in 1..=5 {
        let now = start + minute * MINUTE;
        assert!(send(&mut daemon, "1", now).is_err());
        assert!(!daemon.is_working(now));
    }
}

#[test]
fn without_an_address_a_span_fails_at_once_with_the_error_of_the_last_lookup() {
    let now = Instant::now();
    let (mut daemon, answers) = named(now);
    answers.send(unknown()).unwrap();
    // Each further lookup would wait for an answer of the test.
    for _ in 0..100 {
        let error = send(&mut daemon, "{}", now).unwrap_err();
        assert!(error.to_string().ends_with("no such name"), "{error}");
    }
    assert!(!daemon.is_working(now));
    drop(answers);
}
