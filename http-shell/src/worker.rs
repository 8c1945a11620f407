//! A worker: a thread whose runtime serves the connections that the server sends to it.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::dev::AppConfig;
use actix_web::web::ServiceConfig;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use crate::app::AppBuilder;
use crate::connection::{self, Stream};
use crate::drain::Lifecycle;
use crate::open_connections::{Activity, OpenConnection};

#[cfg(test)]
mod tests;

/// Idle timeout of a connection. The idle timeout of an ALB is 60 s by default. The idle timeout of the
/// service must be longer than the idle timeout of the ALB: if the service closed the connection first, a
/// request of the ALB on the connection would fail.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Maximum time from the first byte to the end of the head of a connection's first request. The head of a
/// later request must arrive within this time after the end of [`KEEP_ALIVE`].
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum time for which bytes of a request are still read after the response has been sent.
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);

/// The phases of a server, in chronological order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections stay open after a response.
    Serving,
    /// Idle connections are closed. Each connection with a request in progress is closed after this
    /// request.
    Closing,
    /// All connections are closed, and all requests in progress are dropped.
    Aborting,
}

/// A connection that the server sends to a worker.
pub struct AcceptedConnection {
    pub stream: std::net::TcpStream,
    /// Counts the connection until it is closed.
    pub open: OpenConnection,
}

/// The channels between the server and one worker.
pub struct WorkerChannels {
    /// Receives accepted connections. The worker ends when the sender is dropped and all connections are
    /// closed.
    pub connections: mpsc::UnboundedReceiver<AcceptedConnection>,
    pub phase: watch::Receiver<Phase>,
    /// The worker sends a message on this channel after the end of its last request.
    pub finished: mpsc::UnboundedSender<()>,
}

/// Dropping this guard sends the message of [`WorkerChannels::finished`], so that the message is sent even
/// if the worker panics.
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
            // `shutdown_background` does not wait for work on the blocking pool whose request was dropped.
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
    let phase_for_http_service = phase.clone();
    let phase_for_connections = phase.clone();
    let http_service = HttpService::build()
        .graceful_shutdown_signal(move || {
            let mut phase = phase_for_http_service.clone();
            async move {
                let _ = phase.wait_for(|phase| *phase >= Phase::Closing).await;
            }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .client_disconnect_timeout(LINGER_TIMEOUT)
        .on_connect_ext(Stream::attach_connection)
        .h1(map_config(app, |()| AppConfig::default()));
    let Ok(http_service) = http_service.new_service(()).await else {
        tracing::error!("the routes of the service could not be set up");
        return;
    };
    let http_service = Rc::new(http_service);
    let mut tasks = JoinSet::new();
    let serve_until_all_closed = async {
        loop {
            tokio::select! {
                Some(AcceptedConnection { stream, open }) = connections.recv() => {
                    let http_service = Rc::clone(&http_service);
                    let phase = phase_for_connections.clone();
                    tasks.spawn_local(async move {
                        let activity = Arc::clone(&open.activity);
                        if let Err(error) = serve_connection(&*http_service, stream, phase, activity).await {
                            tracing::debug!(%error, "a connection ended before its last response was sent");
                        }
                        drop(open);
                    });
                }
                // The panic of a connection's task is ignored, because the panic hook has logged the panic,
                // and the drop of the request has recorded the request.
                Some(_) = tasks.join_next() => {}
                else => return,
            }
        }
    };
    let must_abort = tokio::select! {
        () = serve_until_all_closed => false,
        // The call of `wait_for` fails if the server was dropped.
        _ = phase.wait_for(|phase| *phase == Phase::Aborting) => true,
    };
    if must_abort {
        lifecycle.start_aborting();
        tasks.shutdown().await;
    }
}

async fn serve_connection<S>(
    http_service: &S,
    stream: std::net::TcpStream,
    mut phase: watch::Receiver<Phase>,
    activity: Arc<Activity>,
) -> Result<(), DispatchError>
where
    S: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    // A load balancer may open a connection before it has a request for the connection. The timer of actix
    // for the first head starts when actix gets the connection, so actix gets it with the first byte.
    tokio::select! {
        biased;
        readable = timeout(KEEP_ALIVE, stream.readable()) => match readable {
            Ok(readable) => readable?,
            Err(_) => return Ok(()),
        },
        () = activity.must_close() => return Ok(()),
        // A request may have arrived already. actix closes the connection if none has.
        _ = phase.wait_for(|phase| *phase >= Phase::Closing) => {}
    }
    connection::serve(
        http_service,
        stream,
        KEEP_ALIVE + REQUEST_HEAD_TIMEOUT,
        activity,
    )
    .await
}
