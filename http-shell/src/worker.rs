//! A worker: a thread whose runtime serves the connections that it is handed.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{self, Stream};
use crate::drain::Lifecycle;

/// How long an idle connection is kept: longer than the 60 s of an ALB, so that it is always the
/// load balancer that closes first and no request meets a closing connection.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take for the head of its first request; for a later one it has what is left
/// of the keep-alive besides.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a client may go on sending after it has been answered early.
const LINGER: Duration = Duration::from_secs(1);

/// How far the server is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are kept.
    Serving,
    /// Idle connections are closed, others after the request under way.
    Closing,
    /// All are closed, whatever is under way.
    Cut,
}

/// A connection and its place among those that the server may have open.
pub type Connection = (std::net::TcpStream, OwnedSemaphorePermit);

/// Tells the server that a worker has dropped all of its requests, even if it does so by a panic.
struct Finished(mpsc::UnboundedSender<()>);

impl Drop for Finished {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Starts a thread that serves `connections` with `app` until their sending side is dropped and they
/// are closed. It follows `phase`, and sends to `finished` when it has no request left.
///
/// Its runtime lives on until the other end of `phase` is dropped: the requests of another worker may
/// be using a pooled connection that belongs to this runtime.
pub fn start<F, T, B>(
    app: F,
    connections: mpsc::UnboundedReceiver<Connection>,
    mut phase: watch::Receiver<Phase>,
    lifecycle: Lifecycle,
    finished: mpsc::UnboundedSender<()>,
) -> io::Result<JoinHandle<()>>
where
    F: Fn() -> App<T> + Send + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: actix_web::body::MessageBody + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("http-worker".to_owned())
        .spawn(move || {
            let finished = Finished(finished);
            let serve = serve(app(), connections, phase.clone(), lifecycle);
            LocalSet::new().block_on(&runtime, serve);
            drop(finished);
            let _ = runtime.block_on(phase.wait_for(|_| false));
            // Work on the blocking pool that nobody waits for any more must not hold the end.
            runtime.shutdown_background();
        })
}

async fn serve<T, B>(
    app: App<T>,
    mut connections: mpsc::UnboundedReceiver<Connection>,
    mut phase: watch::Receiver<Phase>,
    lifecycle: Lifecycle,
) where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: actix_web::body::MessageBody + 'static,
{
    let closing = phase.clone();
    let app = app
        .into_factory()
        .map_err(|error: actix_web::Error| error.error_response());
    let http = HttpService::build()
        .graceful_shutdown_signal(move || {
            let mut closing = closing.clone();
            async move {
                let _ = closing.wait_for(|phase| *phase >= Phase::Closing).await;
            }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .client_disconnect_timeout(LINGER)
        .on_connect_ext(Stream::share)
        .h1(map_config(app, |()| AppConfig::default()));
    let Ok(http) = http.new_service(()).await else {
        tracing::error!("the routes could not be set up");
        return;
    };
    let http = Rc::new(http);
    let mut open = JoinSet::new();
    let serve_all = async {
        loop {
            tokio::select! {
                Some((stream, place)) = connections.recv() => {
                    let http = Rc::clone(&http);
                    open.spawn_local(async move {
                        if let Err(error) = serve_one(&*http, stream).await {
                            tracing::debug!(%error, "connection ended early");
                        }
                        drop(place);
                    });
                }
                // A connection that panicked is closed. The panic hook has logged it, and its request
                // has been recorded when it was dropped.
                Some(_) = open.join_next() => {}
                else => return,
            }
        }
    };
    let is_cut = tokio::select! {
        () = serve_all => false,
        // An error says that the server itself was dropped.
        _ = phase.wait_for(|phase| *phase == Phase::Cut) => true,
    };
    if is_cut {
        lifecycle.cut();
        open.shutdown().await;
    }
}

async fn serve_one<S>(http: &S, stream: std::net::TcpStream) -> Result<(), DispatchError>
where
    S: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    connection::serve(http, stream, KEEP_ALIVE + HEAD_TIME).await
}
