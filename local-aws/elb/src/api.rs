//! Operations of the API Elastic Load Balancing v2 (version 2015-12-01) in the query protocol.
//!
//! The operations describe one load balancer, and change its rules and target groups. Names of parameters and results are
//! those of AWS's model. Some error messages are recorded ones of the real service: those whose source the tests cite. The
//! others are this project's own.

use std::fmt::Display;
use std::sync::Arc;

use serde::de::DeserializeOwned;
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

fn call(
    load_balancer: &LoadBalancer,
    action: &str,
    parameters: Parameters,
) -> Option<Result<Value, Error>> {
    Some(match action {
        "CreateRule" => run(parameters, |request| rules::create(load_balancer, request)),
        "DeleteRule" => run(parameters, |request| rules::delete(load_balancer, &request)),
        "DescribeListenerAttributes" => run(parameters, |request| {
            attributes::of_listener(load_balancer, &request)
        }),
        "DescribeListeners" => run(parameters, |request| {
            listeners::describe(load_balancer, &request)
        }),
        "DescribeLoadBalancerAttributes" => run(parameters, |request| {
            attributes::of_load_balancer(load_balancer, &request)
        }),
        "DescribeLoadBalancers" => run(parameters, |request| {
            load_balancers::describe(load_balancer, &request)
        }),
        "DescribeRules" => run(parameters, |request| {
            rules::describe(load_balancer, &request)
        }),
        "DescribeTargetGroupAttributes" => run(parameters, |request| {
            attributes::of_target_group(load_balancer, &request)
        }),
        "DescribeTargetGroups" => run(parameters, |request| {
            target_groups::describe(load_balancer, &request)
        }),
        "DescribeTargetHealth" => run(parameters, |request| {
            target_health::describe(load_balancer, &request)
        }),
        "ModifyListener" => run(parameters, |request| {
            listeners::modify(load_balancer, request)
        }),
        "ModifyRule" => run(parameters, |request| rules::modify(load_balancer, request)),
        "ModifyTargetGroup" => run(parameters, |request| {
            target_groups::modify(load_balancer, &request)
        }),
        "ModifyTargetGroupAttributes" => run(parameters, |request| {
            attributes::modify_target_group(load_balancer, &request)
        }),
        "SetRulePriorities" => run(parameters, |request| {
            rules::set_priorities(load_balancer, &request)
        }),
        _ => return None,
    })
}

/// Parses the request of an operation, and calls the operation.
fn run<T: DeserializeOwned>(
    parameters: Parameters,
    operation: impl FnOnce(T) -> Result<Value, Error>,
) -> Result<Value, Error> {
    operation(parameters.parse()?)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::bad_request("ValidationError", message)
}

/// Converts a number. The error of a number outside the range in AWS's model has the words of AWS's validation of requests.
fn in_range<T>(name: &str, value: i64, min: T, max: T) -> Result<T, Error>
where
    T: Copy + Display + Into<i64> + TryFrom<i64>,
{
    let bound = match T::try_from(value) {
        Ok(number) if (min.into()..=max.into()).contains(&value) => return Ok(number),
        _ if value < min.into() => format!("greater than or equal to {min}"),
        _ => format!("less than or equal to {max}"),
    };
    Err(invalid(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have value {bound}"
    )))
}

/// As [`in_range`], for a parameter that a request need not have.
fn option_in_range<T>(name: &str, value: Option<i64>, min: T, max: T) -> Result<Option<T>, Error>
where
    T: Copy + Display + Into<i64> + TryFrom<i64>,
{
    value
        .map(|value| in_range(name, value, min, max))
        .transpose()
}

/// Checks the ARN of a listener.
fn check_listener(load_balancer: &LoadBalancer, arn: &str) -> Result<(), Error> {
    if arn == load_balancer.names.listener_arn() {
        return Ok(());
    }
    check_form(arn, "listener", "listener")?;
    let message = "One or more listeners not found";
    Err(Error::bad_request("ListenerNotFound", message))
}

/// Checks the ARN of a load balancer.
fn check_load_balancer(load_balancer: &LoadBalancer, arn: &str) -> Result<(), Error> {
    if arn == load_balancer.names.load_balancer_arn() {
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
