//! The id of the mysfit that is liked.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use http_shell::annotate;
use http_shell::id::parse_path_id;

use crate::error::Error;

/// An id that can be put into the path of the hook: of limited length, and not a relative path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysfitId(String);

impl MysfitId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(path: &str) -> Result<Self, Error> {
        let id = parse_path_id(path, 1)?;
        // A proxy may resolve these two as relative path segments, even if they are encoded.
        if id == "." || id == ".." {
            return Err(Error::NoSuchMysfit);
        }
        annotate("mysfit.id", || id.clone());
        Ok(Self(id))
    }
}

impl FromRequest for MysfitId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// Parses the segment after `/mysfits/`.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.uri().path()))
    }
}

#[cfg(test)]
impl From<&str> for MysfitId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_shell::id::IdError;

    #[test]
    fn a_dot_segment_is_rejected_also_if_it_is_encoded() {
        for dots in [".", "..", "%2e", "%2E%2e", ".%2E"] {
            let parsed = MysfitId::parse(&format!("/mysfits/{dots}/like"));
            assert!(matches!(parsed, Err(Error::NoSuchMysfit)), "{dots}");
        }
        assert!(MysfitId::parse("/mysfits/.../like").is_ok());
    }

    #[test]
    fn an_id_with_an_encoded_slash_keeps_its_error() {
        let parsed = MysfitId::parse("/mysfits/a%2Fb/like");
        assert!(matches!(parsed, Err(Error::Id(IdError::Slash))));
    }
}
