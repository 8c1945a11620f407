//! Extracts the id from the path of a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use http_shell::annotate;

use crate::error::Error;
use crate::mysfit::MysfitId;

/// The id in the path segment after `/mysfits/`. The extractor adds the id to the request's span.
pub struct PathId(pub MysfitId);

impl FromRequest for PathId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = MysfitId::from_path(request.uri().path())
            .inspect(|id| annotate("mysfit.id", || id.as_str().to_owned()));
        ready(id.map(Self).map_err(Error::Id))
    }
}
