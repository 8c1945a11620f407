//! The routes at and below `/mysfits`: the list of mysfits, one mysfit, likes and adoptions.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use http_shell::json_response;
use serde::{Deserialize, Serialize};

use super::id::PathId;
use crate::error::Error;
use crate::mysfit::{Filter, FilterError, MysfitSummary};
use crate::store::Store;

/// The query parameters of `GET /mysfits`.
#[derive(Deserialize)]
struct ListQuery {
    filter: Option<String>,
    value: Option<String>,
}

/// The response to `GET /mysfits`.
#[derive(Serialize)]
struct List<'a> {
    mysfits: Vec<MysfitSummary<'a>>,
}

/// `GET /mysfits`: all mysfits, or the mysfits that match a filter.
pub async fn list(request: HttpRequest, store: Data<Store>) -> Result<HttpResponse, Error> {
    let Query(query) =
        Query::<ListQuery>::from_query(request.query_string()).map_err(|_| FilterError::Query)?;
    let mysfits = match Filter::parse(query.filter.as_deref(), query.value.as_deref())? {
        Some(filter) => store.list_matching(filter).await?,
        None => store.list().await?,
    };
    let mysfits = mysfits.iter().map(MysfitSummary::from).collect();
    Ok(HttpResponse::Ok().json(List { mysfits }))
}

/// `GET /mysfits/{id}`: one mysfit with all its attributes.
pub async fn show(PathId(id): PathId, store: Data<Store>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(store.find(&id).await?))
}

/// `POST /mysfits/{id}/fulfill-like`: adds one like. The Like service calls the route `fulfill-like`.
pub async fn fulfill_like(PathId(id): PathId, store: Data<Store>) -> Result<HttpResponse, Error> {
    store.add_like(&id).await?;
    Ok(update_success_response())
}

/// `POST /mysfits/{id}/adopt`: marks a mysfit as adopted.
pub async fn adopt(PathId(id): PathId, store: Data<Store>) -> Result<HttpResponse, Error> {
    store.adopt(&id).await?;
    Ok(update_success_response())
}

fn update_success_response() -> HttpResponse {
    json_response(r#"{"Update":"Success"}"#)
}
