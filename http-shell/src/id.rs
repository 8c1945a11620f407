//! Parses the id in the path of a request from the percent-encoded request target.
//!
//! The path parameters of actix's router are not used. actix's router replaces invalid UTF-8, which can make
//! two different ids equal. actix's router also decodes an encoded slash (`%2F`), which splits one path
//! segment into two.

use actix_web::http::StatusCode;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Maximum length of an id: DynamoDB's limit for a partition key.
pub const MAX_ID_BYTES: usize = 2048;

/// The reason why a path segment is not a valid id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// The path segment of the id does not exist or is empty.
    #[error("the path has no id")]
    Missing,
    /// The path segment of the id contains an encoded slash. Encoded slashes are rejected, because some
    /// proxies decode an encoded slash and other proxies do not.
    #[error("an id cannot contain a slash")]
    Slash,
    /// The decoded bytes of the id are not UTF-8.
    #[error("the id is not valid UTF-8")]
    NotUtf8,
    /// The decoded id is longer than [`MAX_ID_BYTES`].
    #[error("the id is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
}

impl IdError {
    /// The status of the response to this error.
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
/// Returns an error when the segment does not exist, or does not decode to a valid id.
pub fn parse_path_id(path: &str, index: usize) -> Result<String, IdError> {
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
    fn a_segment_without_encoding_is_the_id_itself() {
        assert_eq!(
            parse_path_id("/mysfits/4e53920c/like", 1).unwrap(),
            "4e53920c"
        );
    }

    #[test]
    fn each_kind_of_invalid_id_has_its_own_error() {
        assert_eq!(parse_path_id("/mysfits", 1), Err(IdError::Missing));
        assert_eq!(parse_path_id("/mysfits/", 1), Err(IdError::Missing));
        assert_eq!(parse_path_id("/mysfits/a%2Fb", 1), Err(IdError::Slash));
        assert_eq!(parse_path_id("/mysfits/%ff", 1), Err(IdError::NotUtf8));
        let longest_id = "x".repeat(MAX_ID_BYTES);
        assert_eq!(
            parse_path_id(&format!("/mysfits/{longest_id}"), 1),
            Ok(longest_id.clone())
        );
        assert_eq!(
            parse_path_id(&format!("/mysfits/{longest_id}x"), 1),
            Err(IdError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn a_percent_encoded_id_is_decoded_to_the_same_id(id in "[^/]{1,200}") {
            let encoded = utf8_percent_encode(&id, NON_ALPHANUMERIC);
            prop_assert_eq!(parse_path_id(&format!("/mysfits/{encoded}/like"), 1).unwrap(), id);
        }

        #[test]
        fn parsing_an_arbitrary_path_does_not_panic(path in "\\PC{0,300}", index in 0usize..4) {
            let _ = parse_path_id(&path, index);
        }
    }
}
