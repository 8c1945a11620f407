//! `GET /mysfits`: all mysfits, or those that a filter lets through.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::error::Error;
use crate::mysfit::{Filter, FilterError, Summary};
use crate::store::Store;

#[derive(Deserialize)]
struct Parameters {
    filter: Option<String>,
    value: Option<String>,
}

pub async fn list(request: HttpRequest, store: Data<Store>) -> Result<HttpResponse, Error> {
    let Query(parameters) =
        Query::<Parameters>::from_query(request.query_string()).map_err(|_| FilterError::Query)?;
    let filter = Filter::parse(parameters.filter.as_deref(), parameters.value.as_deref())?;
    let mysfits = match filter {
        Some(filter) => store.filter(filter).await?,
        None => store.list().await?,
    };
    let mysfits: Vec<_> = mysfits.iter().map(Summary::from).collect();
    Ok(HttpResponse::Ok().json(json!({"mysfits": mysfits})))
}
