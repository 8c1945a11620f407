//! Target groups: describe, modify.

use std::sync::Arc;
use std::time::Duration;

use axum::http::uri::PathAndQuery;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::pages::page;
use super::{check_form, check_load_balancer, invalid, option_in_range};
use crate::group::TargetGroup;
use crate::load_balancer::LoadBalancer;
use crate::matcher::Matcher;

/// The only port of health checks: the one on which the target receives requests.
const TRAFFIC_PORT: &str = "traffic-port";

/// Maximum length of a matcher. AWS documents none.
const MAX_MATCHER_LENGTH: usize = 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeTargetGroups {
    load_balancer_arn: Option<String>,
    #[serde(default)]
    target_group_arns: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

pub fn describe(
    load_balancer: &LoadBalancer,
    request: &DescribeTargetGroups,
) -> Result<Value, Error> {
    let DescribeTargetGroups {
        load_balancer_arn,
        target_group_arns,
        names,
        marker,
        page_size,
    } = request;
    let filters = [
        load_balancer_arn.is_some(),
        !target_group_arns.is_empty(),
        !names.is_empty(),
    ];
    if filters.into_iter().filter(|it| *it).count() > 1 {
        return Err(invalid(
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time",
        ));
    }
    if let Some(arn) = load_balancer_arn {
        check_load_balancer(load_balancer, arn)?;
    }
    for arn in target_group_arns {
        find(load_balancer, arn)?;
    }
    let is_known = |name: &String| {
        load_balancer
            .target_groups
            .iter()
            .any(|group| group.name() == name)
    };
    if !names.iter().all(is_known) {
        return Err(no_such_group());
    }
    let groups = load_balancer.target_groups.iter().filter(|group| {
        let arn_or_name = |list: &[String], text: &str| list.iter().any(|it| it == text);
        match filters {
            [true, ..] => is_in_use(load_balancer, group),
            [_, true, _] => arn_or_name(target_group_arns, group.arn()),
            [.., true] => arn_or_name(names, group.name()),
            _ => true,
        }
    });
    let groups = groups.map(|group| {
        (
            group.name().to_owned(),
            describe_group(load_balancer, group),
        )
    });
    let query = (load_balancer_arn, target_group_arns, names);
    page("TargetGroups", groups, query, marker.as_deref(), *page_size)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ModifyTargetGroup {
    target_group_arn: String,
    health_check_protocol: Option<String>,
    health_check_port: Option<String>,
    health_check_path: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_interval_seconds: Option<i64>,
    health_check_timeout_seconds: Option<i64>,
    healthy_threshold_count: Option<i64>,
    unhealthy_threshold_count: Option<i64>,
    matcher: Option<MatcherParameter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct MatcherParameter {
    http_code: String,
}

pub fn modify(load_balancer: &LoadBalancer, request: &ModifyTargetGroup) -> Result<Value, Error> {
    let group = find(load_balancer, &request.target_group_arn)?;
    check_fixed_settings(request)?;
    let interval = request.health_check_interval_seconds;
    let interval: Option<u32> = option_in_range("healthCheckIntervalSeconds", interval, 5, 300)?;
    let timeout = request.health_check_timeout_seconds;
    let timeout: Option<u32> = option_in_range("healthCheckTimeoutSeconds", timeout, 2, 120)?;
    let healthy = request.healthy_threshold_count;
    let healthy = option_in_range("healthyThresholdCount", healthy, 2, 10)?;
    let unhealthy = request.unhealthy_threshold_count;
    let unhealthy = option_in_range("unhealthyThresholdCount", unhealthy, 2, 10)?;
    let path = request.health_check_path.as_deref();
    let path = path.map(parse_path).transpose()?;
    let matcher = request.matcher.as_ref();
    let matcher = matcher.map(|it| parse_matcher(&it.http_code)).transpose()?;
    group.change_health_check(|health_check| {
        if let Some(path) = path {
            health_check.path = path;
        }
        if let Some(seconds) = interval {
            health_check.interval = Duration::from_secs(seconds.into());
        }
        if let Some(seconds) = timeout {
            health_check.timeout = Duration::from_secs(seconds.into());
        }
        let is_new = interval.is_some() || timeout.is_some();
        if is_new && health_check.interval <= health_check.timeout {
            return Err(invalid(
                "Health check interval must be greater than the timeout.",
            ));
        }
        health_check.healthy_threshold = healthy.unwrap_or(health_check.healthy_threshold);
        health_check.unhealthy_threshold = unhealthy.unwrap_or(health_check.unhealthy_threshold);
        if let Some(matcher) = matcher {
            health_check.matcher = matcher;
        }
        Ok(())
    })?;
    Ok(json!({ "TargetGroups": [describe_group(load_balancer, group)] }))
}

/// Refuses other values of the settings that cannot change.
fn check_fixed_settings(request: &ModifyTargetGroup) -> Result<(), Error> {
    let protocol = request.health_check_protocol.as_deref();
    if let Some(protocol) = protocol.filter(|it| *it != "HTTP") {
        let protocol = shorten(protocol);
        let message =
            format!("The health check protocol '{protocol}' is not implemented, only 'HTTP'");
        return Err(invalid(message));
    }
    let port = request.health_check_port.as_deref();
    if let Some(port) = port.filter(|it| *it != TRAFFIC_PORT) {
        let port = shorten(port);
        let message =
            format!("The health check port '{port}' is not implemented, only '{TRAFFIC_PORT}'");
        return Err(invalid(message));
    }
    if request.health_check_enabled == Some(false) {
        let message = "Health checks cannot be disabled for target groups with target type 'ip'";
        return Err(Error::bad_request("InvalidConfigurationRequest", message));
    }
    Ok(())
}

fn parse_path(path: &str) -> Result<PathAndQuery, Error> {
    let parsed: Option<PathAndQuery> = path.parse().ok();
    // The parser ignores the fragment of a URL, which begins with `#`.
    let parsed = parsed.filter(|parsed| parsed.as_str() == path);
    let is_path = path.starts_with('/') && path.len() <= 1024;
    parsed.filter(|_| is_path).ok_or_else(|| {
        let path = shorten(path);
        let message = format!("Health check path '{path}' must begin with '/', and have at most 1024 characters of a URL without a fragment");
        invalid(message)
    })
}

fn parse_matcher(codes: &str) -> Result<Matcher, Error> {
    let matcher = (codes.len() <= MAX_MATCHER_LENGTH).then(|| codes.parse().ok());
    matcher.flatten().ok_or_else(|| {
        invalid(format!(
            "Health check matcher HTTP code must be codes and ranges between 200 and 499, at most {MAX_MATCHER_LENGTH} characters"
        ))
    })
}

/// The target group with this ARN.
pub fn find<'a>(load_balancer: &'a LoadBalancer, arn: &str) -> Result<&'a Arc<TargetGroup>, Error> {
    check_form(arn, "targetgroup", "target group")?;
    let group = load_balancer
        .target_groups
        .iter()
        .find(|group| group.arn() == arn);
    group.ok_or_else(no_such_group)
}

fn no_such_group() -> Error {
    let message = "One or more target groups not found";
    Error::bad_request("TargetGroupNotFound", message)
}

/// Whether a rule forwards to the group, also with the weight 0.
pub fn is_in_use(load_balancer: &LoadBalancer, group: &Arc<TargetGroup>) -> bool {
    load_balancer.listener().uses(group)
}

fn describe_group(load_balancer: &LoadBalancer, group: &Arc<TargetGroup>) -> Value {
    let health_check = group.health_check();
    let load_balancer_arn =
        is_in_use(load_balancer, group).then(|| load_balancer.names.load_balancer_arn());
    json!({
        "TargetGroupArn": group.arn(),
        "TargetGroupName": group.name(),
        "Protocol": "HTTP",
        "Port": group.port(),
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": TRAFFIC_PORT,
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": seconds(health_check.interval),
        "HealthCheckTimeoutSeconds": seconds(health_check.timeout),
        "HealthyThresholdCount": health_check.healthy_threshold,
        "UnhealthyThresholdCount": health_check.unhealthy_threshold,
        "HealthCheckPath": health_check.path.as_str(),
        "Matcher": { "HttpCode": health_check.matcher.to_string() },
        "LoadBalancerArns": load_balancer_arn.as_slice(),
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    })
}

/// Whole seconds, rounded up: a local group can have shorter times than AWS permits.
pub fn seconds(duration: Duration) -> u64 {
    duration
        .as_millis()
        .div_ceil(1000)
        .try_into()
        .unwrap_or(u64::MAX)
}
