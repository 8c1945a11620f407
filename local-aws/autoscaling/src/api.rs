//! Operations of the API of Application Auto Scaling (version 2016-02-06), protocol AWS JSON 1.1.
//!
//! Names of parameters and results are those of AWS's model. Error messages are those that AWS returned where a recorded
//! response exists: the tests cite the sources. The others are this project's own.

use std::hash::Hash;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wire::{
    Api, Error, PageTokens, Service, json_router, parse_json_value, shorten, unknown_operation,
};

use crate::capacity::ServiceId;
use crate::scaling::AutoScaling;

mod activities;
mod constraints;
mod policies;
mod step_requests;
mod targets;
mod tracking_requests;

/// The name of the service in credential scopes.
const SIGNING_NAME: &str = "application-autoscaling";

/// Maximum size of a request body in MiB.
const MAX_BODY_MIB: usize = 1;

/// The error code of most requests that are refused.
const INVALID: &str = "ValidationException";

/// The only namespace with scalable targets.
const NAMESPACE: &str = "ecs";

/// The only scalable dimension.
const DIMENSION: &str = "ecs:service:DesiredCount";

impl AutoScaling {
    /// The API as a service of an AWS endpoint.
    pub fn service(&self) -> Service {
        let this = self.clone();
        let router = json_router(MAX_BODY_MIB, move |operation, body| {
            let this = this.clone();
            async move {
                let parameters: Map<_, _> = body.parse(INVALID)?;
                this.call(&operation, &parameters.into()).await
            }
        });
        Service {
            signing_name: SIGNING_NAME,
            api: Api::Json {
                target_prefix: "AnyScaleFrontendService",
                router,
            },
        }
    }

    async fn call(&self, operation: &str, parameters: &Value) -> Result<Value, Error> {
        let shared = &self.shared;
        match operation {
            "DeleteScalingPolicy" => policies::delete(shared, parse(parameters)?).await,
            "DeregisterScalableTarget" => targets::deregister(shared, parse(parameters)?).await,
            "DescribeScalableTargets" => targets::describe(shared, parse(parameters)?).await,
            "DescribeScalingActivities" => activities::describe(shared, parse(parameters)?).await,
            "DescribeScalingPolicies" => policies::describe(shared, parse(parameters)?).await,
            "PutScalingPolicy" => policies::put(shared, parse(parameters)?).await,
            "RegisterScalableTarget" => targets::register(shared, parse(parameters)?).await,
            _ => Err(unknown_operation(SIGNING_NAME, operation)),
        }
    }
}

/// Converts the parameters of a request. An unknown parameter is refused, and named.
fn parse<T: DeserializeOwned>(parameters: &Value) -> Result<T, Error> {
    parse_json_value(parameters, INVALID)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request(INVALID, message)
}

/// The service that three parameters name. `None` if no target of this service can have them.
fn service_of(namespace: &str, resource_id: &str, dimension: &str) -> Option<ServiceId> {
    let is_ecs = namespace == NAMESPACE && dimension == DIMENSION;
    is_ecs.then(|| ServiceId::parse(resource_id)).flatten()
}

/// The words with which AWS names a scalable target in errors.
fn identity(namespace: &str, resource_id: &str, dimension: &str) -> String {
    format!(
        "service namespace: {namespace}, resource ID: {}, scalable dimension: {dimension}",
        shorten(resource_id)
    )
}

/// Seconds since the Unix epoch, with milliseconds.
fn timestamp(time: std::time::SystemTime) -> Value {
    let since_epoch = time.duration_since(std::time::UNIX_EPOCH);
    let milliseconds = since_epoch.unwrap_or_default().as_millis();
    (milliseconds as f64 / 1000.0).into()
}

/// A page of results: `MaxResults` and `NextToken`.
struct Page<'a> {
    max_results: Option<i32>,
    next_token: Option<&'a str>,
    /// Most results on a page.
    limit: i32,
}

impl Page<'_> {
    /// Returns the items of the page, and the token of the next page. `items` are sorted by their keys; `query` is what
    /// selects them.
    fn of<T>(
        &self,
        items: impl IntoIterator<Item = (String, T)>,
        query: impl Hash,
    ) -> Result<(Vec<T>, Option<String>), Error> {
        let size = self.max_results.unwrap_or(self.limit);
        if size < 1 {
            return Err(invalid(format!(
                "MaxResults must be between 1 and {}, but was {size}",
                self.limit
            )));
        }
        // AWS also accepts larger values.
        let size = size.min(self.limit);
        let tokens = PageTokens::new(query);
        let start = match self.next_token {
            None => None,
            Some(token) => Some(tokens.position(token).ok_or_else(|| {
                let message = "The NextToken value is not valid";
                Error::bad_request("InvalidNextTokenException", message)
            })?),
        };
        let is_new = |key: &str| start.is_none_or(|start| key > start);
        let mut items = items.into_iter().filter(|(key, _)| is_new(key)).peekable();
        let mut page = Vec::new();
        let mut last = String::new();
        for _ in 0..size {
            let Some((key, item)) = items.next() else {
                break;
            };
            page.push(item);
            last = key;
        }
        let next = items.peek().map(|_| tokens.token_after(&last));
        Ok((page, next))
    }
}

/// The response of an operation that describes a list.
fn list(name: &str, items: Vec<Value>, next_token: Option<String>) -> Value {
    let mut response = Map::new();
    response.insert(name.to_owned(), items.into());
    if let Some(next_token) = next_token {
        response.insert("NextToken".to_owned(), next_token.into());
    }
    response.into()
}
