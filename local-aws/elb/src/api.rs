//! Operations of the API Elastic Load Balancing v2 (version 2015-12-01) in the query protocol.
//!
//! The operations describe one load balancer, and change its rules and target groups. Names of parameters and results are
//! those of AWS's model. Error messages are those of recorded responses of the real service where there are any.

use std::sync::Arc;

use serde_json::Value;
use wire::{Api, Error, Parameters, Service, shorten};

use crate::load_balancer::LoadBalancer;
use crate::names;

mod actions;
mod attributes;
mod conditions;
mod listeners;
mod load_balancers;
mod pages;
mod rules;
mod target_groups;
mod target_health;

impl LoadBalancer {
    /// The API as a service of an AWS endpoint.
    pub fn service(self: &Arc<Self>) -> Service {
        let load_balancer = Arc::clone(self);
        Service {
            signing_name: "elasticloadbalancing",
            api: Api::Query {
                version: "2015-12-01",
                namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
                call: Arc::new(move |action, parameters| call(&load_balancer, action, parameters)),
            },
        }
    }
}

fn call(it: &LoadBalancer, action: &str, parameters: Parameters) -> Option<Result<Value, Error>> {
    let parse = parameters;
    Some(match action {
        "CreateRule" => parse.parse().and_then(|request| rules::create(it, request)),
        "DeleteRule" => parse
            .parse()
            .and_then(|request| rules::delete(it, &request)),
        "DescribeListenerAttributes" => parse
            .parse()
            .and_then(|request| attributes::of_listener(it, &request)),
        "DescribeListeners" => parse
            .parse()
            .and_then(|request| listeners::describe(it, &request)),
        "DescribeLoadBalancerAttributes" => parse
            .parse()
            .and_then(|request| attributes::of_load_balancer(it, &request)),
        "DescribeLoadBalancers" => parse
            .parse()
            .and_then(|request| load_balancers::describe(it, &request)),
        "DescribeRules" => parse
            .parse()
            .and_then(|request| rules::describe(it, &request)),
        "DescribeTargetGroupAttributes" => parse
            .parse()
            .and_then(|request| attributes::of_target_group(it, &request)),
        "DescribeTargetGroups" => parse
            .parse()
            .and_then(|request| target_groups::describe(it, &request)),
        "DescribeTargetHealth" => parse
            .parse()
            .and_then(|request| target_health::describe(it, &request)),
        "ModifyListener" => parse
            .parse()
            .and_then(|request| listeners::modify(it, request)),
        "ModifyRule" => parse.parse().and_then(|request| rules::modify(it, request)),
        "ModifyTargetGroup" => parse
            .parse()
            .and_then(|request| target_groups::modify(it, &request)),
        "ModifyTargetGroupAttributes" => parse
            .parse()
            .and_then(|request| attributes::modify_target_group(it, &request)),
        "SetRulePriorities" => parse
            .parse()
            .and_then(|request| rules::set_priorities(it, &request)),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request("ValidationError", message)
}

/// The error of a number outside the range in AWS's model, in the words of AWS's validation of requests.
fn check_range(name: &str, value: Option<u32>, min: u32, max: u32) -> Result<(), Error> {
    let problem = match value {
        Some(value) if value < min => (value, format!("greater than or equal to {min}")),
        Some(value) if value > max => (value, format!("less than or equal to {max}")),
        _ => return Ok(()),
    };
    let (value, bound) = problem;
    Err(invalid(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have value {bound}"
    )))
}

/// Checks the ARN of a listener.
fn check_listener(it: &LoadBalancer, arn: &str) -> Result<(), Error> {
    if arn == it.names.listener_arn() {
        return Ok(());
    }
    check_form(arn, "listener", "listener")?;
    let message = "One or more listeners not found";
    Err(Error::bad_request("ListenerNotFound", message))
}

/// Checks the ARN of a load balancer.
fn check_load_balancer(it: &LoadBalancer, arn: &str) -> Result<(), Error> {
    if arn == it.names.load_balancer_arn() {
        return Ok(());
    }
    check_form(arn, "loadbalancer", "load balancer")?;
    Err(no_such_load_balancer(arn))
}

fn no_such_load_balancer(name_or_arn: &str) -> Error {
    let message = format!("Load balancers '[{}]' not found", shorten(name_or_arn));
    Error::bad_request("LoadBalancerNotFound", message)
}

/// Refuses a text that is not the ARN of a resource of this type. `description` is the type in error messages.
fn check_form(arn: &str, resource_type: &str, description: &str) -> Result<(), Error> {
    if names::is_arn(arn, resource_type) {
        return Ok(());
    }
    let arn = shorten(arn);
    Err(invalid(format!("'{arn}' is not a valid {description} ARN")))
}
