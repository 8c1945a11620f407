//! The AWS endpoint: one address for all local AWS services.

use std::sync::Arc;

use autoscaling::AutoScaling;
use axum::Router;
use cloudwatch::CloudWatch;
use ecs::Ecs;
use elb::LoadBalancer;
use wire::{Api, Service, endpoint};
use xray::Xray;

use crate::logs::Logs;

mod sts;

/// Returns the routes of the endpoint. Each argument answers the requests to its service.
pub fn router(
    dynamodb: Router,
    load_balancer: &Arc<LoadBalancer>,
    ecs: &Ecs,
    logs: &Logs,
    cloudwatch: &Arc<CloudWatch>,
    scaling: &AutoScaling,
    xray: Arc<Xray>,
) -> Router {
    // The emulator also answers for DynamoDB Streams.
    let dynamodb = ["DynamoDB_20120810", "DynamoDBStreams_20120810"].map(|target_prefix| Service {
        signing_name: "dynamodb",
        api: Api::Json {
            target_prefix,
            router: dynamodb.clone(),
        },
    });
    let xray = Service {
        signing_name: "xray",
        api: Api::Rest {
            has_path: xray::has_path,
            router: xray::router(xray),
        },
    };
    let services = dynamodb
        .into_iter()
        .chain([ecs.service(), load_balancer.service(), logs.service()])
        .chain([
            cloudwatch.service(),
            scaling.service(),
            sts::service(),
            xray,
        ]);
    endpoint(services.collect())
}
