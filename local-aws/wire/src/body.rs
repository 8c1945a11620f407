//! Reads request bodies. Size and time are limited, and bodies that are compressed with gzip are decompressed.

use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

/// Maximum time for a complete body. The largest bodies have 16 MiB and come from this machine.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time for which the rest of a refused body is read.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// One MiB in bytes.
const MIB: usize = 1024 * 1024;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The body exceeds the limit in MiB, before or after decompression.
    #[error("The request body is larger than {0} MiB")]
    TooLarge(usize),
    /// The body was not complete in time.
    #[error("The request body was not complete after {} seconds", READ_TIMEOUT.as_secs())]
    TimedOut,
    /// The connection ended before the end of the body, or the framing of the body is invalid.
    #[error("The request body is incomplete")]
    Incomplete,
    /// The header `Content-Encoding` names another compression than gzip.
    #[error("The Content-Encoding is not supported: send gzip or no Content-Encoding")]
    UnsupportedEncoding,
    /// The body is not the gzip format that its `Content-Encoding` states.
    #[error("The request body is not valid gzip: {0}")]
    InvalidGzip(io::Error),
}

/// Reads and decompresses the body of a request with these `headers`.
///
/// # Errors
///
/// Fails if the body is larger than `max_mib` MiB before or after decompression, takes longer than 60 seconds, or is
/// incomplete or invalid.
pub async fn read_body(
    headers: &HeaderMap,
    mut body: Body,
    max_mib: usize,
) -> Result<Bytes, BodyError> {
    let is_gzip = match is_gzip(headers) {
        Ok(is_gzip) => is_gzip,
        Err(error) => {
            discard_body(body).await;
            return Err(error);
        }
    };
    let read = Limited::new(&mut body, max_mib * MIB).collect();
    let body = match timeout(READ_TIMEOUT, read).await {
        Ok(Ok(read)) => read.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard_body(body).await;
            return Err(BodyError::TooLarge(max_mib));
        }
        Ok(Err(_)) => return Err(BodyError::Incomplete),
        Err(_) => return Err(BodyError::TimedOut),
    };
    if !is_gzip {
        return Ok(body);
    }
    let decompression = tokio::task::spawn_blocking(move || decompress(&body, max_mib));
    decompression.await.map_err(|_| BodyError::Incomplete)?
}

/// Reads and discards the body of a refused request, for at most 5 seconds. A client that still sends would get an error
/// of its connection instead of the response.
pub async fn discard_body(mut body: Body) {
    let discard = async { while let Some(Ok(_)) = body.frame().await {} };
    // After the time limit, the connection is closed with the response.
    let _ = timeout(DISCARD_TIMEOUT, discard).await;
}

/// Whether the header `Content-Encoding` states gzip.
fn is_gzip(headers: &HeaderMap) -> Result<bool, BodyError> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map_or(&b""[..], |value| value.as_bytes());
    match encoding {
        encoding if encoding.eq_ignore_ascii_case(b"gzip") => Ok(true),
        encoding if encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity") => Ok(false),
        _ => Err(BodyError::UnsupportedEncoding),
    }
}

fn decompress(compressed: &[u8], max_mib: usize) -> Result<Bytes, BodyError> {
    let mut body = Vec::new();
    // One byte more than the limit shows that the body exceeds the limit.
    MultiGzDecoder::new(compressed)
        .take((max_mib * MIB) as u64 + 1)
        .read_to_end(&mut body)
        .map_err(BodyError::InvalidGzip)?;
    if body.len() > max_mib * MIB {
        return Err(BodyError::TooLarge(max_mib));
    }
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::HttpBody;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use hyper::body::Frame;

    use super::*;

    async fn read(encoding: &str, body: impl Into<Body>) -> Result<Bytes, BodyError> {
        let headers = [(CONTENT_ENCODING, encoding.parse().unwrap())];
        read_body(&headers.into_iter().collect(), body.into(), 1).await
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test]
    async fn a_body_is_decompressed_if_its_content_encoding_is_gzip() {
        for encoding in ["gzip", "GZIP"] {
            // RFC 1952 permits several gzip members in one body.
            let body = [gzip(b"Action="), gzip(b"GetCallerIdentity")].concat();
            let body = read(encoding, body).await.unwrap();
            assert_eq!(body, "Action=GetCallerIdentity");
        }
        for encoding in ["", "identity"] {
            let body = read(encoding, "plain").await.unwrap();
            assert_eq!(body, "plain");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_before_and_after_decompression() {
        for size in [MIB, MIB + 1] {
            let bytes = vec![b'a'; size];
            let is_refused = size > MIB;
            for (encoding, body) in [("", bytes.clone()), ("gzip", gzip(&bytes))] {
                let result = read(encoding, body).await;
                let is_too_large = matches!(result, Err(BodyError::TooLarge(1)));
                assert_eq!((is_too_large, result.is_ok()), (is_refused, !is_refused));
            }
        }
    }

    #[tokio::test]
    async fn invalid_gzip_and_other_encodings_are_refused() {
        let mut truncated = gzip(b"text");
        truncated.truncate(truncated.len() - 1);
        let mut corrupt = gzip(b"text");
        let checksum = corrupt.len() - 8;
        corrupt[checksum] ^= 1;
        for body in [b"text".to_vec(), vec![], truncated, corrupt] {
            let result = read("gzip", body).await;
            assert!(
                matches!(result, Err(BodyError::InvalidGzip(_))),
                "{result:?}"
            );
        }
        for encoding in ["br", "gzip, gzip", "x-gzip"] {
            let result = read(encoding, "text").await;
            assert!(matches!(result, Err(BodyError::UnsupportedEncoding)));
        }
    }

    /// A body that never ends.
    struct Endless;

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_refused_after_a_minute() {
        let result = read("", Body::new(Endless)).await;
        assert!(matches!(result, Err(BodyError::TimedOut)));
    }
}
