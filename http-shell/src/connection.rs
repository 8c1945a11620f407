//! A connection: when it is closed for doing nothing, and which answers still wait to be sent on it.
//!
//! actix bounds the head of a connection's first request and the time between two requests, but
//! neither a later head that stops half-way nor a client that does not read its answer. It bounds no
//! framing of chunks, and what it drops of a body that was refused has no bound either. And for actix
//! a request has ended when its answer is in the connection's buffer; here it ends when the operating
//! system has taken the buffer, so that a client that closed the connection before is noticed.

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

use crate::intake::{Intake, Stage, Stages};
use crate::observe::{Exchange, Moment};

/// Most bytes that actix gets after a request has begun and before the next one does: the body with the
/// framing of its chunks.
///
/// Whoever sends more meets a connection of which nothing more is read.
const READ_LIMIT: usize = 1024 * 1024;

/// What is known of one connection. It and its requests live on one thread.
pub struct Connection {
    /// A request is being handled.
    busy: Cell<bool>,
    /// When `busy` last changed.
    since: Cell<Instant>,
    timed_out: Cell<bool>,
    /// Bytes that were read since the last request began.
    bytes_read: Cell<usize>,
    stages: Stages,
    /// Notified when reading fails: the client has reset the connection.
    reset: Notify,
    /// When the last write began.
    last_write: Cell<Moment>,
    /// Requests whose whole answer is in the connection's buffer.
    unsent: RefCell<Vec<Exchange>>,
}

impl Connection {
    /// Changes what is read next.
    pub fn set_stage(&self, stage: Stage) {
        self.stages.set(stage);
    }

    /// Notes whether a request is being handled.
    pub fn set_busy(&self, busy: bool) {
        if busy {
            self.bytes_read.set(0);
            self.set_stage(Stage::Answer);
        }
        self.busy.set(busy);
        self.since.set(Instant::now());
    }

    /// Whether the client has sent more than is read for one request.
    pub fn is_read_limit_reached(&self) -> bool {
        self.bytes_read.get() >= READ_LIMIT
    }

    /// Takes a request whose answer is complete, and ends it when the answer has been sent.
    pub fn answered(&self, exchange: Exchange) {
        self.unsent.borrow_mut().push(exchange);
    }

    /// Whether the connection was closed because nothing happened on it.
    pub fn timed_out(&self) -> bool {
        self.timed_out.get()
    }

    /// Resolves once no request has been handled for `limit`, or up to a quarter later.
    async fn idles(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let due = self.since.get() + limit;
            if !self.busy.get() && now >= due {
                self.timed_out.set(true);
                return;
            }
            sleep_until(due.max(now + limit / 4)).await;
        }
    }
}

/// Lets `http` serve `stream` until it ends the connection, the client resets it, or no request has
/// been handled for `limit`.
pub async fn serve<S>(http: &S, stream: TcpStream, limit: Duration) -> Result<(), S::Error>
where
    S: Service<(Stream, Option<SocketAddr>), Response = ()>,
{
    let peer = stream.peer_addr().ok();
    let connection = Rc::new(Connection {
        busy: Cell::new(false),
        since: Cell::new(Instant::now()),
        timed_out: Cell::new(false),
        bytes_read: Cell::new(0),
        stages: Stages::default(),
        reset: Notify::new(),
        last_write: Cell::new(Moment::now()),
        unsent: RefCell::default(),
    });
    let stream = Stream {
        stream,
        intake: Intake::default(),
        connection: Rc::clone(&connection),
    };
    tokio::select! {
        ended = http.call((stream, peer)) => ended,
        () = connection.idles(limit) => Ok(()),
        // actix takes a reset for the end of what the client sends if it has just read something.
        () = connection.reset.notified() => Ok(()),
    }
}

/// The stream of a connection.
pub struct Stream {
    stream: TcpStream,
    intake: Intake,
    connection: Rc<Connection>,
}

impl Stream {
    /// Lets each request find its connection, by `conn_data::<Rc<Connection>>()`.
    pub fn share(&self, data: &mut Extensions) {
        data.insert(Rc::clone(&self.connection));
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // A request holds its connection: left here, the two would keep each other alive.
        drop(mem::take(&mut *self.connection.unsent.borrow_mut()));
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.connection.is_read_limit_reached() {
            // For actix, the client has closed its side.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let Self {
            stream,
            intake,
            connection,
        } = &mut *self;
        let read = ready!(intake.poll_read(stream, &connection.stages, cx, buffer));
        read.inspect_err(|_| connection.reset.notify_one())?;
        let bytes_read = &connection.bytes_read;
        bytes_read.set(bytes_read.get() + buffer.filled().len() - before);
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

    /// Is called when the connection's buffer has been written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        let mut unsent = self.connection.unsent.borrow_mut();
        // Not now: the client may have ended its own span by now, which encloses those of its requests.
        let end = self.connection.last_write.get();
        unsent.drain(..).for_each(|exchange| exchange.sent(end));
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
