//! A client's connection. It passes on only request heads that an ALB accepts.
//!
//! hyper reads the requests. It refuses some requests with other responses than an ALB, and accepts others that an ALB
//! refuses. So this connection holds the bytes of a head until the head is complete and was examined. After a refused head,
//! hyper reads the end of the connection. When hyper has answered the earlier requests and closes its side, this connection
//! sends the response to the refused head.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::framing::Framing;
use crate::head::{self, Refused};

mod state;
#[cfg(test)]
mod tests;

pub use state::{Arrived, ConnectionState};

/// Maximum number of bytes of one read.
const CHUNK: usize = 16 * 1024;

/// Time for which bytes of a refused client are still read, so that the client can read the response before the connection
/// is closed.
const LINGER: Duration = Duration::from_secs(1);

/// Returns the bytes of the response to a refused head.
pub type Refuse = Box<dyn FnMut(&[u8], SystemTime, &Refused) -> Vec<u8> + Send>;

/// A connection of a client.
pub struct Connection {
    stream: TcpStream,
    shared: Arc<ConnectionState>,
    refuse: Refuse,
    /// Bytes that have arrived and that hyper has not read yet.
    held: Vec<u8>,
    /// The number of bytes in `held` that hyper may read.
    ready: usize,
    /// The start in `held` of the line that was incomplete when the head was last examined.
    open_line: usize,
    framing: Framing,
    idle_timeout: Duration,
    idle: Pin<Box<Sleep>>,
    ending: Ending,
}

/// How the connection ends.
enum Ending {
    /// The connection is open, or ends without a response of this module.
    Open,
    /// These bytes of the response to a refused head are not sent yet.
    Refused(Vec<u8>),
    /// The response was sent. Until this timer ends, bytes from the client are discarded.
    Lingering(Pin<Box<Sleep>>),
}

impl Connection {
    pub fn new(
        stream: TcpStream,
        shared: Arc<ConnectionState>,
        idle_timeout: Duration,
        refuse: Refuse,
    ) -> Self {
        Self {
            stream,
            shared,
            refuse,
            held: Vec::new(),
            ready: 0,
            open_line: 0,
            framing: Framing::Head,
            idle_timeout,
            idle: Box::pin(sleep(idle_timeout)),
            ending: Ending::Open,
        }
    }

    /// Examines the held bytes. Afterwards some of them are ready, or the head is refused, or more bytes are needed.
    fn examine(&mut self) -> io::Result<()> {
        if self.framing == Framing::Head {
            if !head::may_be_decided(&self.held, self.open_line) {
                return Ok(());
            }
            match head::examine(&self.held) {
                None => self.open_line = head::start_of_last_line(&self.held),
                Some(Err(refused)) => self.refuse(&refused),
                Some(Ok(head)) => {
                    self.ready = head.length;
                    self.open_line = 0;
                    self.framing = head.framing;
                    let time = SystemTime::now();
                    let mut state = self.shared.state();
                    state.under_way += 1;
                    state.waiting_for_request = None;
                    state.must_close = false;
                    state.body_is_missing = self.framing != Framing::Head;
                    state.accepted.push_back(Arrived { head, time });
                }
            }
            return Ok(());
        }
        let taken = self.framing.take(&self.held);
        self.ready = taken.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.shared.state().body_is_missing = self.framing != Framing::Head;
        Ok(())
    }

    fn refuse(&mut self, refused: &Refused) {
        let answer = (self.refuse)(&self.held, SystemTime::now(), refused);
        self.ending = Ending::Refused(answer);
        self.held.clear();
    }

    /// Applies the idle timeout. Returns the result of the read if the connection ends.
    fn time_out(&mut self) -> Option<io::Result<()>> {
        let waits_for_answer = self.shared.state().under_way > 0;
        match self.framing {
            Framing::Head if waits_for_answer => None,
            Framing::Head if head::is_empty(&self.held) => Some(Ok(())),
            Framing::Head => {
                self.refuse(&StatusCode::REQUEST_TIMEOUT.into());
                None
            }
            _ => {
                self.shared.state().body_is_late = true;
                Some(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Reads more bytes. Returns true if the client has closed its side.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut chunk = [0; CHUNK];
        let mut chunk = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk))?;
        // The time limit of a head starts with its first byte.
        let continues_head = self.framing == Framing::Head && !self.held.is_empty();
        if !continues_head {
            self.restart_timer();
        }
        self.held.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(chunk.filled().is_empty()))
    }

    fn restart_timer(&mut self) {
        let end = Instant::now() + self.idle_timeout;
        self.idle.as_mut().reset(end);
    }

    /// Restarts the timer if bytes were written.
    fn written(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(_)) = result {
            self.restart_timer();
        }
        result
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.ready == 0 && !self.held.is_empty() {
                self.examine()?;
            }
            if self.ready > 0 {
                let length = self.ready.min(buffer.remaining());
                buffer.put_slice(&self.held[..length]);
                self.held.drain(..length);
                self.ready -= length;
                return Poll::Ready(Ok(()));
            }
            if !matches!(self.ending, Ending::Open) {
                let mut state = self.shared.state();
                if state.under_way == 0 {
                    return Poll::Ready(Ok(()));
                }
                // The end would cancel the request that is under way.
                state.waiting = Some(cx.waker().clone());
                return Poll::Pending;
            }
            match self.poll_more(cx)? {
                Poll::Ready(true) => return Poll::Ready(Ok(())),
                Poll::Ready(false) => {}
                Poll::Pending => {
                    if self.shared.must_close(cx) {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(self.idle.as_mut().poll(cx));
                    if let Some(end) = self.time_out() {
                        return Poll::Ready(end);
                    }
                    self.restart_timer();
                }
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.shared.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.ending {
                Ending::Open => return Pin::new(&mut this.stream).poll_shutdown(cx),
                Ending::Refused(answer) if answer.is_empty() => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    this.ending = Ending::Lingering(Box::pin(sleep(LINGER)));
                }
                Ending::Refused(answer) => {
                    let sent = ready!(Pin::new(&mut this.stream).poll_write(cx, answer))?;
                    answer.drain(..sent);
                }
                Ending::Lingering(until) => {
                    if until.as_mut().poll(cx).is_ready() || ready!(this.poll_more(cx))? {
                        return Poll::Ready(Ok(()));
                    }
                    this.held.clear();
                }
            }
        }
    }
}
