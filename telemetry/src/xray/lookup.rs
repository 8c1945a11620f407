//! Looks up the address of the daemon at intervals. Lookups run on a separate thread, so that a lookup does
//! not block the exporter.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Time between a successful lookup and the next lookup.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// Time between the first failed lookup and the next lookup. The time doubles with each consecutive
/// failure.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// Longest time between a failed lookup and the next lookup.
const MAX_BACKOFF: Duration = REFRESH_INTERVAL;

/// Longest time that the exporter waits for the first lookup. The usual timeout of a resolver for one name server is
/// also 5 seconds.
const FIRST_LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// A function that looks up the addresses of a `host:port`.
pub(super) type Resolver = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks up addresses with the resolver of the operating system.
pub(super) fn system_resolver(address: &str) -> io::Result<Vec<SocketAddr>> {
    address.to_socket_addrs().map(Iterator::collect)
}

/// The repeated lookups of one host name. At most one lookup runs at a time, on a separate thread.
pub(super) struct Lookup {
    address: String,
    resolver: Arc<Resolver>,
    state: LookupState,
    backoff: Duration,
    is_first_poll: bool,
}

enum LookupState {
    /// No lookup is running, and the next lookup starts at the contained time.
    Due(Instant),
    /// A thread looks up the host name and then sends a socket that is connected to the address.
    Running(Receiver<io::Result<UdpSocket>>),
}

impl Lookup {
    /// Creates lookups of `address` (`host:port`). The first lookup is due at `now`.
    pub fn new(address: String, resolver: Arc<Resolver>, now: Instant) -> Self {
        Self {
            address,
            resolver,
            state: LookupState::Due(now),
            backoff: MIN_BACKOFF,
            is_first_poll: true,
        }
    }

    /// Starts a lookup if a lookup is due, and returns the result of a lookup that has finished since the
    /// last call. The result is a socket that is connected to the daemon's address.
    ///
    /// The first call waits for the first lookup, because the address of the daemon is required to send
    /// spans. Further calls do not wait for a lookup.
    pub fn poll(&mut self, now: Instant) -> Option<io::Result<UdpSocket>> {
        if matches!(self.state, LookupState::Due(due) if due <= now) {
            self.state = LookupState::Running(self.start_lookup());
        }
        let LookupState::Running(result) = &self.state else {
            return None;
        };
        let timeout = if self.is_first_poll {
            FIRST_LOOKUP_TIMEOUT
        } else {
            Duration::ZERO
        };
        self.is_first_poll = false;
        let result = match result.recv_timeout(timeout) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other(
                "the lookup thread has panicked or cannot be started",
            )),
        };
        let interval = if result.is_ok() {
            self.backoff = MIN_BACKOFF;
            REFRESH_INTERVAL
        } else {
            let backoff = self.backoff;
            self.backoff = (backoff * 2).min(MAX_BACKOFF);
            backoff
        };
        self.state = LookupState::Due(now + interval);
        Some(result)
    }

    fn start_lookup(&self) -> Receiver<io::Result<UdpSocket>> {
        let (sender, result) = mpsc::channel();
        if let Ok(address) = self.address.parse() {
            // An IP address needs no lookup.
            let _ = sender.send(connect_socket(vec![address]));
            return result;
        }
        let (address, resolver) = (self.address.clone(), Arc::clone(&self.resolver));
        let thread = thread::Builder::new().name("xray-lookup".to_owned());
        // If the thread cannot be started, `sender` is dropped and the lookup counts as failed.
        let _ = thread.spawn(move || {
            // Sending fails if the exporter was dropped during the lookup.
            let _ = sender.send(resolver(&address).and_then(connect_socket));
        });
        result
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.address).finish()
    }
}

/// Returns a socket that is connected to the first address for which binding and connecting succeed.
fn connect_socket(mut addresses: Vec<SocketAddr>) -> io::Result<UdpSocket> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    // Connecting a UDP socket succeeds even if no daemon listens. IPv4 addresses are tried first, because
    // `localhost` may resolve to `::1` first and the daemon does not listen on `::1` by default.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    for address in addresses {
        let local_address = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(local_address).and_then(|socket| {
            socket.connect(address)?;
            Ok(socket)
        });
        match socket {
            Ok(socket) => return Ok(socket),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

#[cfg(test)]
mod tests;
