//! Lookups with a resolver of the test's own and a clock that the test moves.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use super::*;

/// A resolver that answers what the test sends, and tells how often it was asked.
struct Scripted {
    answers: Sender<io::Result<Vec<SocketAddr>>>,
    asked: Receiver<String>,
    resolver: Arc<Resolver>,
}

fn scripted() -> Scripted {
    let (answers, answered) = channel();
    let (sender, asked) = channel();
    let state = Mutex::new((answered, sender));
    let resolver = Arc::new(move |name: &str| {
        let (answered, asked) = &*state.lock().unwrap();
        let _ = asked.send(name.to_owned());
        answered.recv().unwrap_or_else(|_| Ok(Vec::new()))
    });
    Scripted {
        answers,
        asked,
        resolver,
    }
}

fn unknown() -> io::Result<Vec<SocketAddr>> {
    Err(io::Error::other("no such name"))
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Polls at this moment of the test's clock until the running lookup has come to something.
fn result(lookup: &mut Lookup, now: Instant) -> io::Result<UdpSocket> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = lookup.poll(now) {
            return found;
        }
        assert!(Instant::now() < deadline, "the lookup never ends");
        thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn the_first_poll_waits_for_the_first_lookup() {
    let script = scripted();
    let now = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), script.resolver, now);
    script.answers.send(Ok(vec![address(2000)])).unwrap();
    let socket = lookup.poll(now).unwrap().unwrap();
    assert_eq!(socket.peer_addr().unwrap(), address(2000));
    assert_eq!(script.asked.try_iter().collect::<Vec<_>>(), ["daemon:2000"]);
}

#[test]
fn a_name_is_looked_up_again_after_a_minute_without_holding_up_anybody() {
    let script = scripted();
    let start = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), script.resolver, start);
    script.answers.send(Ok(vec![address(2000)])).unwrap();
    lookup.poll(start).unwrap().unwrap();
    let next = start + REFRESH_INTERVAL;
    assert!(lookup.poll(next - Duration::from_millis(1)).is_none());
    assert!(matches!(lookup.state, State::Due(_)));
    // This would wait for ever if it waited for the resolver, which has no answer so far.
    for _ in 0..100 {
        assert!(lookup.poll(next).is_none());
    }
    script.answers.send(Ok(vec![address(2001)])).unwrap();
    let socket = result(&mut lookup, next).unwrap();
    assert_eq!(socket.peer_addr().unwrap(), address(2001));
    assert_eq!(script.asked.try_iter().count(), 2);
}

#[test]
fn failed_lookups_are_repeated_at_intervals_that_double_up_to_a_minute() {
    let script = scripted();
    let mut now = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), script.resolver, now);
    let mut interval = Duration::from_secs(1);
    for failures in 1..=10 {
        script.answers.send(unknown()).unwrap();
        let error = result(&mut lookup, now).unwrap_err();
        assert_eq!(error.to_string(), "no such name");
        // No lookup starts before the interval is over, however many spans there are.
        for _ in 0..100 {
            let early = now + interval - Duration::from_millis(1);
            assert!(lookup.poll(early).is_none());
            assert!(matches!(lookup.state, State::Due(_)), "{failures}");
        }
        assert_eq!(script.asked.try_iter().count(), 1, "{failures}");
        now += interval;
        interval = (interval * 2).min(Duration::from_secs(60));
    }
    assert_eq!(interval, Duration::from_secs(60));
    script.answers.send(Ok(vec![address(2000)])).unwrap();
    result(&mut lookup, now).unwrap();
    now += REFRESH_INTERVAL;
    script.answers.send(unknown()).unwrap();
    result(&mut lookup, now).unwrap_err();
    script.answers.send(Ok(vec![address(2000)])).unwrap();
    // After a success, the intervals begin anew.
    result(&mut lookup, now + MIN_BACKOFF).unwrap();
}

#[test]
fn a_name_without_addresses_and_a_resolver_that_panics_are_failures() {
    let now = Instant::now();
    let nothing: Arc<Resolver> = Arc::new(|_| Ok(Vec::new()));
    let mut lookup = Lookup::new("daemon:2000".to_owned(), nothing, now);
    let error = result(&mut lookup, now).unwrap_err();
    assert_eq!(error.to_string(), "the name has no address");
    let broken: Arc<Resolver> = Arc::new(|_| panic!("on purpose"));
    let mut lookup = Lookup::new("daemon:2000".to_owned(), broken, now);
    assert!(result(&mut lookup, now).is_err());
}

#[test]
fn an_address_is_used_without_a_resolver() {
    let script = scripted();
    let now = Instant::now();
    for text in ["127.0.0.1:2000", "[::1]:2000"] {
        let mut lookup = Lookup::new(text.to_owned(), Arc::clone(&script.resolver), now);
        // Where there is no IPv6, the socket cannot be had.
        if let Ok(socket) = lookup.poll(now).unwrap() {
            assert_eq!(socket.peer_addr().unwrap().to_string(), text);
        }
    }
    assert_eq!(script.asked.try_iter().count(), 0);
}

#[test]
fn ipv4_is_preferred_because_the_daemon_listens_there_by_default() {
    let both = vec!["[::1]:2000".parse().unwrap(), address(2000)];
    let peer = connect(both).unwrap().peer_addr().unwrap();
    assert_eq!(peer, address(2000));
}

#[test]
fn the_system_finds_the_names_of_this_machine() {
    let found = system_resolver("localhost:2000").unwrap();
    assert!(found.iter().all(|it| it.ip().is_loopback()), "{found:?}");
    assert!(!found.is_empty());
}
