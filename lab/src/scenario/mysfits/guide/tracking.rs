//! Lab 4, variant: target tracking of the CPU utilization, as `infra/scaling.json` defines it.

use serde::Deserialize;
use serde_json::Value;

use super::metrics::Metric;
use super::scaling::{Bounds, Scaling, activities, describe, has_bounds, tasks};
use crate::guide::{Aws, Failure, Finding, Looked, number, text};

const TRACKING: &str = "TargetTrackingScaling";

/// The number of tasks that step 4.4 sets by hand.
const TASKS_BY_HAND: u64 = 3;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    bounds: Bounds,
    metric: String,
    target: f64,
    scale_in_cooldown_seconds: f64,
    scale_out_cooldown_seconds: f64,
}

/// The only policy is target tracking.
pub fn policy(aws: &Aws) -> Looked {
    let wanted: Wanted = serde_json::from_value(Scaling::read()?.target_tracking)
        .map_err(|error| Failure(format!("infra/scaling.json: {error}")))?;
    let policies = describe(aws, "describe-scaling-policies", "ScalingPolicies")?;
    let of_steps = policies
        .iter()
        .filter(|it| it["PolicyType"] == "StepScaling");
    let of_steps: Vec<_> = of_steps.map(|it| text(&it["PolicyName"])).collect();
    Ok(vec![
        match of_steps[..] {
            [] => Ok("There is no step scaling.".to_owned()),
            _ => Err(format!(
                "There is still step scaling: {}. This step wants only target tracking: delete \
                 the others.",
                crate::guide::join(&of_steps)
            )),
        },
        has_bounds(aws, wanted.bounds)?,
        tracks(find(&policies), &wanted),
    ])
}

fn find(policies: &[Value]) -> Option<&Value> {
    policies
        .iter()
        .find(|policy| policy["PolicyType"] == TRACKING)
}

fn no_policy() -> String {
    format!("There is no scaling policy of the type {TRACKING}; this step wants one.")
}

fn tracks(policy: Option<&Value>, wanted: &Wanted) -> Finding {
    let Some(policy) = policy else {
        return Err(no_policy());
    };
    let name = text(&policy["PolicyName"]);
    let configuration = &policy["TargetTrackingScalingPolicyConfiguration"];
    let metric = text(&configuration["PredefinedMetricSpecification"]["PredefinedMetricType"]);
    if metric != wanted.metric {
        return Err(format!(
            "{name} follows the metric {metric}; this step wants {}.",
            wanted.metric
        ));
    }
    for (member, what, wanted) in [
        ("TargetValue", "the target", wanted.target),
        (
            "ScaleOutCooldown",
            "the scale-out cool-down",
            wanted.scale_out_cooldown_seconds,
        ),
        (
            "ScaleInCooldown",
            "the scale-in cool-down",
            wanted.scale_in_cooldown_seconds,
        ),
    ] {
        let found = &configuration[member];
        if found.as_f64() != Some(wanted) {
            let found = found
                .as_f64()
                .map_or("not set".to_owned(), |it| it.to_string());
            return Err(format!(
                "{name}: {what} is {found}; this step wants {wanted}."
            ));
        }
    }
    Ok(format!("{name} has the target and the cool-downs."))
}

/// Target tracking has raised the desired count.
pub fn activity(aws: &Aws) -> Looked {
    let policies = describe(aws, "describe-scaling-policies", "ScalingPolicies")?;
    let Some(policy) = find(&policies) else {
        return Ok(vec![Err(no_policy())]);
    };
    let name = text(&policy["PolicyName"]);
    let counts: Vec<_> = activities(aws, name)?.iter().map(tasks).collect();
    if let Some(count) = counts.iter().find(|&&count| count > TASKS_BY_HAND) {
        let saw = format!("{name} has set the desired count to {count}.");
        return Ok(vec![Ok(saw)]);
    }
    let target = number(&policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]);
    let metric = Metric::of_service(aws, "LIKE_SERVICE", "CPUUtilization", "Average");
    let cpu = match metric.values(aws, 5)?.last() {
        Some((_, cpu)) => format!("CPU of the newest minute: {cpu:.0} %"),
        None => "CloudWatch has no CPU utilization of the last minutes".to_owned(),
    };
    let saw = match counts.first() {
        Some(count) => format!("{name} has set the desired count to {count}"),
        None => format!("No activity of {name} yet"),
    };
    Ok(vec![Err(format!(
        "{saw}; this step wants more than {TASKS_BY_HAND} tasks. {cpu}; the target is {target} %."
    ))])
}
