//! `POST /mysfits/{id}/adopt`.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use crate::error::Error;
use crate::mysfit::MysfitId;
use crate::store::Store;

pub async fn adopt(id: MysfitId, store: Data<Store>) -> Result<HttpResponse, Error> {
    store.adopt(&id).await?;
    Ok(HttpResponse::Ok().json(json!({"Update": "Success"})))
}
