//! Identifiers in paths, taken from the request target as it was sent.
//!
//! The router's own parameters are no help here: they replace bad UTF-8, so that two different
//! ids become one, and they decode an encoded slash, so that one segment becomes two.

use actix_web::http::StatusCode;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Longest id in bytes: what DynamoDB accepts as a partition key.
pub const MAX_ID_BYTES: usize = 2048;

/// Why a path segment is no id.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// There is no such segment, or it is empty.
    #[error("the path has no id")]
    Missing,
    /// The segment holds an encoded slash, which no id may: proxies disagree on what it means.
    #[error("an id has no slash, encoded or not")]
    Slash,
    /// The decoded bytes are not UTF-8.
    #[error("the id is not valid UTF-8")]
    NotUtf8,
    /// The decoded id is longer than [`MAX_ID_BYTES`].
    #[error("the id is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
}

impl IdError {
    /// The status that this error is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Slash => StatusCode::NOT_FOUND,
            Self::NotUtf8 | Self::TooLong => StatusCode::BAD_REQUEST,
        }
    }
}

/// Decodes segment `index` (from 0) of an encoded `path`.
///
/// # Errors
///
/// When there is no such segment, or what it decodes to cannot be an id.
pub fn path_id(path: &str, index: usize) -> Result<String, IdError> {
    let segment = path
        .strip_prefix('/')
        .and_then(|path| path.split('/').nth(index))
        .filter(|segment| !segment.is_empty())
        .ok_or(IdError::Missing)?;
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    if bytes.contains(&b'/') {
        return Err(IdError::Slash);
    }
    if bytes.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong);
    }
    String::from_utf8(bytes).map_err(|_| IdError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    #[test]
    fn a_plain_segment_is_an_id() {
        assert_eq!(path_id("/mysfits/4e53920c/like", 1).unwrap(), "4e53920c");
    }

    #[test]
    fn what_cannot_be_an_id_says_why() {
        assert_eq!(path_id("/mysfits", 1), Err(IdError::Missing));
        assert_eq!(path_id("/mysfits/", 1), Err(IdError::Missing));
        assert_eq!(path_id("/mysfits/a%2Fb", 1), Err(IdError::Slash));
        assert_eq!(path_id("/mysfits/%ff", 1), Err(IdError::NotUtf8));
        let longest = "x".repeat(MAX_ID_BYTES);
        assert_eq!(
            path_id(&format!("/mysfits/{longest}"), 1),
            Ok(longest.clone())
        );
        assert_eq!(
            path_id(&format!("/mysfits/{longest}x"), 1),
            Err(IdError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn any_id_without_a_slash_survives_encoding(id in "[^/]{1,200}") {
            let encoded = utf8_percent_encode(&id, NON_ALPHANUMERIC);
            prop_assert_eq!(path_id(&format!("/mysfits/{encoded}/like"), 1).unwrap(), id);
        }

        #[test]
        fn no_path_makes_it_panic(path in "\\PC{0,300}", index in 0usize..4) {
            let _ = path_id(&path, index);
        }
    }
}
