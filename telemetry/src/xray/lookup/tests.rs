//! Tests of lookups with a fake resolver and a fake clock.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use super::*;

/// A resolver that waits for results from the test and records the looked-up names.
struct FakeResolver {
    results: Sender<io::Result<Vec<SocketAddr>>>,
    looked_up_names: Receiver<String>,
    resolver: Arc<Resolver>,
}

impl FakeResolver {
    fn new() -> Self {
        let (results, next_result) = channel();
        let (names, looked_up_names) = channel();
        let channels = Mutex::new((next_result, names));
        let resolver = Arc::new(move |name: &str| {
            let (next_result, names) = &*channels.lock().unwrap();
            let _ = names.send(name.to_owned());
            next_result.recv().unwrap_or_else(|_| Ok(Vec::new()))
        });
        Self {
            results,
            looked_up_names,
            resolver,
        }
    }
}

fn failed_lookup() -> io::Result<Vec<SocketAddr>> {
    Err(io::Error::other("no such name"))
}

fn loopback_address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Polls until the running lookup has finished. `now` is the time of the test's clock.
fn wait_for_result(lookup: &mut Lookup, now: Instant) -> io::Result<UdpSocket> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(result) = lookup.poll(now) {
            return result;
        }
        assert!(Instant::now() < deadline, "the lookup does not end");
        thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn the_first_poll_waits_for_the_first_lookup() {
    let fake = FakeResolver::new();
    let now = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), fake.resolver, now);
    fake.results.send(Ok(vec![loopback_address(2000)])).unwrap();
    let socket = lookup.poll(now).unwrap().unwrap();
    assert_eq!(socket.peer_addr().unwrap(), loopback_address(2000));
    assert_eq!(
        fake.looked_up_names.try_iter().collect::<Vec<_>>(),
        ["daemon:2000"]
    );
}

#[test]
fn a_second_lookup_starts_after_a_minute_and_its_polls_do_not_wait() {
    let fake = FakeResolver::new();
    let start = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), fake.resolver, start);
    fake.results.send(Ok(vec![loopback_address(2000)])).unwrap();
    lookup.poll(start).unwrap().unwrap();
    let next_lookup_at = start + REFRESH_INTERVAL;
    assert!(
        lookup
            .poll(next_lookup_at - Duration::from_millis(1))
            .is_none()
    );
    assert!(matches!(lookup.state, LookupState::Due(_)));
    // The resolver has not returned a result yet, so a poll that waits for the result would never return.
    for _ in 0..100 {
        assert!(lookup.poll(next_lookup_at).is_none());
    }
    fake.results.send(Ok(vec![loopback_address(2001)])).unwrap();
    let socket = wait_for_result(&mut lookup, next_lookup_at).unwrap();
    assert_eq!(socket.peer_addr().unwrap(), loopback_address(2001));
    assert_eq!(fake.looked_up_names.try_iter().count(), 2);
}

#[test]
fn the_interval_between_failed_lookups_doubles_up_to_a_minute() {
    let fake = FakeResolver::new();
    let mut now = Instant::now();
    let mut lookup = Lookup::new("daemon:2000".to_owned(), fake.resolver, now);
    let mut interval = Duration::from_secs(1);
    for failures in 1..=10 {
        fake.results.send(failed_lookup()).unwrap();
        let error = wait_for_result(&mut lookup, now).unwrap_err();
        assert_eq!(error.to_string(), "no such name");
        // Polls before the end of the interval start no lookup.
        for _ in 0..100 {
            let before_end = now + interval - Duration::from_millis(1);
            assert!(lookup.poll(before_end).is_none());
            assert!(matches!(lookup.state, LookupState::Due(_)), "{failures}");
        }
        assert_eq!(fake.looked_up_names.try_iter().count(), 1, "{failures}");
        now += interval;
        interval = (interval * 2).min(Duration::from_secs(60));
    }
    assert_eq!(interval, Duration::from_secs(60));
    fake.results.send(Ok(vec![loopback_address(2000)])).unwrap();
    wait_for_result(&mut lookup, now).unwrap();
    now += REFRESH_INTERVAL;
    fake.results.send(failed_lookup()).unwrap();
    wait_for_result(&mut lookup, now).unwrap_err();
    fake.results.send(Ok(vec![loopback_address(2000)])).unwrap();
    // The successful lookup has reset the interval, so the failed lookup is followed by the shortest
    // interval.
    wait_for_result(&mut lookup, now + MIN_BACKOFF).unwrap();
}

#[test]
fn an_empty_result_and_a_panic_of_the_resolver_are_errors() {
    let now = Instant::now();
    let empty_resolver: Arc<Resolver> = Arc::new(|_| Ok(Vec::new()));
    let mut lookup = Lookup::new("daemon:2000".to_owned(), empty_resolver, now);
    let error = wait_for_result(&mut lookup, now).unwrap_err();
    assert_eq!(error.to_string(), "the name has no address");
    let panicking_resolver: Arc<Resolver> = Arc::new(|_| panic!("on purpose"));
    let mut lookup = Lookup::new("daemon:2000".to_owned(), panicking_resolver, now);
    assert!(wait_for_result(&mut lookup, now).is_err());
}

#[test]
fn an_ip_address_is_used_without_a_lookup() {
    let fake = FakeResolver::new();
    let now = Instant::now();
    for text in ["127.0.0.1:2000", "[::1]:2000"] {
        let mut lookup = Lookup::new(text.to_owned(), Arc::clone(&fake.resolver), now);
        // On a machine without IPv6, the second socket cannot be connected.
        if let Ok(socket) = lookup.poll(now).unwrap() {
            assert_eq!(socket.peer_addr().unwrap().to_string(), text);
        }
    }
    assert_eq!(fake.looked_up_names.try_iter().count(), 0);
}

#[test]
fn ipv4_is_preferred_because_the_daemon_listens_there_by_default() {
    let addresses = vec!["[::1]:2000".parse().unwrap(), loopback_address(2000)];
    let peer = connect_socket(addresses).unwrap().peer_addr().unwrap();
    assert_eq!(peer, loopback_address(2000));
}

#[test]
fn the_system_resolver_returns_loopback_addresses_for_localhost() {
    let addresses = system_resolver("localhost:2000").unwrap();
    let are_loopback = addresses.iter().all(|address| address.ip().is_loopback());
    assert!(are_loopback, "{addresses:?}");
    assert!(!addresses.is_empty());
}
