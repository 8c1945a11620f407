//! The AWS endpoint: one address for all local AWS services.

use std::sync::Arc;

use axum::Router;
use ecs::Ecs;
use elb::LoadBalancer;
use wire::{Api, Service, endpoint};
use xray::Xray;

mod sts;

/// Returns the routes of the endpoint. `dynamodb` answers the requests to DynamoDB and to DynamoDB Streams, and
/// `load_balancer` those to Elastic Load Balancing, and `ecs` those to ECS. Without `xray`, the endpoint has no X-Ray.
pub fn router(
    dynamodb: Router,
    load_balancer: &Arc<LoadBalancer>,
    ecs: &Ecs,
    xray: Option<Arc<Xray>>,
) -> Router {
    // The emulator also answers for DynamoDB Streams.
    let dynamodb = ["DynamoDB_20120810", "DynamoDBStreams_20120810"].map(|target_prefix| Service {
        signing_name: "dynamodb",
        api: Api::Json {
            target_prefix,
            router: dynamodb.clone(),
        },
    });
    let xray = xray.map(|xray| Service {
        signing_name: "xray",
        api: Api::Rest {
            has_path: xray::has_path,
            router: xray::router(xray),
        },
    });
    let services = dynamodb
        .into_iter()
        .chain([ecs.service(), load_balancer.service(), sts::service()])
        .chain(xray);
    endpoint(services.collect())
}
