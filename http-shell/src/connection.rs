//! One connection: its idle limit, its read limit, and the responses that are not sent yet.
//!
//! This module adds three features that actix lacks:
//!
//! - An idle limit for each connection. actix limits the time for the first head and between two
//!   requests. It does not limit the time for an incomplete later head, nor for a client that does not
//!   read its response.
//! - A limit on the bytes of each request. actix limits neither the framing of chunks nor the bytes that
//!   it drops of a rejected body.
//! - The time at which a response was sent. For actix, a request ends when its response is in the
//!   connection's buffer. Here it ends when the operating system has accepted the buffer, so that an
//!   earlier disconnect of the client is noticed.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::Extensions;
use actix_service::Service;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::moment::Moment;
use crate::request_reader::{ReadStage, RequestReader, SharedReadStage};

/// Maximum number of bytes that actix receives between the starts of two requests: the body and the
/// framing of its chunks. Reading from the connection stops at this limit.
const MAX_BYTES_PER_REQUEST: usize = 1024 * 1024;

/// A callback with the time at which a response was sent. If the response is not sent, the callback is
/// dropped without a call.
type SentCallback = Box<dyn FnOnce(Moment)>;

/// The state of a connection. The connection and its requests live on one thread.
pub struct Connection {
    /// Whether a request is being handled.
    is_busy: Cell<bool>,
    busy_changed_at: Cell<Instant>,
    has_timed_out: Cell<bool>,
    /// Bytes that were read since the last request began.
    bytes_read: Cell<usize>,
    read_stage: SharedReadStage,
    /// Notified when reading fails, because the client has reset the connection.
    client_reset: Notify,
    /// When the last write began.
    last_write: Cell<Moment>,
    /// One callback for each response that is completely in the connection's buffer and not sent yet.
    sent_callbacks: RefCell<Vec<SentCallback>>,
}

impl Connection {
    fn new() -> Self {
        Self {
            is_busy: Cell::new(false),
            busy_changed_at: Cell::new(Instant::now()),
            has_timed_out: Cell::new(false),
            bytes_read: Cell::new(0),
            read_stage: SharedReadStage::default(),
            client_reset: Notify::new(),
            last_write: Cell::new(Moment::now()),
            sent_callbacks: RefCell::default(),
        }
    }

    /// Sets the part of a request that is read next.
    pub fn set_read_stage(&self, stage: ReadStage) {
        self.read_stage.set(stage);
    }

    /// Sets whether a request is being handled.
    pub fn set_busy(&self, is_busy: bool) {
        if is_busy {
            self.bytes_read.set(0);
            self.set_read_stage(ReadStage::Response);
        }
        self.is_busy.set(is_busy);
        self.busy_changed_at.set(Instant::now());
    }

    /// Whether the client has sent [`MAX_BYTES_PER_REQUEST`] in one request.
    pub fn is_read_limit_reached(&self) -> bool {
        self.bytes_read.get() >= MAX_BYTES_PER_REQUEST
    }

    /// Calls `callback` when the response that was just completed has been sent.
    pub fn call_when_sent(&self, callback: impl FnOnce(Moment) + 'static) {
        self.sent_callbacks.borrow_mut().push(Box::new(callback));
    }

    /// Whether the connection was closed because it was idle for too long.
    pub fn has_timed_out(&self) -> bool {
        self.has_timed_out.get()
    }

    /// Resolves when no request has been handled for `limit`. It checks at most every quarter of `limit`, so
    /// it can resolve that much later.
    async fn wait_until_idle_for(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let idle_at = self.busy_changed_at.get() + limit;
            if !self.is_busy.get() && now >= idle_at {
                self.has_timed_out.set(true);
                return;
            }
            sleep_until(idle_at.max(now + limit / 4)).await;
        }
    }
}

/// Serves `stream` with `http` until `http` ends the connection, the client resets it, or no request
/// has been handled for `idle_limit`.
pub async fn serve<S>(http: &S, stream: TcpStream, idle_limit: Duration) -> Result<(), S::Error>
where
    S: Service<(Stream, Option<SocketAddr>), Response = ()>,
{
    let peer = stream.peer_addr().ok();
    let connection = Rc::new(Connection::new());
    let stream = Stream {
        stream,
        reader: RequestReader::default(),
        connection: Rc::clone(&connection),
    };
    tokio::select! {
        result = http.call((stream, peer)) => result,
        () = connection.wait_until_idle_for(idle_limit) => Ok(()),
        // If actix reads bytes and then a reset, it treats the reset like a normal end of the input.
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
    /// Adds the connection to `data`, where requests find it with `conn_data::<Rc<Connection>>()`.
    pub fn attach_connection(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.connection));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Each callback owns an `Exchange`, which has a reference to the connection. Dropping the
        // callbacks breaks this cycle, which would leak both.
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
            // For actix, this is the end of the input.
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

    /// actix calls this when the operating system has accepted the connection's buffer.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // This is the start of the write, not the current time: a client on the same machine may
        // already have ended its span, and a server span must not end after the client's span.
        let sent_at = self.connection.last_write.get();
        let callbacks = mem::take(&mut *self.connection.sent_callbacks.borrow_mut());
        callbacks.into_iter().for_each(|callback| callback(sent_at));
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
