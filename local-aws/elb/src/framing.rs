//! Finds the end of a request's body, where the head of the next request begins: RFC 9112, sections 6 and 7.

/// The part of a request to which the next bytes of a connection belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The head.
    Head,
    /// A body with this number of missing bytes.
    Length(u64),
    /// A chunked body.
    Chunked(Chunk),
}

/// The position in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// In the digits of a chunk's size, with the value so far.
    Size(u64),
    /// After these digits, in the same line.
    Extension(u64),
    /// In a chunk, with this number of missing bytes.
    Data(u64),
    /// In the line end after a chunk.
    DataEnd,
    /// At the start of a line after the last chunk.
    TrailerStart,
    /// In a line after the last chunk.
    Trailer,
}

/// The chunked body is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Framing {
    /// Returns the number of `bytes` that belong to the body. The next head follows them.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut taken = 0;
        while taken < bytes.len() && *self != Self::Head {
            taken += self.step(&bytes[taken..])?;
        }
        Ok(taken)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        match self {
            Self::Head => Ok(0),
            Self::Length(left) | Self::Chunked(Chunk::Data(left)) => {
                let taken =
                    usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= taken as u64;
                match self {
                    Self::Length(0) => *self = Self::Head,
                    Self::Chunked(Chunk::Data(0)) => *self = Self::Chunked(Chunk::DataEnd),
                    _ => {}
                }
                Ok(taken)
            }
            Self::Chunked(chunk) => {
                *self = chunk.next(bytes[0])?.map_or(Self::Head, Self::Chunked);
                Ok(1)
            }
        }
    }
}

impl Chunk {
    /// Returns `None` after the last byte of the body.
    fn next(self, byte: u8) -> Result<Option<Self>, Malformed> {
        Ok(Some(match (self, byte) {
            (Self::Size(0) | Self::Extension(0), b'\n') => Self::TrailerStart,
            (Self::Size(size) | Self::Extension(size), b'\n') => Self::Data(size),
            (Self::Size(size), _) => match (byte as char).to_digit(16) {
                Some(digit) => {
                    let size = size.checked_mul(16).ok_or(Malformed)?;
                    Self::Size(size + u64::from(digit))
                }
                None if b";\r\t ".contains(&byte) => Self::Extension(size),
                None => return Err(Malformed),
            },
            (Self::Extension(size), _) => Self::Extension(size),
            (Self::DataEnd, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::Size(0),
            (Self::DataEnd | Self::Data(_), _) => return Err(Malformed),
            (Self::TrailerStart, b'\n') => return Ok(None),
            (Self::TrailerStart, b'\r') => Self::TrailerStart,
            (Self::Trailer, b'\n') => Self::TrailerStart,
            (Self::TrailerStart | Self::Trailer, _) => Self::Trailer,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNKED: Framing = Framing::Chunked(Chunk::Size(0));

    fn chunked(chunks: &[&[u8]], trailer: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            body.extend(format!("{:x};name=value\r\n", chunk.len()).bytes());
            body.extend(*chunk);
            body.extend(b"\r\n");
        }
        body.extend(b"0\r\n");
        body.extend(trailer.bytes());
        body.extend(b"\r\n");
        body
    }

    #[test]
    fn without_a_body_nothing_is_taken() {
        assert_eq!(Framing::Head.take(b"GET / HTTP/1.1"), Ok(0));
    }

    #[test]
    fn what_is_no_chunk_is_malformed() {
        for body in ["x\r\n", "1\r\nab\r\n", "-1\r\n", "ffffffffffffffff0\r\n"] {
            assert_eq!(
                { CHUNKED }.take(body.as_bytes()),
                Err(Malformed),
                "{body:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_body_ends_at_the_same_byte_however_the_bytes_arrive(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..4),
            trailer in "([a-z]{1,5}: [a-z]{0,5}\r\n){0,2}",
            size in 1usize..20,
        ) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let plain = chunks.concat();
            for (mut framing, body) in [
                (CHUNKED, chunked(&chunks, &trailer)),
                (if plain.is_empty() { Framing::Head } else { Framing::Length(plain.len() as u64) }, plain),
            ] {
                let bytes = [&body[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
                let mut taken = 0;
                for piece in bytes.chunks(size) {
                    let of_piece = framing.take(piece).unwrap();
                    taken += of_piece;
                    if of_piece < piece.len() {
                        break;
                    }
                }
                prop_assert_eq!(taken, body.len());
                prop_assert_eq!(framing, Framing::Head);
            }
        }
    }
}
