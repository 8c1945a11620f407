//! A worker: a thread whose runtime serves the connections that the server sends to it.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::app::AppBuilder;
use crate::connection::{self, Stream};
use crate::drain::Lifecycle;

#[cfg(test)]
mod tests;

/// An idle connection is closed after this time. It is longer than the 60 s of an ALB, so that the load
/// balancer closes first: a request on a connection that the service is closing would fail.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take to send the head of its first request. For a later head, the rest of
/// [`KEEP_ALIVE`] is added.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// If a response is sent before the end of its request, the client may continue to send for this long.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// The phases of a server, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are kept open.
    Serving,
    /// Idle connections are closed; the others are closed after the request in progress.
    Closing,
    /// All connections are closed and their requests are dropped.
    Aborting,
}

/// A connection that the server sends to a worker.
pub struct AcceptedConnection {
    pub stream: std::net::TcpStream,
    /// Limits the number of open connections. It is dropped when this connection is closed.
    pub permit: OwnedSemaphorePermit,
}

/// The channels between the server and one worker.
pub struct WorkerChannels {
    /// The connections to serve. The worker ends when the sender is dropped and all connections are closed.
    pub connections: mpsc::UnboundedReceiver<AcceptedConnection>,
    pub phase: watch::Receiver<Phase>,
    /// Receives a message when the worker has ended its last request.
    pub finished: mpsc::UnboundedSender<()>,
}

/// When this guard is dropped, also during a panic, it sends the message of
/// [`WorkerChannels::finished`].
struct FinishedGuard(mpsc::UnboundedSender<()>);

impl Drop for FinishedGuard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Starts a worker's thread.
///
/// The thread's runtime runs until the sender of [`WorkerChannels::phase`] is dropped, because a request of
/// another worker may use a pooled connection that belongs to this runtime.
pub fn start<R>(
    app: AppBuilder<R>,
    channels: WorkerChannels,
    lifecycle: Lifecycle,
) -> io::Result<JoinHandle<()>>
where
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("http-worker".to_owned())
        .spawn(move || {
            let finished = FinishedGuard(channels.finished);
            let mut phase = channels.phase;
            let serving = serve_connections(&app, channels.connections, phase.clone(), lifecycle);
            LocalSet::new().block_on(&runtime, serving);
            drop(finished);
            let _ = runtime.block_on(phase.wait_for(|_| false));
            // This does not wait for work on the blocking pool whose request has been dropped.
            runtime.shutdown_background();
        })
}

async fn serve_connections<R>(
    app: &AppBuilder<R>,
    mut connections: mpsc::UnboundedReceiver<AcceptedConnection>,
    mut phase: watch::Receiver<Phase>,
    lifecycle: Lifecycle,
) where
    R: Fn(&mut ServiceConfig) + Clone + 'static,
{
    let app = app
        .build()
        .into_factory()
        .map_err(|error: actix_web::Error| error.error_response());
    let phase_of_http = phase.clone();
    let http = HttpService::build()
        .graceful_shutdown_signal(move || {
            let mut phase = phase_of_http.clone();
            async move {
                let _ = phase.wait_for(|phase| *phase >= Phase::Closing).await;
            }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .client_disconnect_timeout(LINGER_TIMEOUT)
        .on_connect_ext(Stream::attach_connection)
        .h1(map_config(app, |()| AppConfig::default()));
    let Ok(http) = http.new_service(()).await else {
        tracing::error!("the routes of the service could not be set up");
        return;
    };
    let http = Rc::new(http);
    let mut tasks = JoinSet::new();
    let all_closed = async {
        loop {
            tokio::select! {
                Some(AcceptedConnection { stream, permit }) = connections.recv() => {
                    let http = Rc::clone(&http);
                    tasks.spawn_local(async move {
                        if let Err(error) = serve_connection(&*http, stream).await {
                            tracing::debug!(%error, "connection ended early");
                        }
                        drop(permit);
                    });
                }
                // If the task panicked, the panic hook has logged it, and its request was recorded
                // when it was dropped.
                Some(_) = tasks.join_next() => {}
                else => return,
            }
        }
    };
    let must_abort = tokio::select! {
        () = all_closed => false,
        // An error means that the server itself was dropped.
        _ = phase.wait_for(|phase| *phase == Phase::Aborting) => true,
    };
    if must_abort {
        lifecycle.start_aborting();
        tasks.shutdown().await;
    }
}

async fn serve_connection<S>(http: &S, stream: std::net::TcpStream) -> Result<(), DispatchError>
where
    S: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    connection::serve(http, stream, KEEP_ALIVE + REQUEST_HEAD_TIMEOUT).await
}
