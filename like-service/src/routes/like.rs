//! `POST /mysfits/{id}/like`: applies a fault if fault injection (chaos) is on, and sends the like to the
//! monolith.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use http_shell::json_response;

use crate::chaos::{Chaos, LikeReport};
use crate::error::Error;
use crate::monolith_client::{MonolithClient, MysfitId};

pub async fn like(
    id: MysfitId,
    chaos: Data<Chaos>,
    monolith: Data<MonolithClient>,
) -> Result<HttpResponse, Error> {
    let mut report = chaos.start_report();
    let result = process(&id, &chaos, &monolith, &mut report).await;
    report.record_status(match &result {
        Ok(_) => StatusCode::OK,
        Err(error) => error.status_code(),
    });
    result
}

async fn process(
    id: &MysfitId,
    chaos: &Chaos,
    monolith: &MonolithClient,
    report: &mut LikeReport,
) -> Result<HttpResponse, Error> {
    tracing::info!(mysfit.id = id.as_str(), "Like received.");
    chaos.apply_fault(report).await?;
    tracing::info!(mysfit.id = id.as_str(), "Like processed.");
    let answer = monolith.fulfill_like(id).await?;
    tracing::info!(mysfit.id = id.as_str(), "Fulfill processed.");
    Ok(json_response(answer))
}
