//! `GET /v2/…` and `GET /v4…`: a document of the endpoint, or a part of one.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;

use crate::endpoint::{Document, Endpoint, part};
use crate::error::Error;
use crate::wanted::Wanted;

pub async fn answer(wanted: Wanted, endpoint: Data<Endpoint>) -> Result<HttpResponse, Error> {
    let document = match wanted {
        Wanted::Whole(document) => endpoint.fetch(document).await?,
        Wanted::Container(id) => part::container(&endpoint.fetch(Document::Task).await?, &id)?,
        Wanted::Stats(id) => part::stats(&endpoint.fetch(Document::TaskStats).await?, &id)?,
    };
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(document))
}
