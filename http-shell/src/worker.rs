//! A worker: a thread whose runtime serves the connections that it is handed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{Barrier, OwnedSemaphorePermit, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::idle;

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

/// The sending side of a worker, which ends when this is dropped and its connections are closed.
pub type Worker = mpsc::UnboundedSender<Connection>;

/// Starts a thread that serves `app` and follows `phase`.
///
/// Its runtime lives until all have `drained`: the requests of one may be using a pooled
/// connection that belongs to the runtime of another.
pub fn start<F, T, B>(
    app: F,
    phase: watch::Receiver<Phase>,
    drained: Arc<Barrier>,
) -> io::Result<Worker>
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
    let (connections, received) = mpsc::unbounded_channel();
    std::thread::Builder::new()
        .name("http-worker".to_owned())
        .spawn(move || {
            LocalSet::new().block_on(&runtime, async {
                serve(app(), received, phase).await;
                drained.wait().await;
            });
            // Work on the blocking pool that nobody waits for any more must not hold the end.
            runtime.shutdown_background();
        })?;
    Ok(connections)
}

async fn serve<T, B>(
    app: App<T>,
    mut connections: mpsc::UnboundedReceiver<Connection>,
    mut phase: watch::Receiver<Phase>,
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
        .tcp_nodelay(true)
        .finish(map_config(app, |()| AppConfig::default()))
        .tcp();
    let Ok(http) = http.new_service(()).await else {
        tracing::error!("the routes could not be set up");
        return;
    };
    let mut open = JoinSet::new();
    let serve_all = async {
        loop {
            tokio::select! {
                Some((stream, place)) = connections.recv() => {
                    // One that broke on its way here is no loss: its client has gone.
                    let Ok(stream) = TcpStream::from_std(stream) else { continue };
                    let connection = idle::bounded(KEEP_ALIVE + HEAD_TIME, http.call(stream));
                    open.spawn_local(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, "connection ended early");
                        }
                        drop(place);
                    });
                }
                Some(_) = open.join_next() => {}
                else => return,
            }
        }
    };
    tokio::select! {
        () = serve_all => {}
        _ = phase.wait_for(|phase| *phase == Phase::Cut) => {}
    }
}
