//! The bytes that a client sent and actix has not read yet.
//!
//! actix parses the heads of requests that a client sends ahead (pipelining) while the first one is
//! still handled. It then answers the first one by the method, the version and the `Connection` header
//! of the last one: a `GET` before a `HEAD` gets no body, a `HEAD` before a `GET` gets one. It also
//! handles what follows an answer with `Connection: close`. So it reads one request at a time here.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::web::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Most bytes of later requests that are kept.
const MAX_UNREAD: usize = 64 * 1024;

/// Most bytes that are dropped after the last answer.
const MAX_DROPPED: usize = 1024 * 1024;

/// Bytes that are read from the operating system at once.
const CHUNK: usize = 8 * 1024;

/// What actix may read of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The head of the next request.
    Head,
    /// This many more bytes of the body of the request under way.
    Body(u64),
    /// The body of the request under way, which says itself where it ends.
    ChunkedBody,
    /// Nothing until the answer has been sent.
    Answer,
    /// Nothing any more: what arrives is dropped until the connection is closed.
    Last,
}

/// The stage of a connection, and who waits for the next one.
#[derive(Debug)]
pub struct Stages {
    stage: Cell<Stage>,
    reader: RefCell<Option<Waker>>,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            stage: Cell::new(Stage::Head),
            reader: RefCell::default(),
        }
    }
}

impl Stages {
    /// Changes the stage, unless it is the last one.
    pub fn set(&self, stage: Stage) {
        if self.stage.get() == Stage::Last {
            return;
        }
        self.stage.set(stage);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// Reads a stream no further than the stage permits.
#[derive(Debug, Default)]
pub struct Intake {
    unread: BytesMut,
    /// Bytes that were dropped after the last answer.
    dropped: usize,
    /// The client sends nothing more.
    has_ended: bool,
    /// The line that is read next has been empty so far.
    line_is_empty: bool,
    /// There was a line that is not empty since the last pause.
    has_begun: bool,
    /// actix must parse what it has before it reads on.
    must_pause: bool,
}

impl Intake {
    /// Reads from `stream` into `buffer`; no byte stands for the end.
    pub fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        stages: &Stages,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if mem::take(&mut self.must_pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let stage = stages.stage.get();
            if stage == Stage::Last {
                self.dropped += self.unread.len();
                self.unread.clear();
                self.has_ended |= self.dropped >= MAX_DROPPED;
            }
            let bytes = self.next_piece(stage, buffer.remaining());
            if bytes > 0 {
                buffer.put_slice(&self.unread.split_to(bytes));
                if let Stage::Body(left) = stage {
                    stages.stage.set(Stage::Body(left - bytes as u64));
                }
                return Poll::Ready(Ok(()));
            }
            if self.has_ended && self.unread.is_empty() {
                return Poll::Ready(Ok(()));
            }
            stages.reader.replace(Some(cx.waker().clone()));
            if self.has_ended || self.unread.len() >= MAX_UNREAD {
                return Poll::Pending;
            }
            let mut chunk = [0; CHUNK];
            let mut chunk = ReadBuf::new(&mut chunk);
            match Pin::new(&mut *stream).poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(())) => {
                    self.has_ended = chunk.filled().is_empty();
                    self.unread.extend_from_slice(chunk.filled());
                }
                other => return other,
            }
        }
    }

    /// How many of the unread bytes actix may have before it must parse them.
    ///
    /// A head ends with an empty line, and so does a chunked body.
    fn next_piece(&mut self, stage: Stage, most: usize) -> usize {
        let most = self.unread.len().min(most);
        match stage {
            Stage::Head | Stage::ChunkedBody => {}
            Stage::Body(left) => return most.min(usize::try_from(left).unwrap_or(usize::MAX)),
            Stage::Answer | Stage::Last => return 0,
        }
        for (index, byte) in self.unread[..most].iter().enumerate() {
            match byte {
                b'\n' if self.line_is_empty && self.has_begun => {
                    self.has_begun = false;
                    self.must_pause = true;
                    return index + 1;
                }
                b'\n' => self.line_is_empty = true,
                b'\r' => {}
                _ => {
                    self.line_is_empty = false;
                    self.has_begun = true;
                }
            }
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What actix may have of `bytes` at once, at each step.
    fn pieces(stage: Stage, bytes: &str) -> Vec<String> {
        let mut intake = Intake {
            unread: bytes.into(),
            ..Intake::default()
        };
        let mut pieces = Vec::new();
        while !intake.unread.is_empty() {
            let next = intake.next_piece(stage, bytes.len());
            let piece = intake.unread.split_to(next);
            pieces.push(String::from_utf8(piece.to_vec()).unwrap());
        }
        pieces
    }

    #[test]
    fn a_piece_ends_where_a_head_or_a_chunked_body_ends() {
        let head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(pieces(Stage::Head, &head.repeat(2)), [head, head]);
        assert_eq!(
            pieces(Stage::Head, "\r\n\n\nA\nB\n\nC"),
            ["\r\n\n\nA\nB\n\n", "C"]
        );
        let body = "2\r\nab\r\n0\r\nA: b\r\n\r\n";
        let both = body.to_owned() + head;
        assert_eq!(pieces(Stage::ChunkedBody, &both), [body, head]);
    }

    #[test]
    fn a_body_of_known_length_is_one_piece() {
        let mut intake = Intake {
            unread: "ab\n\ncd".into(),
            ..Intake::default()
        };
        assert_eq!(intake.next_piece(Stage::Body(5), 100), 5);
        assert_eq!(intake.next_piece(Stage::Body(50), 3), 3);
        assert_eq!(intake.next_piece(Stage::Body(0), 100), 0);
        assert_eq!(intake.next_piece(Stage::Answer, 100), 0);
    }
}
