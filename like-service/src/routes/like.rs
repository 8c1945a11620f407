//! `POST /mysfits/{id}/like`: applies a fault if fault injection (chaos) is on, and sends the like to the
//! monolith.

use actix_web::HttpResponse;
use actix_web::web::Data;
use http_shell::json_response;

use crate::chaos::Chaos;
use crate::error::Error;
use crate::monolith_client::{MonolithClient, MysfitId};

pub async fn like(
    id: MysfitId,
    chaos: Data<Chaos>,
    monolith: Data<MonolithClient>,
) -> Result<HttpResponse, Error> {
    tracing::info!(mysfit.id = id.as_str(), "Like received.");
    chaos.apply_fault().await?;
    tracing::info!(mysfit.id = id.as_str(), "Like processed.");
    let answer = monolith.fulfill_like(&id).await?;
    tracing::info!(mysfit.id = id.as_str(), "Fulfill processed.");
    Ok(json_response(answer))
}
