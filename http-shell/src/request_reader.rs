//! Reads a connection, and passes the bytes of one request at a time to actix.
//!
//! A client may send several requests without waiting for the responses (pipelining). actix parses the
//! heads of all of them while it handles the first one, and then answers the first one according to the
//! method, the version and the `Connection` header of the last one: a `GET` before a `HEAD` gets no
//! body, and a `HEAD` before a `GET` gets one. It also handles requests that follow a response with
//! `Connection: close`. The reader prevents both: it withholds the next request until the response
//! has been sent.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::web::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Maximum number of buffered bytes of later requests.
const MAX_UNREAD_BYTES: usize = 64 * 1024;

/// Maximum number of bytes that are read and dropped after the last response.
const MAX_DROPPED_BYTES: usize = 1024 * 1024;

/// Bytes per read from the operating system.
const READ_CHUNK_BYTES: usize = 8 * 1024;

/// The part of a request that actix may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStage {
    /// The head of the next request.
    Head,
    /// The remaining bytes of a body whose length is declared.
    Body(u64),
    /// A chunked body, which contains its own end.
    ChunkedBody,
    /// Nothing until the response has been sent.
    Response,
    /// Nothing: the bytes that arrive are dropped until the connection is closed.
    Closing,
}

/// The stage of a connection, and the task that waits for a change of it.
#[derive(Debug)]
pub struct SharedReadStage {
    stage: Cell<ReadStage>,
    waiting_task: RefCell<Option<Waker>>,
}

impl Default for SharedReadStage {
    fn default() -> Self {
        Self {
            stage: Cell::new(ReadStage::Head),
            waiting_task: RefCell::default(),
        }
    }
}

impl SharedReadStage {
    /// Changes the stage. [`ReadStage::Closing`] is final.
    pub fn set(&self, stage: ReadStage) {
        if self.stage.get() == ReadStage::Closing {
            return;
        }
        self.stage.set(stage);
        if let Some(task) = self.waiting_task.take() {
            task.wake();
        }
    }
}

/// Reads a stream, and passes on only the bytes that the stage permits.
#[derive(Debug, Default)]
pub struct RequestReader {
    /// Bytes that the client sent and actix has not read yet.
    unread: BytesMut,
    /// How many bytes were dropped after the last response.
    dropped_bytes: usize,
    /// Whether the client has closed its sending side, or too many bytes were dropped.
    has_ended: bool,
    /// Whether the current line has been empty so far.
    line_is_empty: bool,
    /// Whether a line that is not empty was passed on since the last pause.
    has_content: bool,
    /// Whether actix must parse the bytes that it has received before it receives more.
    must_pause: bool,
}

impl RequestReader {
    /// Reads from `stream` into `buffer`. `Ready` without new bytes means the end of the
    /// stream.
    pub fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        shared_stage: &SharedReadStage,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if mem::take(&mut self.must_pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            let stage = shared_stage.stage.get();
            if stage == ReadStage::Closing {
                self.dropped_bytes += self.unread.len();
                self.unread.clear();
                self.has_ended |= self.dropped_bytes >= MAX_DROPPED_BYTES;
            }
            let length = self.next_piece_length(stage, buffer.remaining());
            if length > 0 {
                buffer.put_slice(&self.unread.split_to(length));
                if let ReadStage::Body(remaining) = stage {
                    shared_stage
                        .stage
                        .set(ReadStage::Body(remaining - length as u64));
                }
                return Poll::Ready(Ok(()));
            }
            if self.has_ended && self.unread.is_empty() {
                return Poll::Ready(Ok(()));
            }
            shared_stage.waiting_task.replace(Some(cx.waker().clone()));
            if self.has_ended || self.unread.len() >= MAX_UNREAD_BYTES {
                return Poll::Pending;
            }
            let mut chunk = [0; READ_CHUNK_BYTES];
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

    /// How many of the unread bytes, at most `limit`, actix receives before it must parse them.
    ///
    /// A piece ends with an empty line, because heads and chunked bodies do.
    fn next_piece_length(&mut self, stage: ReadStage, limit: usize) -> usize {
        let limit = self.unread.len().min(limit);
        match stage {
            ReadStage::Head | ReadStage::ChunkedBody => {}
            ReadStage::Body(remaining) => {
                return limit.min(usize::try_from(remaining).unwrap_or(usize::MAX));
            }
            ReadStage::Response | ReadStage::Closing => return 0,
        }
        for (index, byte) in self.unread[..limit].iter().enumerate() {
            match byte {
                b'\n' if self.line_is_empty && self.has_content => {
                    self.has_content = false;
                    self.must_pause = true;
                    return index + 1;
                }
                b'\n' => self.line_is_empty = true,
                b'\r' => {}
                _ => {
                    self.line_is_empty = false;
                    self.has_content = true;
                }
            }
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces in which actix receives `bytes`.
    fn split_into_pieces(stage: ReadStage, bytes: &str) -> Vec<String> {
        let mut reader = RequestReader {
            unread: bytes.into(),
            ..RequestReader::default()
        };
        let mut pieces = Vec::new();
        while !reader.unread.is_empty() {
            let length = reader.next_piece_length(stage, bytes.len());
            let piece = reader.unread.split_to(length);
            pieces.push(String::from_utf8(piece.to_vec()).unwrap());
        }
        pieces
    }

    #[test]
    fn a_piece_ends_where_a_head_or_a_chunked_body_ends() {
        let head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(
            split_into_pieces(ReadStage::Head, &head.repeat(2)),
            [head, head]
        );
        assert_eq!(
            split_into_pieces(ReadStage::Head, "\r\n\n\nA\nB\n\nC"),
            ["\r\n\n\nA\nB\n\n", "C"]
        );
        let body = "2\r\nab\r\n0\r\nA: b\r\n\r\n";
        let body_and_head = body.to_owned() + head;
        assert_eq!(
            split_into_pieces(ReadStage::ChunkedBody, &body_and_head),
            [body, head]
        );
    }

    #[test]
    fn a_piece_of_a_body_is_limited_by_its_remaining_bytes_and_the_buffer() {
        let mut reader = RequestReader {
            unread: "ab\n\ncd".into(),
            ..RequestReader::default()
        };
        assert_eq!(reader.next_piece_length(ReadStage::Body(5), 100), 5);
        assert_eq!(reader.next_piece_length(ReadStage::Body(50), 3), 3);
        assert_eq!(reader.next_piece_length(ReadStage::Body(0), 100), 0);
        assert_eq!(reader.next_piece_length(ReadStage::Response, 100), 0);
    }
}
