//! The image `x-ray-daemon`: passes on to the local X-Ray what the X-Ray daemon sends to AWS.
//!
//! Datagrams with documents go to X-Ray's UDP port as they are. Requests to the TCP port go to X-Ray's API; the AWS SDKs ask
//! for sampling rules there. Requests to the port of OTLP, which the collector in the template has, go to X-Ray's. Source: the developer guide of X-Ray, "AWS X-Ray daemon", and `pkg/proxy/server.go` of
//! `aws/aws-xray-daemon`, which forwards requests to all paths.
//!
//! The daemon's buffers, its batches and its own telemetry are not here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use wire::{Timeouts, Warn, remove_headers_of_one_hop, serve, set_address};

/// Maximum size of a UDP datagram in bytes.
const MAX_DATAGRAM_BYTES: usize = 65_535;

const TIMEOUTS: Timeouts = Timeouts {
    idle: Duration::from_secs(60),
    grace: Duration::from_secs(5),
};

/// How long an idle connection to X-Ray is kept: shorter than X-Ray keeps it, so that no request meets a connection that
/// is being closed.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Relays datagrams to the UDP socket at `xray`, and the requests of each listener to the server at its address, until `stop`
/// is cancelled. Calls `warn` if connections cannot be accepted.
///
/// # Errors
///
/// When no socket for the datagrams to X-Ray can be opened.
pub async fn run(
    udp: UdpSocket,
    xray: SocketAddr,
    listeners: Vec<(TcpListener, SocketAddr)>,
    stop: CancellationToken,
    warn: Warn,
) -> io::Result<()> {
    let to_xray = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    to_xray.connect(xray).await?;
    let mut servers = JoinSet::new();
    for (listener, to) in listeners {
        let warn = Arc::clone(&warn);
        servers.spawn(serve(listener, proxy(to), stop.clone(), TIMEOUTS, warn));
    }
    stop.run_until_cancelled(relay_datagrams(&udp, &to_xray))
        .await;
    servers.join_all().await;
    Ok(())
}

async fn relay_datagrams(from: &UdpSocket, to: &UdpSocket) {
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    loop {
        match from.recv(&mut buffer).await {
            // An error reports that nobody received an earlier datagram: that one is lost, as it is with the daemon's UDP.
            Ok(size) => drop(to.send(&buffer[..size]).await),
            // An error of a socket that does not send concerns one datagram.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Forwards all requests to the server at `to`.
fn proxy(to: SocketAddr) -> Router {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .build_http();
    Router::new().fallback(async move |mut request: Request| -> Response {
        remove_headers_of_one_hop(request.headers_mut());
        // The client writes the host of the new address. `Origin` stays: X-Ray refuses pages of other origins.
        request.headers_mut().remove(HOST);
        set_address(&mut request, to);
        match client.request(request).await {
            Ok(mut response) => {
                remove_headers_of_one_hop(response.headers_mut());
                response.map(Body::new)
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::header::ORIGIN;
    use tokio::task::JoinHandle;

    use super::*;

    /// A relay to a local X-Ray, and a client.
    struct Relay {
        address: SocketAddr,
        stop: CancellationToken,
        running: JoinHandle<io::Result<()>>,
        xray_udp: UdpSocket,
        client: Client<HttpConnector, Body>,
    }

    impl Relay {
        /// Starts a relay to an HTTP server with the routes of `api`, and a UDP socket on its port.
        async fn start(api: Router) -> Self {
            let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let (xray_udp, xray_tcp) = xray::Server::bind(loopback).await.unwrap();
            let xray = xray_tcp.local_addr().unwrap();
            let (udp, tcp) = xray::Server::bind(loopback).await.unwrap();
            let address = udp.local_addr().unwrap();
            let stop = CancellationToken::new();
            let warn: Warn = Arc::new(|_| {});
            let api = serve(xray_tcp, api, stop.clone(), TIMEOUTS, Arc::clone(&warn));
            tokio::spawn(api);
            Self {
                address,
                running: tokio::spawn(run(udp, xray, vec![(tcp, xray)], stop.clone(), warn)),
                stop,
                xray_udp,
                client: Client::builder(TokioExecutor::new()).build_http(),
            }
        }

        async fn post(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
            let mut request = Request::post(format!("http://{}{path}", self.address));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body("{}".into()).unwrap();
            let response = self.client.request(request).await.unwrap();
            let status = response.status();
            let body = Body::new(response.into_body());
            let body = to_bytes(body, usize::MAX).await.unwrap();
            (status, String::from_utf8_lossy(&body).into_owned())
        }
    }

    #[tokio::test]
    async fn a_datagram_reaches_xray_as_it_is() {
        let relay = Relay::start(Router::new()).await;
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let largest = vec![b'x'; 65_507];
        for datagram in [
            b"{\"format\": \"json\", \"version\": 1}\n{}".as_slice(),
            &largest,
        ] {
            sender.send_to(datagram, relay.address).await.unwrap();
            let mut received = vec![0; MAX_DATAGRAM_BYTES];
            let size = relay.xray_udp.recv(&mut received).await.unwrap();
            assert!(received[..size] == *datagram);
        }
    }

    #[tokio::test]
    async fn datagrams_are_relayed_again_after_nobody_received_them() {
        let mut relay = Relay::start(Router::new()).await;
        let xray = relay.xray_udp.local_addr().unwrap();
        drop(relay.xray_udp);
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        for _ in 0..3 {
            sender.send_to(b"lost", relay.address).await.unwrap();
        }
        relay.xray_udp = UdpSocket::bind(xray).await.unwrap();
        // The report about a lost datagram can be that of the next one.
        let mut received = [0; 4];
        let repeated = async {
            loop {
                sender.send_to(b"here", relay.address).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            size = relay.xray_udp.recv(&mut received) => assert_eq!(size.unwrap(), 4),
            () = repeated => {}
        }
    }

    #[tokio::test]
    async fn a_request_reaches_xrays_api_with_xrays_address_as_its_host() {
        let echo = async |request: Request| {
            let host = request.headers()[HOST].to_str().unwrap().to_owned();
            let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
            format!("{host} {}", String::from_utf8_lossy(&body))
        };
        let relay =
            Relay::start(Router::new().route("/GetSamplingRules", axum::routing::post(echo))).await;
        let answer = relay.post("/GetSamplingRules", &[]).await;
        let xray = relay.xray_udp.local_addr().unwrap();
        assert_eq!(answer, (StatusCode::OK, format!("{xray} {{}}")));
        assert_eq!(relay.post("/other", &[]).await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn the_origin_of_a_web_page_stays_for_xrays_guard() {
        let origin =
            async |request: Request| request.headers()[ORIGIN].to_str().unwrap().to_owned();
        let relay = Relay::start(Router::new().fallback(origin)).await;
        let (_, body) = relay.post("/", &[("origin", "http://example.com")]).await;
        assert_eq!(body, "http://example.com");
    }

    #[tokio::test]
    async fn without_xray_a_request_is_answered_with_502() {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let nobody = TcpListener::bind(loopback)
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let listener = TcpListener::bind(loopback).await.unwrap();
        let address = listener.local_addr().unwrap();
        let warn: Warn = Arc::new(|_| {});
        tokio::spawn(serve(
            listener,
            proxy(nobody),
            CancellationToken::new(),
            TIMEOUTS,
            warn,
        ));
        let client: Client<HttpConnector, Body> =
            Client::builder(TokioExecutor::new()).build_http();
        let uri = format!("http://{address}/SamplingTargets").parse().unwrap();
        let response = client.get(uri).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    }

    #[tokio::test]
    async fn the_relay_ends_when_it_is_stopped() {
        let relay = Relay::start(Router::new()).await;
        relay.stop.cancel();
        relay.running.await.unwrap().unwrap();
    }
}
