//! Listeners: describe, modify.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::actions::{self, Action};
use super::pages::page;
use super::{check_listener, check_load_balancer, invalid};
use crate::forward::Forward;
use crate::load_balancer::LoadBalancer;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeListeners {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    listener_arns: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

pub fn describe(load_balancer: &LoadBalancer, request: &DescribeListeners) -> Result<Value, Error> {
    let DescribeListeners {
        load_balancer_arn,
        listener_arns,
        marker,
        page_size,
    } = request;
    match load_balancer_arn {
        Some(_) if !listener_arns.is_empty() => {
            return Err(invalid(
                "Listener ARNs and a load balancer ARN cannot be specified at the same time",
            ));
        }
        Some(arn) => check_load_balancer(load_balancer, arn)?,
        None if listener_arns.is_empty() => {
            return Err(invalid(
                "You must specify either listener ARNs or a load balancer ARN",
            ));
        }
        None => {}
    }
    for arn in listener_arns {
        check_listener(load_balancer, arn)?;
    }
    let listener = describe_listener(load_balancer, load_balancer.listener().default_action());
    let listeners = [(load_balancer.port.to_string(), listener)];
    let query = (load_balancer_arn, listener_arns);
    page("Listeners", listeners, query, marker.as_deref(), *page_size)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ModifyListener {
    listener_arn: String,
    default_actions: Vec<Action>,
}

pub fn modify(load_balancer: &LoadBalancer, request: ModifyListener) -> Result<Value, Error> {
    check_listener(load_balancer, &request.listener_arn)?;
    let forward = actions::parse(load_balancer, request.default_actions)?;
    let description = describe_listener(load_balancer, &forward);
    load_balancer.change(|listener| {
        listener.set_default_action(forward);
        Ok(())
    })?;
    Ok(json!({ "Listeners": [description] }))
}

fn describe_listener(load_balancer: &LoadBalancer, default: &Forward) -> Value {
    json!({
        "ListenerArn": load_balancer.names.listener_arn(),
        "LoadBalancerArn": load_balancer.names.load_balancer_arn(),
        "Port": load_balancer.port,
        "Protocol": "HTTP",
        "DefaultActions": actions::describe(default),
    })
}
