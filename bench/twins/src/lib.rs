//! The server and the responses of the twins. A twin is the smallest program that serves the routes of a
//! service with the crates of that service. A twin has no telemetry, no limits, no deadlines, no access log
//! and no drain. Twins are for `script/bench` only.

use std::env;
use std::error::Error;
use std::net::Ipv4Addr;
use std::num::NonZero;
use std::thread::available_parallelism;

use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use serde::Serialize;

/// The headers that the services add to every response. The twins send a constant trace id, so that a
/// response of a twin has as many bytes as the response of the service.
const HEADERS: [(&str, &str); 4] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "X-Amzn-Trace-Id"),
    ("timing-allow-origin", "*"),
    (
        "x-amzn-trace-id",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
    ),
];

/// The body of a successful update.
#[derive(Serialize)]
pub struct Update {
    /// The constant `Success`.
    #[serde(rename = "Update")]
    pub update: &'static str,
}

/// The body of a health check on `/`.
#[derive(Serialize)]
pub struct Message {
    /// The text for the person who calls the health check.
    pub message: &'static str,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Serialize)]
struct Failure {
    error: Detail,
}

#[derive(Serialize)]
struct Detail {
    code: &'static str,
    message: &'static str,
}

/// Serves `routes` and `/health/live` on the port `PORT`, with one worker for each processor, as the
/// services do.
///
/// # Errors
///
/// Returns an error when `PORT` is missing, invalid or in use.
pub async fn serve(
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let port: u16 = read_variable("PORT")?.parse()?;
    let add_health_check = |config: &mut ServiceConfig| {
        config.route("/health/live", web::get().to(async || health("live")));
    };
    HttpServer::new(move || {
        App::new()
            .configure(add_health_check)
            .configure(routes.clone())
    })
    .workers(available_parallelism().map_or(1, NonZero::get))
    .tcp_nodelay(true)
    .disable_signals()
    .bind((Ipv4Addr::UNSPECIFIED, port))?
    .run()
    .await?;
    Ok(())
}

/// Reads an environment variable.
///
/// # Errors
///
/// Returns an error that names the variable when the variable is not set.
pub fn read_variable(name: &str) -> Result<String, Box<dyn Error>> {
    env::var(name).map_err(|error| format!("{name}: {error}").into())
}

/// A response with `status` and `body` as JSON.
pub fn respond(status: StatusCode, body: impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    for header in HEADERS {
        response.insert_header(header);
    }
    response.json(body)
}

/// A response with status 200 whose body `json` is already JSON.
pub fn respond_with_json(json: bytes::Bytes) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for header in HEADERS {
        response.insert_header(header);
    }
    response.content_type("application/json").body(json)
}

/// The response of a health check that succeeded.
pub fn health(status: &'static str) -> HttpResponse {
    respond(StatusCode::OK, Health { status })
}

/// An error response in the format of the services.
pub fn fail(status: StatusCode, code: &'static str, message: &'static str) -> HttpResponse {
    let error = Detail { code, message };
    respond(status, Failure { error })
}

/// The response to a request with an unknown id.
pub fn unknown_id() -> HttpResponse {
    fail(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no mysfit with this id",
    )
}
