//! The routes `GET /v2/…` and `GET /v4…`, whose responses contain a document of the endpoint, or the part of
//! a document that describes one container.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;

use crate::container_document::{extract_container, extract_stats};
use crate::endpoint::{Document, Endpoint};
use crate::error::Error;
use crate::requested_document::RequestedDocument;

pub async fn respond(
    requested: RequestedDocument,
    endpoint: Data<Endpoint>,
) -> Result<HttpResponse, Error> {
    let json = match requested {
        RequestedDocument::Whole(document) => endpoint.fetch(document).await?,
        RequestedDocument::Container(id) => {
            extract_container(&endpoint.fetch(Document::Task).await?, &id)?
        }
        RequestedDocument::ContainerStats(id) => {
            extract_stats(&endpoint.fetch(Document::TaskStats).await?, &id)?
        }
    };
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(json))
}
