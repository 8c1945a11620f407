//! The sockets of the local X-Ray. Documents arrive by UDP, and API requests arrive by TCP on the same port.
//! OTLP spans arrive by TCP on another port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wire::{Guard, Timeouts, Warn, serve};

use crate::api;
use crate::otlp;
use crate::udp;
use crate::xray::Xray;

/// Maximum size of a UDP datagram in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_535;

/// Requested size of the UDP socket's receive buffer. The kernel may choose a smaller size than the requested
/// size.
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// The time limits of both HTTP ports.
const TIMEOUTS: Timeouts = Timeouts {
    idle: Duration::from_secs(60),
    grace: Duration::from_secs(5),
};

/// Interval at which changed traces are assembled in the background. The background assembly makes queries
/// faster, because a query assembles only the traces that changed after the last background assembly.
const ASSEMBLY_INTERVAL: Duration = Duration::from_secs(1);

/// A local X-Ray and the sockets of the server.
#[derive(Debug)]
pub struct Server {
    xray: Arc<Xray>,
    sockets: Sockets,
    guard: Guard,
}

/// The bound sockets of a server.
#[derive(Debug)]
pub struct Sockets {
    /// The UDP socket receives documents in the protocol of the X-Ray daemon.
    pub udp: UdpSocket,
    /// The TCP socket serves the API of X-Ray.
    pub tcp: TcpListener,
    /// The second TCP socket receives OpenTelemetry spans by OTLP over HTTP.
    pub otlp: TcpListener,
}

impl Server {
    /// Creates a server. `guard` checks the headers `Host` and `Origin` of the requests to the API socket and
    /// to the OTLP socket.
    pub fn new(xray: Arc<Xray>, sockets: Sockets, guard: Guard) -> Self {
        Self {
            xray,
            sockets,
            guard,
        }
    }

    /// Binds a UDP socket and a TCP socket to the same address. Port 0 means any port that is free for both
    /// protocols.
    ///
    /// # Errors
    ///
    /// Fails if the address is in use or not permitted.
    pub async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
        // A port that is free for TCP may be in use for UDP.
        let mut attempts_left = if address.port() == 0 { 100 } else { 1 };
        loop {
            let tcp = TcpListener::bind(address).await?;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Ok(udp) => {
                    // If the size cannot be set, the receive buffer keeps its default size, and the kernel
                    // may drop datagrams of a burst.
                    let _ = set_socket_recv_buffer_size(&udp, RECEIVE_BUFFER_BYTES);
                    return Ok((udp, tcp));
                }
                Err(error) => {
                    attempts_left -= 1;
                    if attempts_left == 0 {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Runs the server until `shutdown` is cancelled, and then finishes running requests. Calls `warn` if
    /// connections cannot be accepted.
    ///
    /// # Errors
    ///
    /// Fails if a listener has no address.
    pub async fn run_until(self, shutdown: CancellationToken, warn: Warn) -> io::Result<()> {
        let Self {
            xray,
            sockets,
            guard,
        } = self;
        let api = guard.protect(sockets.tcp.local_addr()?, api::router(Arc::clone(&xray)));
        let api = serve(
            sockets.tcp,
            api,
            shutdown.clone(),
            TIMEOUTS,
            Arc::clone(&warn),
        );
        let otlp = guard.protect(sockets.otlp.local_addr()?, otlp::router(Arc::clone(&xray)));
        let otlp = serve(sockets.otlp, otlp, shutdown.clone(), TIMEOUTS, warn);
        let background = async {
            tokio::select! {
                () = receive_documents(&xray, &sockets.udp) => {}
                () = assemble_periodically(&xray) => {}
                () = shutdown.cancelled() => {}
            }
        };
        tokio::join!(api, otlp, background);
        Ok(())
    }
}

async fn receive_documents(xray: &Xray, socket: &UdpSocket) {
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        // A receive error affects at most one datagram, because the UDP socket never sends datagrams. The
        // receive loop therefore continues after every error.
        let Ok((size, _)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let document = udp::parse_datagram(&buffer[..size]);
        let is_stored = document.is_some_and(|document| xray.put_document(document).is_empty());
        if !is_stored {
            xray.dropped_datagrams.increment();
        }
    }
}

async fn assemble_periodically(xray: &Arc<Xray>) {
    let mut ticks = interval(ASSEMBLY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let xray = Arc::clone(xray);
        // The background task ignores a panic of the assembly. The next query assembles the same traces,
        // panics again and reports the panic to the client.
        let _ = tokio::task::spawn_blocking(move || xray.store.assemble_changed_traces()).await;
    }
}
