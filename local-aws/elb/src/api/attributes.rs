//! The attributes of load balancers, listeners and target groups. They say what this load balancer does. Only the
//! deregistration delay of a target group can change.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::target_groups::{find, seconds};
use super::{check_listener, check_load_balancer, invalid};
use crate::group::TargetGroup;
use crate::load_balancer::LoadBalancer;

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";

/// The attributes of each load balancer, without the idle timeout.
const OF_LOAD_BALANCER: [(&str, &str); 15] = [
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.prefix", ""),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.bucket", ""),
    ("connection_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
    ("load_balancing.cross_zone.enabled", "true"),
    ("routing.http.desync_mitigation_mode", "defensive"),
    ("routing.http.drop_invalid_header_fields.enabled", "true"),
    ("routing.http.preserve_host_header.enabled", "true"),
    (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
        "false",
    ),
    ("routing.http.xff_client_port.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "false"),
];

const OF_LISTENER: [(&str, &str); 1] = [("routing.http.response.server.enabled", "true")];

/// The attributes of each target group, without the deregistration delay.
const OF_TARGET_GROUP: [(&str, &str); 9] = [
    ("load_balancing.algorithm.type", "round_robin"),
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
    ),
    ("slow_start.duration_seconds", "0"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("stickiness.app_cookie.cookie_name", ""),
    ("stickiness.app_cookie.duration_seconds", "86400"),
    (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
    ),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct LoadBalancerArn {
    load_balancer_arn: String,
}

pub fn of_load_balancer(
    load_balancer: &LoadBalancer,
    request: &LoadBalancerArn,
) -> Result<Value, Error> {
    check_load_balancer(load_balancer, &request.load_balancer_arn)?;
    let idle = seconds(load_balancer.timeouts.idle).to_string();
    Ok(describe(
        &OF_LOAD_BALANCER,
        Some(("idle_timeout.timeout_seconds", &idle)),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ListenerArn {
    listener_arn: String,
}

pub fn of_listener(load_balancer: &LoadBalancer, request: &ListenerArn) -> Result<Value, Error> {
    check_listener(load_balancer, &request.listener_arn)?;
    Ok(describe(&OF_LISTENER, None))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TargetGroupArn {
    target_group_arn: String,
}

pub fn of_target_group(
    load_balancer: &LoadBalancer,
    request: &TargetGroupArn,
) -> Result<Value, Error> {
    Ok(describe_target_group(find(
        load_balancer,
        &request.target_group_arn,
    )?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ModifyTargetGroupAttributes {
    target_group_arn: String,
    attributes: Vec<Attribute>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Attribute {
    key: String,
    value: String,
}

pub fn modify_target_group(
    load_balancer: &LoadBalancer,
    request: &ModifyTargetGroupAttributes,
) -> Result<Value, Error> {
    let group = find(load_balancer, &request.target_group_arn)?;
    let mut delay = None;
    for Attribute { key, value } in &request.attributes {
        match OF_TARGET_GROUP.iter().find(|(known, _)| known == key) {
            // All attributes are checked before one changes.
            None if key == DEREGISTRATION_DELAY => delay = Some(parse_delay(value)?),
            None => {
                let key = shorten(key);
                let message = format!("Target group attribute key '{key}' is not recognized");
                return Err(invalid(message));
            }
            Some((_, fixed)) if fixed == value => {}
            Some((_, fixed)) => {
                let value = shorten(value);
                let message = format!(
                    "The value '{value}' of the target group attribute {key} is not implemented, only '{fixed}'"
                );
                return Err(invalid(message));
            }
        }
    }
    if let Some(delay) = delay {
        group.set_deregistration_delay(delay);
    }
    Ok(describe_target_group(group))
}

fn parse_delay(value: &str) -> Result<Duration, Error> {
    let seconds = value.parse().ok().filter(|seconds| *seconds <= 3600);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        let value = shorten(value);
        invalid(format!(
            "'{DEREGISTRATION_DELAY}' value '{value}' must be between '0-3600' inclusive"
        ))
    })
}

fn describe_target_group(group: &TargetGroup) -> Value {
    let delay = seconds(group.deregistration_delay()).to_string();
    describe(&OF_TARGET_GROUP, Some((DEREGISTRATION_DELAY, &delay)))
}

fn describe(fixed: &[(&str, &str)], variable: Option<(&str, &str)>) -> Value {
    let attributes = fixed.iter().copied().chain(variable);
    let attributes: Vec<_> = attributes
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    json!({ "Attributes": attributes })
}
