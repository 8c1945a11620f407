//! `GET /mysfits/{id}`: one mysfit, whole.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::error::Error;
use crate::mysfit::MysfitId;
use crate::store::Store;

pub async fn show(id: MysfitId, store: Data<Store>) -> Result<HttpResponse, Error> {
    let mysfit = store.find(&id).await?;
    Ok(HttpResponse::Ok().json(mysfit))
}
