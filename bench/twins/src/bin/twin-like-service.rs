//! The twin of the Like service: passes likes on to the monolith with hyper's client, and nothing else.

use std::error::Error;

use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpResponse, Result};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use twins::{Message, fail, health, read_variable, respond, respond_with_json, serve, unknown_id};

struct Monolith {
    client: Client<HttpConnector, Empty<Bytes>>,
    address: String,
}

impl Monolith {
    async fn call(&self, method: Method, path: &str) -> Result<(u16, Bytes)> {
        let mut request = Request::new(Empty::new());
        let url = format!("http://{}{path}", self.address);
        *request.uri_mut() = url.parse().map_err(ErrorServiceUnavailable)?;
        if method == Method::POST {
            let zero_length = HeaderValue::from_static("0");
            request.headers_mut().insert(CONTENT_LENGTH, zero_length);
        }
        *request.method_mut() = method;
        let response = self.client.request(request).await;
        let response = response.map_err(ErrorServiceUnavailable)?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await;
        Ok((status, body.map_err(ErrorServiceUnavailable)?.to_bytes()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    actix_web::rt::System::new().block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let monolith = Data::new(Monolith {
            client: Client::builder(TokioExecutor::new()).build(connector),
            address: read_variable("MONOLITH_URL")?,
        });
        serve(move |config| add_routes(config, &monolith)).await
    })
}

fn add_routes(config: &mut ServiceConfig, monolith: &Data<Monolith>) {
    config
        .app_data(monolith.clone())
        .route("/", web::get().to(check_monolith))
        .route("/health/ready", web::get().to(check_readiness))
        .route("/mysfits/{id}/like", web::post().to(like));
}

async fn check_monolith(monolith: Data<Monolith>) -> Result<HttpResponse> {
    monolith.call(Method::GET, "/").await?;
    let message = "Health check, monolith service available.";
    Ok(respond(StatusCode::OK, Message { message }))
}

async fn check_readiness(monolith: Data<Monolith>) -> Result<HttpResponse> {
    monolith.call(Method::GET, "/").await?;
    Ok(health("ready"))
}

async fn like(monolith: Data<Monolith>, id: Path<String>) -> Result<HttpResponse> {
    let path = format!("/mysfits/{id}/fulfill-like");
    Ok(match monolith.call(Method::POST, &path).await? {
        (200, body) => respond_with_json(body),
        (404, _) => unknown_id(),
        _ => {
            let message = "the monolith is not available";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            fail(status, "service_unavailable", message)
        }
    })
}
