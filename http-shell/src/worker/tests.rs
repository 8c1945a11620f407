//! Tests of the time limits of connections with tokio's paused clock. While all tasks wait, tokio advances
//! the paused clock to the next timer. A test pauses the clock only after its requests and responses.

use std::io;
use std::ops::RangeInclusive;

use actix_web::HttpResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, advance, pause, resume};

use super::*;
use crate::health::Readiness;
use crate::methods::get;
use crate::observe::tests::{TestTelemetry, attribute_text};
use crate::open_connections::OpenConnections;

/// A body size that exceeds the buffers of a loopback connection.
const LARGE_BODY_BYTES: usize = 32 * 1024 * 1024;

/// A connection that a worker serves in this thread.
struct TestConnection {
    client: TcpStream,
    /// The limit of one connection.
    connections: OpenConnections,
    telemetry: TestTelemetry,
    /// The task that runs the worker. The task ends when the connection is closed.
    worker: JoinHandle<()>,
}

impl TestConnection {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (sender, connections) = mpsc::unbounded_channel();
        let mut open_connections = OpenConnections::new(1);
        let open = open_connections.try_add().unwrap();
        let stream = stream.into_std().unwrap();
        assert!(sender.send(AcceptedConnection { stream, open }).is_ok());
        let telemetry = TestTelemetry::new();
        let lifecycle = Lifecycle::default();
        let app = AppBuilder::new(
            lifecycle.clone(),
            Readiness::new(async || Ok::<_, io::Error>(())),
            telemetry.observer(),
            |config: &mut ServiceConfig| {
                config.service(get("/large", async || {
                    HttpResponse::Ok().body(vec![b'x'; LARGE_BODY_BYTES])
                }));
            },
        );
        let worker = spawn_local(async move {
            let (_phase, phase_receiver) = watch::channel(Phase::Serving);
            serve_connections(&app, connections, phase_receiver, lifecycle).await;
        });
        Self {
            client,
            connections: open_connections,
            telemetry,
            worker,
        }
    }

    async fn send_request(&mut self, path: &str) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        self.client.write_all(head.as_bytes()).await.unwrap();
    }

    /// Reads the response to `GET /health/live`.
    async fn read_live_response(&mut self) {
        let mut response = Vec::new();
        while !response.ends_with(b"}") {
            response.push(self.client.read_u8().await.unwrap());
        }
        assert!(response.starts_with(b"HTTP/1.1 200"));
    }

    /// Pauses the clock, and asserts that the worker closes the connection after `seconds`.
    async fn assert_closed_after(&mut self, seconds: RangeInclusive<u64>) {
        pause();
        let start = Instant::now();
        (&mut self.worker).await.unwrap();
        let elapsed = start.elapsed();
        assert!(seconds.contains(&elapsed.as_secs()), "{elapsed:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_75_s_after_the_last_response() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.send_request("/health/live").await;
        connection.read_live_response().await;
        connection.assert_closed_after(74..=76).await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_after_75_s() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.assert_closed_after(74..=76).await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_first_request_70_s_after_the_connection_was_opened_is_answered() {
    let test = async {
        let mut connection = TestConnection::open().await;
        pause();
        advance(Duration::from_secs(70)).await;
        resume();
        connection.send_request("/health/live").await;
        connection.read_live_response().await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_connection_with_an_incomplete_first_request_head_is_closed_after_5_s() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.client.write_all(b"GET / HT").await.unwrap();
        connection.assert_closed_after(4..=7).await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_connection_with_an_incomplete_second_request_head_is_closed_after_80_to_100_s() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.send_request("/health/live").await;
        connection.read_live_response().await;
        connection.client.write_all(b"GET / HT").await.unwrap();
        connection.assert_closed_after(80..=100).await;
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_response_is_disconnected_and_recorded_as_stalled() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.send_request("/large").await;
        assert_eq!(connection.client.read_u8().await.unwrap(), b'H');
        connection.assert_closed_after(79..=100).await;
        let span = connection.telemetry.only_span();
        let error_type = attribute_text(&span, "error.type");
        assert_eq!(error_type.as_deref(), Some("client_stalled"));
        let status = attribute_text(&span, "http.response.status_code");
        assert_eq!(status.as_deref(), Some("200"));
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn at_the_limit_a_connection_is_closed_after_its_response_and_not_before() {
    let test = async {
        let mut connection = TestConnection::open().await;
        connection.send_request("/large").await;
        assert_eq!(connection.client.read_u8().await.unwrap(), b'H');
        // The response is not sent completely, so this client waits.
        let add = timeout(Duration::from_millis(100), connection.connections.add());
        assert!(add.await.is_err());
        let mut rest = Vec::new();
        let read = connection.client.read_to_end(&mut rest);
        let (read, added) = tokio::join!(read, connection.connections.add());
        assert!(read.unwrap() > LARGE_BODY_BYTES);
        drop(added);
        (&mut connection.worker).await.unwrap();
        let span = connection.telemetry.only_span();
        assert_eq!(attribute_text(&span, "error.type"), None);
    };
    LocalSet::new().run_until(test).await;
}
