//! Sends documents to the X-Ray daemon: each datagram has a header line and one document.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lookup::{Lookup, Resolver};
use crate::condition::LoggedCondition;

/// The line before each document, as defined by the daemon's protocol.
const DATAGRAM_HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";

/// Largest document in bytes. The payload of a UDP datagram has at most 65,507 bytes.
pub(super) const MAX_DOCUMENT_BYTES: usize = 65_507 - DATAGRAM_HEADER.len();

/// The time without an error after which a daemon on this machine is assumed to have recovered. The kernel
/// reports at most about 1,000 lost datagrams per second.
const LOCAL_RECOVERY_TIME: Duration = Duration::from_millis(100);

/// The time without an error after which a daemon on another machine is assumed to have recovered. The other
/// machine's kernel may report only one lost datagram per second.
const REMOTE_RECOVERY_TIME: Duration = Duration::from_secs(2);

/// Sends documents to one daemon. The IP address for the daemon's host name is looked up every minute.
#[derive(Debug)]
pub(super) struct DaemonSender {
    lookup: Lookup,
    /// The socket that is connected to the address from the last successful lookup.
    socket: Option<UdpSocket>,
    /// The error of the last failed lookup. The error is removed when a lookup succeeds.
    lookup_error: Option<io::Error>,
    /// The condition is active while lookups fail and the sender uses the address from an earlier lookup.
    stale_address: LoggedCondition,
    last_error_at: Option<Instant>,
    /// The header line and the last document. The buffer is reused for each datagram.
    datagram: Vec<u8>,
}

impl DaemonSender {
    /// Creates a sender for the daemon at `address` (`host:port`). The first call of [`send`](Self::send) starts
    /// the first lookup.
    pub fn new(address: String, resolver: Arc<Resolver>, now: Instant) -> Self {
        Self {
            lookup: Lookup::new(address, resolver, now),
            socket: None,
            lookup_error: None,
            stale_address: LoggedCondition::default(),
            last_error_at: None,
            datagram: DATAGRAM_HEADER.to_vec(),
        }
    }

    /// Sends a document.
    ///
    /// # Errors
    ///
    /// Returns an error if the address of the daemon is unknown, or if the kernel reports the loss of an
    /// earlier datagram.
    pub fn send(&mut self, document: &[u8], now: Instant) -> io::Result<()> {
        self.apply_finished_lookup(now);
        self.datagram.truncate(DATAGRAM_HEADER.len());
        self.datagram.extend_from_slice(document);
        let result = self.send_datagram().inspect_err(|error| {
            // `ConnectionRefused` reports the loss of an earlier datagram. The kernel has not sent the new datagram.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = self.send_datagram();
            }
        });
        if result.is_err() {
            self.last_error_at = Some(now);
        }
        result
    }

    /// Whether the daemon is assumed to receive documents, because no error has occurred during the recovery time.
    ///
    /// UDP has no acknowledgements. The kernel does not report every lost datagram, and reports the loss of a datagram
    /// only when the next datagram is sent.
    pub fn is_working(&self, now: Instant) -> bool {
        let peer = self.socket.as_ref().map(UdpSocket::peer_addr);
        let is_local = matches!(peer, Some(Ok(peer)) if peer.ip().is_loopback());
        let recovery_time = if is_local {
            LOCAL_RECOVERY_TIME
        } else {
            REMOTE_RECOVERY_TIME
        };
        self.last_error_at
            .is_none_or(|error_at| now.saturating_duration_since(error_at) >= recovery_time)
    }

    fn send_datagram(&self) -> io::Result<()> {
        match (&self.socket, &self.lookup_error) {
            (Some(socket), _) => socket.send(&self.datagram).map(drop),
            (None, Some(error)) => Err(io::Error::new(error.kind(), error.to_string())),
            (None, None) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the lookup of the daemon's name has not finished yet",
            )),
        }
    }

    /// Replaces the socket after a successful lookup. After a failed lookup, an earlier socket stays in
    /// use.
    fn apply_finished_lookup(&mut self, now: Instant) {
        match self.lookup.poll(now) {
            Some(Ok(socket)) => {
                if self.stale_address.mark_inactive() {
                    tracing::info!("the X-Ray daemon's name can be looked up again");
                }
                self.lookup_error = None;
                self.replace_socket(socket, now);
            }
            Some(Err(error)) if self.socket.is_none() => {
                let text = format!("the daemon's name cannot be looked up: {error}");
                self.lookup_error = Some(io::Error::new(error.kind(), text));
            }
            Some(Err(cause)) if self.stale_address.mark_active() => tracing::warn!(
                %cause,
                "the X-Ray daemon's name cannot be looked up; spans are still sent to its last known address"
            ),
            Some(Err(_)) | None => {}
        }
    }

    fn replace_socket(&mut self, socket: UdpSocket, now: Instant) {
        let peer_address = |socket: &UdpSocket| socket.peer_addr().ok();
        let current_socket = self.socket.as_ref();
        // The current socket stays in use, because the kernel may still report the loss of its last datagram.
        if current_socket.is_some_and(|current| peer_address(current) == peer_address(&socket)) {
            return;
        }
        self.socket = Some(socket);
        // The recovery time restarts, because the kernel reports a loss at the new address only after the second
        // datagram.
        self.last_error_at = self.last_error_at.map(|_| now);
    }
}

#[cfg(test)]
mod tests;
