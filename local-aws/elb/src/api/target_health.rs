//! The health of targets, with the reasons and descriptions of AWS's guide ("Target health reason codes").

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::option_in_range;
use super::target_groups::{find, is_in_use};
use crate::health::{Health, State};
use crate::load_balancer::LoadBalancer;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeTargetHealth {
    target_group_arn: String,
    #[serde(default)]
    targets: Vec<TargetDescription>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TargetDescription {
    id: String,
    port: Option<i64>,
}

pub fn describe(
    load_balancer: &LoadBalancer,
    request: &DescribeTargetHealth,
) -> Result<Value, Error> {
    let group = find(load_balancer, &request.target_group_arn)?;
    let is_in_use = is_in_use(load_balancer, group);
    let registered: Vec<_> = group
        .targets()
        .iter()
        .map(|target| {
            (
                target.address(),
                describe_health(target.health(), is_in_use),
            )
        })
        .collect();
    let mut descriptions = Vec::new();
    let describe = |id: &str, port: u16, health: &Value| {
        json!({
            "Target": { "Id": id, "Port": port },
            "HealthCheckPort": port.to_string(),
            "TargetHealth": health,
        })
    };
    for (number, target) in request.targets.iter().enumerate() {
        let name = format!("targets.{}.member.port", number + 1);
        let wanted: Option<u16> = option_in_range(&name, target.port, 1, 65_535)?;
        let id: Option<IpAddr> = target.id.parse().ok();
        let matching = registered.iter().filter(|(address, _)| {
            let is_port = wanted.is_none_or(|port| port == address.port());
            Some(address.ip()) == id && is_port
        });
        let count = descriptions.len();
        descriptions.extend(
            matching.map(|(address, health)| {
                describe(&address.ip().to_string(), address.port(), health)
            }),
        );
        if descriptions.len() == count {
            let port = wanted.unwrap_or(group.port());
            let health = health(
                "unused",
                "Target.NotRegistered",
                "Target is not registered to the target group",
            );
            descriptions.push(describe(&shorten(&target.id), port, &health));
        }
    }
    if request.targets.is_empty() {
        descriptions.extend(
            registered.iter().map(|(address, health)| {
                describe(&address.ip().to_string(), address.port(), health)
            }),
        );
    }
    Ok(json!({ "TargetHealthDescriptions": descriptions }))
}

fn describe_health(target: Health, is_in_use: bool) -> Value {
    match target.state() {
        State::Draining => health(
            "draining",
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        ),
        _ if !is_in_use => health(
            "unused",
            "Target.NotInUse",
            "Target group is not configured to receive traffic from the load balancer",
        ),
        State::Initial => health(
            "initial",
            "Elb.InitialHealthChecking",
            "Initial health checks in progress",
        ),
        State::Healthy => json!({ "State": "healthy" }),
        State::Unhealthy => {
            let (reason, description) = target.describe_failure();
            health("unhealthy", reason, &description)
        }
    }
}

fn health(state: &str, reason: &str, description: &str) -> Value {
    json!({ "State": state, "Reason": reason, "Description": description })
}
