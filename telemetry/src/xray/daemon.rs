//! The daemon's protocol: one line of header, one document, one datagram.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

/// The line that precedes each document.
const HEADER: &[u8] = b"{\"format\": \"json\", \"version\": 1}\n";

/// Largest document in bytes that fits into a datagram behind the header.
pub(super) const MAX_DOCUMENT: usize = 65_507 - HEADER.len();

/// How long an address is used before the name is looked up again.
const LOOKED_UP: Duration = Duration::from_secs(60);

/// The way to the daemon. To be used by a thread that may wait: names are looked up here.
#[derive(Debug)]
pub(super) struct Daemon {
    address: String,
    socket: Option<(UdpSocket, Instant)>,
    datagram: Vec<u8>,
}

impl Daemon {
    pub fn new(address: String) -> Self {
        Self {
            address,
            socket: None,
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
    /// When the daemon's name leads nowhere, or nobody listened there a moment ago.
    pub fn send(&mut self) -> io::Result<()> {
        self.send_datagram().inspect_err(|error| {
            // The news is of an earlier datagram; this one has not even been tried.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = self.send_datagram();
            }
        })
    }

    fn send_datagram(&mut self) -> io::Result<()> {
        let fresh = self
            .socket
            .take_if(|(_, since)| since.elapsed() < LOOKED_UP);
        let (socket, since) = match fresh {
            Some(open) => open,
            None => (connect(&self.address)?, Instant::now()),
        };
        let sent = socket.send(&self.datagram);
        self.socket = Some((socket, since));
        sent.map(drop)
    }
}

fn connect(address: &str) -> io::Result<UdpSocket> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut addresses: Vec<_> = address.to_socket_addrs()?.collect();
    // UDP does not tell whether anybody listens, and `localhost` may mean `::1` first, where the
    // daemon does not unless it is told to.
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
mod tests {
    use super::*;
    use std::time::Duration;

    fn send(daemon: &mut Daemon, document: &[u8]) -> io::Result<()> {
        daemon.datagram().extend_from_slice(document);
        daemon.send()
    }

    fn received(socket: &UdpSocket) -> String {
        let mut datagram = [0; 70_000];
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let bytes = socket.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..bytes].to_vec()).unwrap()
    }

    #[test]
    fn each_document_is_a_datagram_behind_its_header() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        // A name, so that the look-up is tried too.
        let port = listener.local_addr().unwrap().port();
        let mut daemon = Daemon::new(format!("localhost:{port}"));
        for document in ["{\"a\":1}", "{}"] {
            send(&mut daemon, document.as_bytes()).unwrap();
            let expected = format!("{{\"format\": \"json\", \"version\": 1}}\n{document}");
            assert_eq!(received(&listener), expected);
        }
        let largest = "x".repeat(MAX_DOCUMENT);
        send(&mut daemon, largest.as_bytes()).unwrap();
        assert!(received(&listener).ends_with(&largest));
    }

    #[test]
    fn a_daemon_that_starts_later_gets_the_next_document() {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut daemon = Daemon::new(address.to_string());
        let refused = (0..10).any(|_| send(&mut daemon, b"{}").is_err());
        assert!(refused, "nobody listens there");
        let listener = UdpSocket::bind(address).unwrap();
        let _ = send(&mut daemon, b"{\"b\":2}");
        assert!(received(&listener).ends_with("{\"b\":2}"));
    }

    #[test]
    fn a_name_that_leads_nowhere_is_an_error_and_no_panic() {
        let mut daemon = Daemon::new("no-such-host.invalid:2000".to_owned());
        assert!(send(&mut daemon, b"{}").is_err());
    }
}
