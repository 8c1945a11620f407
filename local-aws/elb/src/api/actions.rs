//! Actions of rules. Only the action `forward` is implemented.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::{check_form, invalid, option_in_range};
use crate::forward::Forward;
use crate::group::TargetGroup;
use crate::load_balancer::LoadBalancer;
use crate::weights::MAX_WEIGHT;

/// Maximum number of target groups of an action: a quota of AWS.
const MAX_GROUPS: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Action {
    r#type: String,
    target_group_arn: Option<String>,
    order: Option<i64>,
    forward_config: Option<ForwardConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ForwardConfig {
    #[serde(default)]
    target_groups: Vec<TargetGroupTuple>,
    target_group_stickiness_config: Option<Stickiness>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TargetGroupTuple {
    target_group_arn: String,
    weight: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Stickiness {
    enabled: Option<bool>,
}

/// Converts the actions of a rule to its forward action.
pub fn parse(load_balancer: &LoadBalancer, actions: Vec<Action>) -> Result<Forward, Error> {
    let count = actions.len();
    let Ok([action]) = <[Action; 1]>::try_from(actions) else {
        let message = format!("A rule must have exactly one action, not {count}");
        return Err(Error::bad_request("InvalidLoadBalancerAction", message));
    };
    if action.r#type != "forward" {
        let kind = shorten(&action.r#type);
        return Err(invalid(format!(
            "The action type '{kind}' is not implemented, only 'forward'"
        )));
    }
    let order = option_in_range("actions.1.member.order", action.order, 1, 50_000)?;
    let config = action.forward_config;
    let stickiness = config.as_ref().and_then(|config| {
        let stickiness = config.target_group_stickiness_config.as_ref();
        stickiness?.enabled
    });
    if stickiness == Some(true) {
        return Err(invalid("Target group stickiness is not implemented"));
    }
    let tuples = match (action.target_group_arn, config) {
        (Some(arn), None) => vec![TargetGroupTuple {
            target_group_arn: arn,
            weight: None,
        }],
        (None, Some(config)) if !config.target_groups.is_empty() => config.target_groups,
        (Some(arn), Some(config)) => match &*config.target_groups {
            [only] if only.target_group_arn == arn => config.target_groups,
            _ => {
                return Err(invalid(
                    "ForwardConfig must have only the target group of TargetGroupArn, if both are specified",
                ));
            }
        },
        _ => return Err(invalid("A target group must be specified")),
    };
    Ok(Forward {
        order,
        ..weighted(load_balancer, &tuples)?
    })
}

fn weighted(load_balancer: &LoadBalancer, tuples: &[TargetGroupTuple]) -> Result<Forward, Error> {
    if tuples.len() > MAX_GROUPS {
        let message = format!("A forward action can have at most {MAX_GROUPS} target groups");
        return Err(invalid(message));
    }
    let mut groups: Vec<(Arc<TargetGroup>, u16)> = Vec::new();
    for tuple in tuples {
        let group = find(load_balancer, &tuple.target_group_arn)?;
        if groups.iter().any(|(other, _)| Arc::ptr_eq(other, group)) {
            return Err(invalid(format!(
                "Target group '{}' was specified multiple times",
                group.arn()
            )));
        }
        // Only a single target group needs no weight.
        let weight = tuple.weight.or((tuples.len() == 1).then_some(1));
        let weight = weight.and_then(|weight| u16::try_from(weight).ok());
        let weight = weight.filter(|weight| *weight <= MAX_WEIGHT);
        let weight = weight.ok_or_else(|| {
            invalid(format!(
                "The weight for each target group must be between 0 and {MAX_WEIGHT}, inclusive"
            ))
        })?;
        groups.push((Arc::clone(group), weight));
    }
    Ok(Forward::weighted(groups))
}

fn find<'a>(load_balancer: &'a LoadBalancer, arn: &str) -> Result<&'a Arc<TargetGroup>, Error> {
    check_form(arn, "targetgroup", "target group")?;
    let group = load_balancer
        .target_groups
        .iter()
        .find(|group| group.arn() == arn);
    group.ok_or_else(|| {
        let message = format!("Target group '{}' not found", shorten(arn));
        Error::bad_request("TargetGroupNotFound", message)
    })
}

/// The actions as AWS describes them. `TargetGroupArn` is there only for a single target group.
pub fn describe(forward: &Forward) -> Value {
    let groups = forward
        .groups
        .iter()
        .map(|it| json!({ "TargetGroupArn": it.group.arn(), "Weight": it.weight }));
    let only = match &*forward.groups {
        [only] => Some(only.group.arn()),
        _ => None,
    };
    json!([{
        "Type": "forward",
        "TargetGroupArn": only,
        "Order": forward.order,
        "ForwardConfig": {
            "TargetGroups": groups.collect::<Vec<_>>(),
            "TargetGroupStickinessConfig": { "Enabled": false },
        },
    }])
}
