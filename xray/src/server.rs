//! The ports: documents by UDP, questions by TCP with the same number, and spans by OTLP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wire::Guard;

use crate::api;
use crate::otlp;
use crate::udp;
use crate::xray::Xray;

/// Largest datagram in bytes that UDP carries.
const MAX_DATAGRAM: usize = 65_535;

/// What is asked for datagrams that wait, in bytes; the kernel may grant less.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// How long a connection may be idle, or take for the head of a request.
const IDLE: Duration = Duration::from_secs(60);

/// How long answers under way may take at the end.
const GRACE: Duration = Duration::from_secs(5);

/// How often documents are put together while nobody asks, so that whoever asks need not wait.
const SETTLE: Duration = Duration::from_secs(1);

/// An X-Ray with its sockets.
#[derive(Debug)]
pub struct Server {
    xray: Arc<Xray>,
    sockets: Sockets,
    guard: Guard,
}

/// Where an X-Ray listens.
#[derive(Debug)]
pub struct Sockets {
    /// Documents, by the daemon's protocol.
    pub udp: UdpSocket,
    /// Questions.
    pub tcp: TcpListener,
    /// Spans of OpenTelemetry.
    pub otlp: TcpListener,
}

impl Server {
    /// An X-Ray that listens there, with a guard before both TCP sockets.
    pub fn new(xray: Arc<Xray>, sockets: Sockets, guard: Guard) -> Self {
        Self {
            xray,
            sockets,
            guard,
        }
    }

    /// Binds both sockets to one address; with port 0, to any one that is free in both.
    ///
    /// # Errors
    ///
    /// When the address is taken or not permitted.
    pub async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
        // What is free for TCP need not be for UDP.
        let mut tries = if address.port() == 0 { 100 } else { 1 };
        loop {
            let tcp = TcpListener::bind(address).await?;
            match UdpSocket::bind(tcp.local_addr()?).await {
                Ok(udp) => {
                    // Refused, bursts of documents may be cut off by the kernel, as they are elsewhere.
                    let _ = set_socket_recv_buffer_size(&udp, RECEIVE_BUFFER);
                    return Ok((udp, tcp));
                }
                Err(error) => {
                    tries -= 1;
                    if tries == 0 {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Takes documents and answers until `stop`; then finishes what it has begun.
    ///
    /// # Errors
    ///
    /// When the listener breaks.
    pub async fn run_until(self, stop: CancellationToken) -> io::Result<()> {
        let Self {
            xray,
            sockets,
            guard,
        } = self;
        let api = guard.protect(sockets.tcp.local_addr()?, api::router(Arc::clone(&xray)));
        let api = serve(sockets.tcp, api, &stop);
        let otlp = guard.protect(sockets.otlp.local_addr()?, otlp::router(Arc::clone(&xray)));
        let otlp = serve(sockets.otlp, otlp, &stop);
        let background = async {
            tokio::select! {
                () = receive(&xray, &sockets.udp) => {}
                () = settle(&xray) => {}
                () = stop.cancelled() => {}
            }
            Ok(())
        };
        tokio::try_join!(api, otlp, background).map(|_| ())
    }
}

async fn serve(listener: TcpListener, router: Router, stop: &CancellationToken) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.into_std()?)?.handle(handle.clone());
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE);
    let until_stopped = async {
        stop.cancelled().await;
        handle.graceful_shutdown(Some(GRACE));
    };
    let (served, ()) = tokio::join!(server.serve(router.into_make_service()), until_stopped);
    served
}

async fn receive(xray: &Xray, udp: &UdpSocket) {
    let mut datagram = vec![0; MAX_DATAGRAM];
    loop {
        // `recv_from` can return an ICMP error of an earlier send. This socket never sends, so errors are ignored.
        let Ok((size, _)) = udp.recv_from(&mut datagram).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let document = udp::document(&datagram[..size]);
        let taken = document.is_some_and(|document| xray.put(document).is_empty());
        if !taken {
            xray.datagrams.drop_one();
        }
    }
}

async fn settle(xray: &Arc<Xray>) {
    let mut ticks = interval(SETTLE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let xray = Arc::clone(xray);
        // A panic there is the same for whoever asks next, who is then told.
        let _ = tokio::task::spawn_blocking(move || xray.store.assemble_changed_traces()).await;
    }
}
