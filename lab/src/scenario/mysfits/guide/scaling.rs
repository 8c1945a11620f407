//! Lab 4: step scaling of the Like service, as `infra/scaling.json` defines it.

use serde::Deserialize;
use serde_json::Value;

use super::metrics::{LATE, Metric, RECENT_MINUTES, alarm_state, workshop};
use crate::guide::{Aws, Failure, Finding, Looked, list, number, text, time};

const DEFINITION: &str = include_str!("../../../../../infra/scaling.json");

const SCALE_OUT: &str = "LikeScaleUpPolicy";
const SCALE_IN: &str = "LikeScaleDownPolicy";

/// The alarms of the two policies without the prefix of the installation.
const OUT_ALARM: &str = "LikeScaleUpAlarm";
const IN_ALARM: &str = "LikeScaleDownAlarm";

/// The smallest number of tasks after a scale-out: 2 and the 10 of the first step.
const WANTED_TASKS: u64 = 12;

/// The parts of the definition that the steps compare.
#[derive(Debug, Deserialize)]
pub struct Scaling {
    step: StepScaling,
    #[serde(rename = "targetTracking")]
    pub target_tracking: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StepScaling {
    bounds: Bounds,
    cooldown_seconds: u64,
    adjustment_type: String,
    policies: Vec<Policy>,
}

/// The limits of the desired count.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Bounds {
    pub min: u64,
    pub max: u64,
}

#[derive(Debug, Deserialize)]
struct Policy {
    policy: String,
    alarm: AlarmName,
    steps: Vec<Adjustment>,
}

#[derive(Debug, Deserialize)]
struct AlarmName {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Adjustment {
    lower: Option<f64>,
    upper: Option<f64>,
    adjustment: i64,
}

impl Scaling {
    /// Reads `infra/scaling.json`.
    pub fn read() -> Result<Self, Failure> {
        serde_json::from_str(DEFINITION)
            .map_err(|error| Failure(format!("infra/scaling.json: {error}")))
    }
}

/// The bounds, both policies and their alarms are those of the definition.
pub fn policies(aws: &Aws) -> Looked {
    let wanted = Scaling::read()?.step;
    let policies = describe(aws, "describe-scaling-policies", "ScalingPolicies")?;
    let alarms = alarms(aws)?;
    let mut findings = vec![has_bounds(aws, wanted.bounds)?];
    for policy in &wanted.policies {
        let mut found = policies.iter();
        let found = found.find(|it| it["PolicyName"] == policy.policy);
        findings.push(has_policy(found, policy, &wanted));
        if let Some(found) = found {
            findings.push(has_action(aws, &alarms, policy, text(&found["PolicyARN"])));
        }
    }
    Ok(findings)
}

/// The scalable target has these bounds.
pub fn has_bounds(aws: &Aws, wanted: Bounds) -> Result<Finding, Failure> {
    let Bounds { min, max } = wanted;
    let targets = describe(aws, "describe-scalable-targets", "ScalableTargets")?;
    let Some(target) = targets.first() else {
        return Ok(Err(format!(
            "No scalable target; this step wants one from {min} to {max} tasks."
        )));
    };
    let saw = format!(
        "The scalable target goes from {} to {} tasks",
        target["MinCapacity"], target["MaxCapacity"]
    );
    let is_met = target["MinCapacity"] == min && target["MaxCapacity"] == max;
    Ok(crate::guide::expect(
        is_met,
        saw,
        &format!("{min} to {max}"),
    ))
}

fn has_policy(found: Option<&Value>, policy: &Policy, wanted: &StepScaling) -> Finding {
    let name = &policy.policy;
    let Some(found) = found else {
        return Err(format!(
            "There is no scaling policy {name}; this step wants it."
        ));
    };
    let Some(configuration) = found.get("StepScalingPolicyConfiguration") else {
        return Err(format!(
            "{name} has the type {}; this step wants StepScaling.",
            text(&found["PolicyType"])
        ));
    };
    let adjustment_type = text(&configuration["AdjustmentType"]);
    if adjustment_type != wanted.adjustment_type {
        return Err(format!(
            "{name} has the adjustment type {adjustment_type}; this step wants {}.",
            wanted.adjustment_type
        ));
    }
    let cooldown = number(&configuration["Cooldown"]);
    if cooldown != wanted.cooldown_seconds as f64 {
        return Err(format!(
            "{name} has a cool-down of {cooldown} s; this step wants {} s.",
            wanted.cooldown_seconds
        ));
    }
    same_steps(name, list(&configuration["StepAdjustments"]), &policy.steps)?;
    Ok(format!("{name} has the steps and the cool-down."))
}

/// Compares the steps in the order of their bounds. A bound that is absent is infinite.
fn same_steps(name: &str, found: &[Value], wanted: &[Adjustment]) -> Result<(), String> {
    let bound = |bound: &Value, infinite| bound.as_f64().unwrap_or(infinite);
    let mut found: Vec<_> = found
        .iter()
        .map(|step| {
            let lower = bound(&step["MetricIntervalLowerBound"], f64::NEG_INFINITY);
            let upper = bound(&step["MetricIntervalUpperBound"], f64::INFINITY);
            (
                lower,
                upper,
                step["ScalingAdjustment"].as_i64().unwrap_or_default(),
            )
        })
        .collect();
    let mut wanted: Vec<_> = wanted
        .iter()
        .map(|step| {
            let lower = step.lower.unwrap_or(f64::NEG_INFINITY);
            (lower, step.upper.unwrap_or(f64::INFINITY), step.adjustment)
        })
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    wanted.sort_by(|one, other| one.0.total_cmp(&other.0));
    if found.len() != wanted.len() {
        return Err(format!(
            "{name} has {} steps; this step wants {}.",
            found.len(),
            wanted.len()
        ));
    }
    for (number, (found, wanted)) in (1..).zip(found.into_iter().zip(wanted)) {
        if (found.0, found.1) != (wanted.0, wanted.1) {
            return Err(format!(
                "{name}: step {number} goes from {} to {}; this step wants {} to {}.",
                found.0, found.1, wanted.0, wanted.1
            ));
        }
        if found.2 != wanted.2 {
            return Err(format!(
                "{name}: step {number} adds {}; this step wants {}.",
                found.2, wanted.2
            ));
        }
    }
    Ok(())
}

fn has_action(aws: &Aws, alarms: &[Value], policy: &Policy, arn: &str) -> Finding {
    let name = format!("{}-{}", workshop(aws), policy.alarm.name);
    let Some(alarm) = alarms.iter().find(|alarm| alarm["AlarmName"] == name) else {
        return Err(format!("There is no alarm {name}; this step wants it."));
    };
    let actions = list(&alarm["AlarmActions"]);
    if !actions.iter().any(|action| action == arn) {
        let count = actions.len();
        let saw = match count {
            0 => format!("The alarm {name} has no action"),
            _ => format!("The alarm {name} has other actions ({count})"),
        };
        return Err(format!("{saw}; this step wants {}.", policy.policy));
    }
    match alarm["ActionsEnabled"] == true {
        true => Ok(format!(
            "The alarm {name} has the action {}.",
            policy.policy
        )),
        false => Err(format!("The actions of the alarm {name} are disabled.")),
    }
}

/// The alarm has started tasks.
pub fn out(aws: &Aws) -> Looked {
    let activities = activities(aws, SCALE_OUT)?;
    let succeeded = |it: &&Value| matches!(text(&it["StatusCode"]), "Successful" | "InProgress");
    let mut succeeded = activities.iter().filter(succeeded);
    if let Some(activity) = succeeded.find(|it| tasks(it) >= WANTED_TASKS) {
        return Ok(vec![Ok(format!(
            "{SCALE_OUT} has set the desired count to {}.",
            tasks(activity)
        ))]);
    }
    let requests = Metric::likes(aws).values(aws, RECENT_MINUTES)?;
    let requests = match requests.last() {
        Some((_, requests)) => format!("RequestCount of the newest minute: {requests}"),
        None => "CloudWatch has no RequestCount of the last minutes".to_owned(),
    };
    Ok(vec![Err(format!(
        "{SCALE_OUT} has not set the desired count to {WANTED_TASKS} or more yet. {requests}; the alarm wants 1000 in each of two \
         minutes. {}",
        state(aws, OUT_ALARM)?
    ))])
}

/// The load has ended, and the other alarm has stopped tasks.
pub fn back(aws: &Aws) -> Looked {
    let started = |activity: &Value| time(&activity["StartTime"]);
    let newest = |policy| -> Result<Option<Value>, Failure> {
        let activities = activities(aws, policy)?.into_iter();
        Ok(activities.max_by_key(started))
    };
    Ok(vec![match (&newest(SCALE_OUT)?, &newest(SCALE_IN)?) {
        (Some(out), Some(back)) if started(back) >= started(out) => Ok(format!(
            "{SCALE_IN} has set the desired count to {}.",
            tasks(back)
        )),
        (None, _) => Err(format!("No activity of {SCALE_OUT} yet: run load first.")),
        (Some(out), _) => Err(format!(
            "The newest activity is of {SCALE_OUT} ({} tasks). {} The load still runs, or it has ended less than two minutes ago. {LATE}",
            tasks(out),
            state(aws, IN_ALARM)?
        )),
    }])
}

/// The desired count in a description, for example `Setting desired count to 12.`
pub fn tasks(activity: &Value) -> u64 {
    let description = text(&activity["Description"]);
    let number = description.rsplit(' ').next().unwrap_or_default();
    number.trim_end_matches('.').parse().unwrap_or_default()
}

/// The scaling activities of the Like service that a policy has caused since it was created. AWS describes those of six weeks.
pub fn activities(aws: &Aws, policy: &str) -> Result<Vec<Value>, Failure> {
    let policies = describe(aws, "describe-scaling-policies", "ScalingPolicies")?;
    let found = policies.iter().find(|it| it["PolicyName"] == policy);
    let created = found.map_or(0, |it| time(&it["CreationTime"]));
    let mut activities = describe(aws, "describe-scaling-activities", "ScalingActivities")?;
    let cause = format!("triggered policy {policy}");
    activities
        .retain(|it| text(&it["Cause"]).ends_with(&cause) && time(&it["StartTime"]) >= created);
    Ok(activities)
}

/// The results of an operation of Application Auto Scaling about the Like service.
pub fn describe(aws: &Aws, operation: &str, results: &str) -> Result<Vec<Value>, Failure> {
    let service = format!(
        "service/{}/{}",
        aws.name("CLUSTER"),
        aws.name("LIKE_SERVICE")
    );
    let option = match operation {
        "describe-scalable-targets" => "--resource-ids",
        _ => "--resource-id",
    };
    let command = [
        "application-autoscaling",
        operation,
        "--service-namespace",
        "ecs",
        option,
        &service,
    ];
    Ok(list(&aws.call(&command)?[results]).to_vec())
}

fn state(aws: &Aws, alarm: &str) -> Result<String, Failure> {
    let name = format!("{}-{alarm}", workshop(aws));
    let alarms = alarms(aws)?;
    let found = alarms.iter().find(|alarm| alarm["AlarmName"] == name);
    Ok(found.map_or_else(|| format!("There is no alarm {name}."), alarm_state))
}

fn alarms(aws: &Aws) -> Result<Vec<Value>, Failure> {
    let names = [OUT_ALARM, IN_ALARM].map(|alarm| format!("{}-{alarm}", workshop(aws)));
    let response = aws.call(&[
        "cloudwatch",
        "describe-alarms",
        "--alarm-names",
        &names[0],
        &names[1],
    ])?;
    Ok(list(&response["MetricAlarms"]).to_vec())
}
