//! A service whose handlers fail in every way that a handler can. It is only for the tests beside it,
//! which run it as a process of its own and look at what the shell records.

#![allow(
    clippy::allow_attributes,
    clippy::panic,
    reason = "panics are what it is for"
)]

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::web::{Bytes, ServiceConfig};
use futures_util::stream::{self, Stream, StreamExt};
use http_shell::env::{ConfigError, Environment};
use http_shell::process::{self, Failure};
use http_shell::{ACCESS_TARGET, Server, get, post, signal};
use telemetry::ServiceInfo;
use tokio::time::sleep;

const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "faulty service",
    log_targets: &["faulty_service", "http_shell"],
    access_target: ACCESS_TARGET,
};

/// More than the buffers of a connection on one machine hold.
const LARGE: usize = 32 * 1024 * 1024;

/// What a stream gives at once.
const CHUNK: usize = 64 * 1024;

/// Longer than any test waits.
const VERY_LONG: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    process::main(serve)
}

fn serve(env: &Environment) -> Result<(), Failure> {
    let config: http_shell::Config = env.read()?;
    let telemetry_config: telemetry::Config = env.read()?;
    let _flushed_at_the_end = telemetry::init(&telemetry_config, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    process::block_on(async {
        let run = async {
            let stop = signal::stop_requested()?;
            let listener = std::net::TcpListener::bind(("127.0.0.1", config.port))?;
            let server = Server {
                listener,
                config,
                readiness: Arc::new(|| Box::pin(async { Ok(()) })),
            };
            server.run(routes, stop).await
        };
        run.await
            .map_err(|error: io::Error| Failure::Run(Box::new(error)))
    })
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(get("/fine", async || HttpResponse::Ok().body("fine")))
        .service(post("/posted", async || HttpResponse::Ok().body("fine")))
        .service(get("/slow", async || {
            begun();
            sleep(Duration::from_millis(500)).await;
            HttpResponse::Ok().body("slow")
        }))
        .service(get("/never", async || {
            begun();
            sleep(VERY_LONG).await;
            HttpResponse::Ok().finish()
        }))
        .service(get("/blocked", async || {
            begun();
            // What a handler must not do: nothing else on this worker goes on.
            thread::park_timeout(VERY_LONG);
            HttpResponse::Ok().finish()
        }))
        .service(get("/panic", panic_at_once))
        .service(get("/panic-later", async || {
            begun();
            sleep(Duration::from_millis(20)).await;
            panic_at_once().await
        }))
        .service(get("/panic-when-dropped", async || {
            begun();
            let _panics = PanicWhenDropped;
            sleep(VERY_LONG).await;
            HttpResponse::Ok().finish()
        }))
        .service(get("/large", async || {
            HttpResponse::Ok().body(vec![b'x'; LARGE])
        }))
        .service(get("/stream", async || {
            streamed(stream::repeat(()).take(LARGE / CHUNK).map(chunk))
        }))
        .service(get("/stream-stops", async || {
            streamed(stream::iter([()]).map(chunk).chain(stream::pending()))
        }))
        .service(get("/stream-fails", async || {
            let error = stream::iter([Err(io::Error::other("the source is gone"))]);
            streamed(stream::iter([()]).map(chunk).chain(error))
        }))
        .service(get("/stream-panics", async || {
            let bug = stream::iter([()]).map(|()| panic!("a bug in the body"));
            streamed(stream::iter([()]).map(chunk).chain(bug))
        }));
}

/// Tells the tests that a request has reached its handler.
fn begun() {
    tracing::info!("begun");
}

async fn panic_at_once() -> HttpResponse {
    panic!("a bug in the handler")
}

struct PanicWhenDropped;

impl Drop for PanicWhenDropped {
    fn drop(&mut self) {
        panic!("a bug in a destructor")
    }
}

fn chunk((): ()) -> io::Result<Bytes> {
    Ok(Bytes::from_static(&[b'x'; CHUNK]))
}

fn streamed(chunks: impl Stream<Item = io::Result<Bytes>> + 'static) -> HttpResponse {
    HttpResponse::Ok().body(SizedStream::new(LARGE as u64, chunks))
}
