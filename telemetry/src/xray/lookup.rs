//! Finds the daemon by its name, now and again, without holding up the exporter.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Time between a lookup that succeeded and the next one.
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);

/// Time between a lookup that failed and the next one. It doubles with each failure in a row.
const MIN_BACKOFF: Duration = Duration::from_secs(1);

/// Longest time between a lookup that failed and the next one.
const MAX_BACKOFF: Duration = REFRESH_INTERVAL;

/// Longest wait for the very first lookup: a resolver's usual wait for one server.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// Finds the addresses of `host:port`.
pub(super) type Resolver = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// The resolver of the operating system.
pub(super) fn system_resolver(address: &str) -> io::Result<Vec<SocketAddr>> {
    address.to_socket_addrs().map(Iterator::collect)
}

/// The lookups of one name: one at a time, each on a thread of its own.
pub(super) struct Lookup {
    address: String,
    resolver: Arc<Resolver>,
    state: State,
    backoff: Duration,
    is_first: bool,
}

enum State {
    /// The next lookup starts then.
    Due(Instant),
    /// A thread looks the name up and sends a socket that is connected to what it found.
    Running(Receiver<io::Result<UdpSocket>>),
}

impl Lookup {
    /// Lookups of `address`, which is `host:port`. The first one starts at `now`.
    pub fn new(address: String, resolver: Arc<Resolver>, now: Instant) -> Self {
        Self {
            address,
            resolver,
            state: State::Due(now),
            backoff: MIN_BACKOFF,
            is_first: true,
        }
    }

    /// What a lookup has come to since the last call: a socket that is connected to the daemon's
    /// address, or why there is none. Starts the next lookup when it is due.
    ///
    /// Waits for the very first lookup, because nothing can be sent before, and for no other.
    pub fn poll(&mut self, now: Instant) -> Option<io::Result<UdpSocket>> {
        if matches!(self.state, State::Due(due) if due <= now) {
            self.state = State::Running(self.start());
        }
        let State::Running(answer) = &self.state else {
            return None;
        };
        let wait = if self.is_first {
            FIRST_WAIT
        } else {
            Duration::ZERO
        };
        self.is_first = false;
        let found = match answer.recv_timeout(wait) {
            Ok(found) => found,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the lookup was given up")),
        };
        let next = if found.is_ok() {
            self.backoff = MIN_BACKOFF;
            REFRESH_INTERVAL
        } else {
            let backoff = self.backoff;
            self.backoff = (backoff * 2).min(MAX_BACKOFF);
            backoff
        };
        self.state = State::Due(now + next);
        Some(found)
    }

    fn start(&self) -> Receiver<io::Result<UdpSocket>> {
        let (sender, answer) = mpsc::channel();
        if let Ok(address) = self.address.parse() {
            // An address needs no thread.
            let _ = sender.send(connect(vec![address]));
            return answer;
        }
        let (address, resolver) = (self.address.clone(), Arc::clone(&self.resolver));
        let thread = thread::Builder::new().name("xray-lookup".to_owned());
        // Without a thread, the sender is dropped and the lookup counts as failed.
        let _ = thread.spawn(move || {
            // The exporter may have ended meanwhile.
            let _ = sender.send(resolver(&address).and_then(connect));
        });
        answer
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lookup").field(&self.address).finish()
    }
}

fn connect(mut addresses: Vec<SocketAddr>) -> io::Result<UdpSocket> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    // UDP does not tell whether anybody listens, and `localhost` may mean `::1` first, where the
    // daemon does not listen by default.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    for address in addresses {
        let any = match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        };
        let socket = UdpSocket::bind(any).and_then(|socket| {
            socket.connect(address)?;
            Ok(socket)
        });
        match socket {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests;
