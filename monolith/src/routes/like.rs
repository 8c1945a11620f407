//! `POST /mysfits/{id}/fulfill-like`: the hook that the Like service calls.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::Error;
use crate::mysfit::MysfitId;
use crate::store::Store;

pub async fn fulfill(id: MysfitId, store: Data<Store>) -> Result<HttpResponse, Error> {
    store.like(&id).await?;
    Ok(HttpResponse::Ok().json(json!({"Update": "Success"})))
}
