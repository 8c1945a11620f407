//! A service whose handlers fail in different ways: a handler panics, hangs, or ends its response too
//! early.
//!
//! The tests of this crate run the service as a process, and check the logs, spans and metrics that
//! `http-shell` records for each request.

#![allow(
    clippy::allow_attributes,
    clippy::panic,
    reason = "some handlers panic on purpose"
)]

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::web::{Bytes, ServiceConfig};
use futures_util::stream::{self, Stream, StreamExt};
use http_shell::env::{ConfigError, Environment};
use http_shell::process::{self, ProcessError};
use http_shell::signal::StopSignal;
use http_shell::{ACCESS_TARGET, Readiness, Server, get, post};
use telemetry::ServiceInfo;
use tokio::time::sleep;

const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "faulty service",
    log_targets: &["faulty_service", "http_shell"],
    access_target: ACCESS_TARGET,
};

/// The variable that turns off the spans of requests with the value `off`.
const REQUEST_SPANS: &str = "REQUEST_SPANS";

/// The body size of a large response, which exceeds the buffers of a loopback connection.
const LARGE_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Size of each chunk of a streamed response body.
const CHUNK_BYTES: usize = 64 * 1024;

/// Sleep time of handlers that hang. Every test ends in less than this duration.
const HANG_DURATION: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    process::main(serve)
}

fn serve(env: &Environment) -> Result<(), ProcessError> {
    let config: http_shell::Config = env.read()?;
    let telemetry_config: telemetry::Config = env.read()?;
    // Dropping the guard at the end of this function flushes spans, metrics and log lines.
    let _telemetry_guard = telemetry::init(&telemetry_config, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    process::block_on(async {
        let stop = StopSignal::install()?;
        let port = config.port;
        // The service listens on the loopback address, so that only tests on this machine can reach the
        // service.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|source| ProcessError::Bind { port, source })?;
        let readiness = Readiness::new(async || Ok::<_, io::Error>(()));
        let mut server = Server::new(listener, config, readiness)?;
        if std::env::var_os(REQUEST_SPANS).is_none_or(|switch| switch != "off") {
            server = server.with_request_spans();
        }
        Ok::<_, ProcessError>(server.run(configure_routes, stop.wait()).await?)
    })
}

fn configure_routes(config: &mut ServiceConfig) {
    config
        .service(get("/fine", async || HttpResponse::Ok().body("fine")))
        .service(post("/posted", async || HttpResponse::Ok().body("fine")))
        .service(get("/slow", async || {
            log_handler_start();
            sleep(Duration::from_millis(500)).await;
            HttpResponse::Ok().body("slow")
        }))
        .service(get("/never", async || {
            log_handler_start();
            sleep(HANG_DURATION).await;
            HttpResponse::Ok().finish()
        }))
        .service(get("/blocked", async || {
            log_handler_start();
            // This call blocks the worker's thread, as an incorrect handler could.
            thread::park_timeout(HANG_DURATION);
            HttpResponse::Ok().finish()
        }))
        .service(get("/panic", panic_in_handler))
        .service(get("/panic-later", async || {
            log_handler_start();
            sleep(Duration::from_millis(20)).await;
            panic_in_handler().await
        }))
        .service(get("/panic-when-dropped", async || {
            log_handler_start();
            let _panic_guard = PanicWhenDropped;
            sleep(HANG_DURATION).await;
            HttpResponse::Ok().finish()
        }))
        .service(get("/large", async || {
            HttpResponse::Ok().body(vec![b'x'; LARGE_BODY_BYTES])
        }))
        .service(get("/stream", async || {
            stream_body(
                stream::repeat(())
                    .take(LARGE_BODY_BYTES / CHUNK_BYTES)
                    .map(make_chunk),
            )
        }))
        .service(get("/stream-stops", async || {
            stream_body(stream::iter([()]).map(make_chunk).chain(stream::pending()))
        }))
        .service(get("/stream-fails", async || {
            let failed_chunk = stream::iter([Err(io::Error::other("the source is gone"))]);
            stream_body(stream::iter([()]).map(make_chunk).chain(failed_chunk))
        }))
        .service(get("/stream-panics", async || {
            let panicking_chunk = stream::iter([()]).map(|()| panic!("a bug in the body"));
            stream_body(stream::iter([()]).map(make_chunk).chain(panicking_chunk))
        }));
}

/// Logs that the handler has received a request. Tests wait for this log line.
fn log_handler_start() {
    tracing::info!("begun");
}

async fn panic_in_handler() -> HttpResponse {
    panic!("a bug in the handler")
}

struct PanicWhenDropped;

impl Drop for PanicWhenDropped {
    fn drop(&mut self) {
        panic!("a bug in a destructor")
    }
}

fn make_chunk((): ()) -> io::Result<Bytes> {
    Ok(Bytes::from_static(&[b'x'; CHUNK_BYTES]))
}

fn stream_body(chunks: impl Stream<Item = io::Result<Bytes>> + 'static) -> HttpResponse {
    HttpResponse::Ok().body(SizedStream::new(LARGE_BODY_BYTES as u64, chunks))
}
