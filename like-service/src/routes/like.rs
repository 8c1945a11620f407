//! `POST /mysfits/{id}/like`: chaos first, then the hook.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use actix_web::web::Data;
use bytes::Bytes;

use crate::chaos::Chaos;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::monolith_client::{MonolithClient, MysfitId};

pub async fn like(
    id: MysfitId,
    chaos: Data<Chaos>,
    monolith: Data<MonolithClient>,
    metrics: Data<Metrics>,
) -> Result<HttpResponse, Error> {
    let liked = take(&id, &chaos, &monolith).await;
    metrics.like(&liked);
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .body(liked?))
}

async fn take(id: &MysfitId, chaos: &Chaos, monolith: &MonolithClient) -> Result<Bytes, Error> {
    tracing::info!(mysfit.id = id.as_str(), "Like received.");
    chaos.strike().await?;
    tracing::info!(mysfit.id = id.as_str(), "Like processed.");
    let answer = monolith.fulfill_like(id).await?;
    tracing::info!(mysfit.id = id.as_str(), "Fulfill processed.");
    Ok(answer)
}
