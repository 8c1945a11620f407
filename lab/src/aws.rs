//! The AWS endpoint: one address for all local AWS services.

use std::sync::Arc;

use axum::Router;
use wire::{Api, Service, endpoint};
use xray::Xray;

mod sts;

/// Returns the routes of the endpoint. `dynamodb` answers the requests to DynamoDB. Without `xray`, the endpoint has no
/// X-Ray.
pub fn router(dynamodb: Router, xray: Option<Arc<Xray>>) -> Router {
    let dynamodb = Service {
        signing_name: "dynamodb",
        api: Api::Json {
            target_prefix: "DynamoDB_20120810",
            router: dynamodb,
        },
    };
    let xray = xray.map(|xray| Service {
        signing_name: "xray",
        api: Api::Rest {
            has_path: xray::has_path,
            router: xray::router(xray),
        },
    });
    endpoint([dynamodb, sts::service()].into_iter().chain(xray).collect())
}
