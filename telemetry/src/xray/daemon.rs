//! The daemon's protocol: one line of header, one document, one datagram.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lookup::{Lookup, Resolver};
use crate::condition::LoggedCondition;

/// The line that precedes each document.
const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";

/// Largest document in bytes that fits into a datagram behind the header.
pub(super) const MAX_DOCUMENT: usize = 65_507 - HEADER.len();

/// Time without a failure after which a daemon on this machine has recovered. The system reports
/// each datagram that nobody received, but no more than about 1,000 in a second.
const LOCAL_RECOVERY: Duration = Duration::from_millis(100);

/// The same for a daemon on another machine, whose system reports one lost datagram in a second.
const REMOTE_RECOVERY: Duration = Duration::from_secs(2);

/// The way to the daemon.
#[derive(Debug)]
pub(super) struct Daemon {
    lookup: Lookup,
    /// Connected to the address that the last successful lookup found.
    socket: Option<UdpSocket>,
    /// Why there is no socket yet.
    lookup_error: Option<io::Error>,
    /// Lookups fail while the socket of an earlier one is used.
    stale: LoggedCondition,
    failed: Option<Instant>,
    datagram: Vec<u8>,
}

impl Daemon {
    /// The way to the daemon at `address`, which is `host:port`. Nothing is looked up or sent yet.
    pub fn new(address: String, resolver: Arc<Resolver>, now: Instant) -> Self {
        Self {
            lookup: Lookup::new(address, resolver, now),
            socket: None,
            lookup_error: None,
            stale: LoggedCondition::default(),
            failed: None,
            datagram: HEADER.to_vec(),
        }
    }

    /// The next datagram, so far with its header alone.
    pub fn datagram(&mut self) -> &mut Vec<u8> {
        self.datagram.truncate(HEADER.len());
        &mut self.datagram
    }

    /// Sends the datagram with the document that was written into it.
    ///
    /// # Errors
    ///
    /// When the daemon's address is not known yet, or nobody listened there a moment ago.
    pub fn send(&mut self, now: Instant) -> io::Result<()> {
        self.follow_lookup(now);
        let sent = self.send_datagram().inspect_err(|error| {
            // This error is about an earlier datagram. This one was not sent yet.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = self.send_datagram();
            }
        });
        if sent.is_err() {
            self.failed = Some(now);
        }
        sent
    }

    /// Whether the daemon receives what is sent: no datagram was reported lost for long enough.
    ///
    /// UDP has no acknowledgement, and a lost datagram is reported by the next one, if at all.
    pub fn is_working(&self, now: Instant) -> bool {
        let peer = self.socket.as_ref().map(UdpSocket::peer_addr);
        let is_local = matches!(peer, Some(Ok(peer)) if peer.ip().is_loopback());
        let recovery = if is_local {
            LOCAL_RECOVERY
        } else {
            REMOTE_RECOVERY
        };
        self.failed
            .is_none_or(|failed| now.saturating_duration_since(failed) >= recovery)
    }

    fn send_datagram(&self) -> io::Result<()> {
        match (&self.socket, &self.lookup_error) {
            (Some(socket), _) => socket.send(&self.datagram).map(drop),
            (None, Some(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            (None, None) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the daemon's name is still being looked up",
            )),
        }
    }

    fn use_socket(&mut self, socket: UdpSocket, now: Instant) {
        let peer = |socket: &UdpSocket| socket.peer_addr().ok();
        // The old socket still has the report of the last datagram that nobody received.
        if self
            .socket
            .as_ref()
            .is_some_and(|old| peer(old) == peer(&socket))
        {
            return;
        }
        self.socket = Some(socket);
        // Whether the new address works shows with the second datagram.
        self.failed = self.failed.map(|_| now);
    }

    /// Takes the socket of a finished lookup. An earlier socket stays in use if the lookup failed.
    fn follow_lookup(&mut self, now: Instant) {
        match self.lookup.poll(now) {
            Some(Ok(socket)) => {
                if self.stale.mark_inactive() {
                    tracing::info!("the X-Ray daemon's name can be looked up again");
                }
                self.lookup_error = None;
                self.use_socket(socket, now);
            }
            Some(Err(error)) if self.socket.is_none() => {
                let text = format!("the daemon's name cannot be looked up: {error}");
                self.lookup_error = Some(io::Error::new(error.kind(), text));
            }
            Some(Err(cause)) if self.stale.mark_active() => tracing::warn!(
                %cause,
                "the X-Ray daemon's name cannot be looked up; spans still go to its last known address"
            ),
            Some(Err(_)) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;
