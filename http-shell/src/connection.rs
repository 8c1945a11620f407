//! One client connection: its idle limit, its read limit, and callbacks for sent responses.
//!
//! This module adds three features that actix lacks:
//!
//! - An idle limit for each connection. actix limits the time for the first request head and between two
//!   requests. actix has no time limit for receiving the complete head of a later request, and no time limit
//!   for a client that does not read the response.
//! - A limit on the bytes of each request. actix has no limit on the bytes of chunk headers, and no limit on
//!   the dropped bytes of a rejected body.
//! - The time at which a response was sent. actix regards a request as finished when the response is in the
//!   connection's buffer. This module regards a request as finished when the operating system has accepted
//!   the buffer, so that a disconnect of the client before the buffer is accepted is recorded.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::Extensions;
use actix_service::Service;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::moment::Moment;
use crate::open_connections::Activity;
use crate::request_reader::{ReadStage, RequestReader, SharedReadStage};

/// Maximum number of bytes that actix receives between the starts of two requests: the body, including
/// chunk headers, and the next head. Reading from the connection stops at this limit.
const MAX_BYTES_PER_REQUEST: usize = 1024 * 1024;

/// A callback whose argument is the time at which a response was sent. If the response is not sent, the
/// callback is dropped and never called.
type ResponseSentCallback = Box<dyn FnOnce(Moment)>;

/// The state of a connection. One thread handles the connection and all of its requests.
pub struct Connection {
    /// Whether the connection has a request in progress.
    is_busy: Cell<bool>,
    busy_changed_at: Cell<Instant>,
    activity: Arc<Activity>,
    has_timed_out: Cell<bool>,
    /// Number of bytes that were read since the start of the last request.
    bytes_read: Cell<usize>,
    read_stage: SharedReadStage,
    /// Notified when a read fails because the client has reset the connection.
    client_reset: Notify,
    /// Start time of the last write to the connection.
    last_write: Cell<Moment>,
    /// One callback for each response that is completely in the connection's buffer but is not sent yet.
    sent_callbacks: RefCell<Vec<ResponseSentCallback>>,
}

impl Connection {
    fn new(activity: Arc<Activity>) -> Self {
        Self {
            is_busy: Cell::new(false),
            busy_changed_at: Cell::new(Instant::now()),
            activity,
            has_timed_out: Cell::new(false),
            bytes_read: Cell::new(0),
            read_stage: SharedReadStage::default(),
            client_reset: Notify::new(),
            last_write: Cell::new(Moment::now()),
            sent_callbacks: RefCell::default(),
        }
    }

    /// Sets which part of a request actix may read next.
    pub fn set_read_stage(&self, stage: ReadStage) {
        self.read_stage.set(stage);
    }

    /// Sets whether the connection has a request in progress.
    pub fn set_busy(&self, is_busy: bool) {
        if is_busy {
            self.bytes_read.set(0);
            self.set_read_stage(ReadStage::Response);
            self.activity.start_request();
        }
        self.is_busy.set(is_busy);
        self.busy_changed_at.set(Instant::now());
    }

    /// Records that the response was sent, or that the request was dropped. The next request may be read.
    pub fn end_request(&self) {
        self.set_read_stage(ReadStage::Head);
        self.activity.end_request();
    }

    /// Whether the client has sent [`MAX_BYTES_PER_REQUEST`] bytes in one request.
    pub fn is_read_limit_reached(&self) -> bool {
        self.bytes_read.get() >= MAX_BYTES_PER_REQUEST
    }

    /// Registers `callback` for the response that was last written to the connection's buffer.
    pub fn call_when_sent(&self, callback: impl FnOnce(Moment) + 'static) {
        self.sent_callbacks.borrow_mut().push(Box::new(callback));
    }

    /// Whether the connection was closed by its idle limit.
    pub fn has_timed_out(&self) -> bool {
        self.has_timed_out.get()
    }

    /// Resolves when the connection has had no request in progress for the duration `limit`. The check runs
    /// at most four times per `limit`, so this function can resolve late by up to a quarter of `limit`.
    async fn wait_until_idle_for(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let idle_deadline = self.busy_changed_at.get() + limit;
            if !self.is_busy.get() && now >= idle_deadline {
                self.has_timed_out.set(true);
                return;
            }
            sleep_until(idle_deadline.max(now + limit / 4)).await;
        }
    }
}

/// Serves `stream` with `http_service` until the service ends the connection, the client resets the
/// connection, the connection has had no request in progress for `idle_limit`, or `activity` says that the connection has to be closed.
pub async fn serve<S>(
    http_service: &S,
    stream: TcpStream,
    idle_limit: Duration,
    activity: Arc<Activity>,
) -> Result<(), S::Error>
where
    S: Service<(Stream, Option<SocketAddr>), Response = ()>,
{
    let peer = stream.peer_addr().ok();
    let connection = Rc::new(Connection::new(activity));
    let stream = Stream {
        stream,
        reader: RequestReader::default(),
        connection: Rc::clone(&connection),
    };
    tokio::select! {
        // A request that has arrived is read before the connection may be closed.
        biased;
        result = http_service.call((stream, peer)) => result,
        () = connection.wait_until_idle_for(idle_limit) => Ok(()),
        () = connection.activity.must_close() => Ok(()),
        // actix treats a reset after received bytes like a normal end of the input.
        () = connection.client_reset.notified() => Ok(()),
    }
}

/// The byte stream of a connection, as actix reads and writes it.
pub struct Stream {
    stream: TcpStream,
    reader: RequestReader,
    connection: Rc<Connection>,
}

impl Stream {
    /// Adds the connection to `data`. Requests access the connection with `conn_data::<Rc<Connection>>()`.
    pub fn attach_connection(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.connection));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // The connection owns the callbacks, each callback owns an `Exchange`, and each `Exchange` refers
        // to the connection. The callbacks are dropped here, because otherwise the reference cycle would
        // leak the connection.
        drop(mem::take(&mut *self.connection.sent_callbacks.borrow_mut()));
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.connection.is_read_limit_reached() {
            // A read of 0 bytes tells actix that the input has ended.
            return Poll::Ready(Ok(()));
        }
        let filled_before = buffer.filled().len();
        let Self {
            stream,
            reader,
            connection,
        } = &mut *self;
        let result = ready!(reader.poll_read(stream, &connection.read_stage, cx, buffer));
        result.inspect_err(|_| connection.client_reset.notify_one())?;
        let bytes_read = &connection.bytes_read;
        bytes_read.set(bytes_read.get() + buffer.filled().len() - filled_before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.last_write.set(Moment::now());
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    /// actix calls `poll_flush` after the operating system has accepted all bytes of the connection's buffer.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // The argument `sent_at` is the time at which the write of the response started, not the current
        // time. A client on the same machine may already have ended its span, and a server span must not
        // end after the client's span.
        let sent_at = self.connection.last_write.get();
        let callbacks = mem::take(&mut *self.connection.sent_callbacks.borrow_mut());
        callbacks.into_iter().for_each(|callback| callback(sent_at));
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
