//! The id of the mysfit that is liked.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use http_shell::annotate;
use http_shell::id::path_id;

use crate::error::Error;

/// An id that can be sent on: opaque, bounded, and no path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MysfitId(String);

impl MysfitId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(path: &str) -> Result<Self, Error> {
        let id = path_id(path, 1)?;
        // Whoever reads the hook's path may take these two for steps in it, in every spelling.
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

    /// Takes the segment after `/mysfits/`.
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
    fn dots_are_no_id_in_any_spelling() {
        for dots in [".", "..", "%2e", "%2E%2e", ".%2E"] {
            let parsed = MysfitId::parse(&format!("/mysfits/{dots}/like"));
            assert!(matches!(parsed, Err(Error::NoSuchMysfit)), "{dots}");
        }
        assert!(MysfitId::parse("/mysfits/.../like").is_ok());
    }

    #[test]
    fn what_is_no_id_keeps_its_reason() {
        let parsed = MysfitId::parse("/mysfits/a%2Fb/like");
        assert!(matches!(parsed, Err(Error::Id(IdError::Slash))));
    }
}
