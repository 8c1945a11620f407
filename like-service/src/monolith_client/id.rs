//! The id of the mysfit that is liked.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use http_shell::annotate;
use http_shell::id::parse_path_id;

use crate::error::Error;

/// An id that is valid as a path segment of a request to the monolith: of limited length, and neither `.`
/// nor `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysfitId(String);

impl MysfitId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(path: &str) -> Result<Self, Error> {
        let id = parse_path_id(path, 1)?;
        // A proxy may resolve the ids `.` and `..` as relative path segments, even if the ids are
        // percent-encoded.
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
    fn an_id_of_one_or_two_dots_is_rejected_even_if_it_is_encoded() {
        for dots in [".", "..", "%2e", "%2E%2e", ".%2E"] {
            let parsed = MysfitId::parse(&format!("/mysfits/{dots}/like"));
            assert!(matches!(parsed, Err(Error::NoSuchMysfit)), "{dots}");
        }
        assert!(MysfitId::parse("/mysfits/.../like").is_ok());
    }

    #[test]
    fn an_id_with_an_encoded_slash_is_rejected_with_the_error_for_slashes() {
        let parsed = MysfitId::parse("/mysfits/a%2Fb/like");
        assert!(matches!(parsed, Err(Error::Id(IdError::Slash))));
    }
}
