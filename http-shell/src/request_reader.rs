//! Reads the bytes of a connection, and passes the bytes of one request at a time to actix.
//!
//! A client may send several requests without waiting for the responses (pipelining). actix has two errors
//! with pipelined requests:
//!
//! - actix parses the heads of all pipelined requests before the first response. actix then formats the
//!   first response with the method, the version and the `Connection` header of the last request. For
//!   example, the response to a `GET` before a `HEAD` has no body.
//! - actix handles requests that follow a response with `Connection: close`.
//!
//! The reader prevents both errors of actix, because actix receives the next request only after the
//! response has been sent.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::web::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Maximum number of buffered bytes that actix has not read yet.
const MAX_UNREAD_BYTES: usize = 64 * 1024;

/// Maximum number of bytes that are read and dropped after the last response of a connection.
const MAX_DROPPED_BYTES: usize = 1024 * 1024;

/// Size of the buffer for one read from the operating system.
const READ_CHUNK_BYTES: usize = 8 * 1024;

/// The part of a request that actix may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadStage {
    /// The head of the next request.
    Head,
    /// A body with a `Content-Length`; the value is the number of body bytes that actix has not read yet.
    Body(u64),
    /// A body with chunked encoding.
    ChunkedBody,
    /// actix receives no bytes until the response has been sent.
    Response,
    /// actix receives no bytes. Bytes from the client are dropped until the connection is closed.
    Closing,
}

/// The read stage of a connection, and the task that waits for a change of the stage.
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
    /// Changes the stage. A connection never leaves the stage [`ReadStage::Closing`].
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

/// Reads a TCP stream, and returns only the bytes that the current [`ReadStage`] permits.
#[derive(Debug, Default)]
pub struct RequestReader {
    /// Bytes from the client that actix has not read yet.
    unread: BytesMut,
    /// Number of bytes from the client that were dropped after the last response of the connection.
    dropped_bytes: usize,
    /// Whether the client has closed its sending side, or [`MAX_DROPPED_BYTES`] were dropped.
    has_ended: bool,
    /// Whether the current line of the input is empty: the last character was a line break.
    line_is_empty: bool,
    /// Whether actix has received a non-empty line since the last read that ended with an empty line.
    has_content: bool,
    /// Whether the next read returns `Pending`, so that actix parses the received bytes before the next
    /// read.
    must_pause: bool,
}

impl RequestReader {
    /// Reads from `stream` into `buffer`. A result `Ready` without new bytes means the end of the stream.
    pub fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        shared_stage: &SharedReadStage,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if mem::take(&mut self.must_pause) {
            // If nothing is left to read, the task is polled again when the socket is readable.
            let has_more = !self.unread.is_empty() || self.has_ended;
            if has_more || stream.poll_read_ready(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
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
            // Without unread bytes, a change of the stage gives actix nothing to read, and the socket wakes the task.
            if !self.unread.is_empty() {
                shared_stage.waiting_task.replace(Some(cx.waker().clone()));
            }
            if self.has_ended || self.unread.len() >= MAX_UNREAD_BYTES {
                return Poll::Pending;
            }
            let mut chunk = [MaybeUninit::uninit(); READ_CHUNK_BYTES];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            match Pin::new(&mut *stream).poll_read(cx, &mut chunk) {
                Poll::Ready(Ok(())) => {
                    self.has_ended = chunk.filled().is_empty();
                    self.unread.extend_from_slice(chunk.filled());
                }
                other => return other,
            }
        }
    }

    /// The number of unread bytes that actix receives in the next read: at most `limit`.
    ///
    /// A read ends after an empty line, because request heads and chunked bodies end with an empty line.
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
    use std::future::poll_fn;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;

    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;

    /// Splits `bytes` into the parts that actix receives in successive reads.
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

    /// Opens a connection to a client that sends `bytes` and keeps the connection open. The second value is
    /// the client's task.
    async fn connect_client(bytes: Vec<u8>) -> (TcpStream, JoinHandle<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = tokio::spawn(async move {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&bytes).await.unwrap();
            client
        });
        (listener.accept().await.unwrap().0, client)
    }

    /// Returns the text that one read returns, or `None` if the read is pending.
    fn poll_text(
        reader: &mut RequestReader,
        stream: &mut TcpStream,
        stage: &SharedReadStage,
        cx: &mut Context<'_>,
    ) -> Option<String> {
        let mut buffer = [0; 64];
        let mut buffer = ReadBuf::new(&mut buffer);
        match reader.poll_read(stream, stage, cx, &mut buffer) {
            Poll::Ready(result) => {
                result.unwrap();
                Some(String::from_utf8(buffer.filled().to_vec()).unwrap())
            }
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_length_and_no_further() {
        let (mut stream, _client) = connect_client(b"abcdefg".to_vec()).await;
        let (mut reader, stage) = (RequestReader::default(), SharedReadStage::default());
        stage.set(ReadStage::Body(5));
        let mut text = String::new();
        poll_fn(|cx| {
            if let Some(piece) = poll_text(&mut reader, &mut stream, &stage, cx) {
                text.push_str(&piece);
            }
            if text.len() == 5 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        assert_eq!(text, "abcde");
        assert_eq!(stage.stage.get(), ReadStage::Body(0));
        let next = poll_fn(|cx| Poll::Ready(poll_text(&mut reader, &mut stream, &stage, cx)));
        assert_eq!(next.await, None);
    }

    #[tokio::test]
    async fn a_closing_connection_drops_1_mib_and_then_ends() {
        let (mut stream, client) = connect_client(vec![b'x'; 2 * MIB]).await;
        let (mut reader, stage) = (RequestReader::default(), SharedReadStage::default());
        stage.set(ReadStage::Closing);
        // A connection never leaves this stage.
        stage.set(ReadStage::Head);
        let text = poll_fn(|cx| match poll_text(&mut reader, &mut stream, &stage, cx) {
            Some(text) => Poll::Ready(text),
            None => Poll::Pending,
        });
        assert_eq!(text.await, "");
        assert!((MIB..MIB + 64 * KIB).contains(&reader.dropped_bytes));
        client.abort();
    }

    #[tokio::test]
    async fn at_most_64_kib_and_one_chunk_are_read_before_the_response_is_sent() {
        let (mut stream, client) = connect_client(vec![b'x'; 2 * MIB]).await;
        let (mut reader, stage) = (RequestReader::default(), SharedReadStage::default());
        stage.set(ReadStage::Response);
        // The socket has more bytes than are read, so it stays readable.
        for _ in 0..100 {
            stream.readable().await.unwrap();
            let text = poll_fn(|cx| Poll::Ready(poll_text(&mut reader, &mut stream, &stage, cx)));
            assert_eq!(text.await, None);
            assert!(reader.unread.len() < 72 * KIB, "{}", reader.unread.len());
        }
        assert!(reader.unread.len() >= 64 * KIB, "{}", reader.unread.len());
        client.abort();
    }
}
