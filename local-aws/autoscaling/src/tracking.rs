//! Target tracking: the alarms of a policy, and the capacity that a metric requires.
//!
//! The alarms are those that AWS created for policies of an ECS service on 2026-09-17 and 2026-09-27
//! (github.com/radkawar/stackd, `testdata/aws/applicationautoscaling/{controls,alb_policy_bound_native}.json`). AWS does not
//! document how it computes the capacity. docs/local-aws.md lists the choices of this crate.

use std::time::Duration;

use serde_json::{Value, json};

use crate::capacity::ServiceId;

/// A predefined metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `ECSServiceAverageCPUUtilization`
    Cpu,
    /// `ECSServiceAverageMemoryUtilization`
    Memory,
    /// `ALBRequestCountPerTarget`
    RequestCountPerTarget {
        /// For example `app/lb/0123456789abcdef`.
        load_balancer: String,
        /// For example `targetgroup/web/0123456789abcdef`.
        target_group: String,
    },
}

/// The configuration of a target tracking policy. An optional member is `None` if the request did not have it.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetTracking {
    pub target_value: f64,
    pub metric: Metric,
    /// In seconds.
    pub scale_out_cooldown: Option<u32>,
    /// In seconds.
    pub scale_in_cooldown: Option<u32>,
    pub disable_scale_in: Option<bool>,
}

/// The cool-down periods of a policy for ECS that has none, according to the API reference.
const DEFAULT_COOLDOWN: Duration = Duration::from_secs(300);

/// The alarm for scaling out breaches after this number of minutes.
const HIGH_PERIODS: u32 = 3;

/// The alarm for scaling in breaches after this number of minutes.
const LOW_PERIODS: u32 = 15;

/// The threshold of the alarm for scaling in is this part of the target value.
const LOW_THRESHOLD_PERCENT: f64 = 90.0;

impl TargetTracking {
    pub fn scales_in(&self) -> bool {
        self.disable_scale_in != Some(true)
    }

    pub fn scale_out_cooldown(&self) -> Duration {
        cooldown(self.scale_out_cooldown)
    }

    pub fn scale_in_cooldown(&self) -> Duration {
        cooldown(self.scale_in_cooldown)
    }

    /// The capacity that the newest value of the metric requires, at least one task more than now.
    pub fn scale_out(&self, capacity: u32, datapoints: &[f64]) -> Option<i64> {
        let metric = *datapoints.last()?;
        let required = self.required(capacity, metric);
        Some(required.max(i64::from(capacity) + 1))
    }

    /// The capacity that the largest value of the metric requires, at least one task less than now. `Err` if the metric
    /// would then be above the target value, so that the policy would scale out again. `None` without data, because missing
    /// data never scale in.
    pub fn scale_in(&self, capacity: u32, datapoints: &[f64]) -> Option<Result<i64, Flapping>> {
        let metric = datapoints.iter().copied().reduce(f64::max)?;
        let less = i64::from(capacity) - 1;
        let required = self.required(capacity, metric);
        Some(if required > less && metric > 0.0 {
            Err(Flapping)
        } else {
            Ok(required.min(less))
        })
    }

    fn required(&self, capacity: u32, metric: f64) -> i64 {
        // A number that is too large becomes the largest i64.
        (f64::from(capacity) * metric / self.target_value).ceil() as i64
    }

    /// The requests of `PutMetricAlarm` for the alarms of a policy. `action` is the ARN of their action.
    pub fn alarms(&self, service: &ServiceId, names: &AlarmNames, action: &str) -> Vec<Value> {
        let alarm = |name: &str, comparison: &str, threshold: f64, periods: u32| {
            let mut alarm = self.metric.of_alarm(service);
            alarm["AlarmName"] = json!(name);
            alarm["AlarmDescription"] = json!(format!(
                "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}."
            ));
            alarm["AlarmActions"] = json!([action]);
            alarm["Period"] = json!(60);
            alarm["EvaluationPeriods"] = json!(periods);
            alarm["Threshold"] = json!(threshold);
            alarm["ComparisonOperator"] = json!(comparison);
            alarm
        };
        let target = self.target_value;
        let high = alarm(&names.high, "GreaterThanThreshold", target, HIGH_PERIODS);
        let low = names.low.as_ref().map(|low| {
            let threshold = target * LOW_THRESHOLD_PERCENT / 100.0;
            alarm(low, "LessThanThreshold", threshold, LOW_PERIODS)
        });
        [high].into_iter().chain(low).collect()
    }
}

/// The metric would be above the target value after scaling in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flapping;

/// The names of the alarms of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmNames {
    pub high: String,
    /// `None` if the policy does not scale in.
    pub low: Option<String>,
}

impl AlarmNames {
    pub fn all(&self) -> impl Iterator<Item = &String> {
        [&self.high].into_iter().chain(&self.low)
    }
}

impl Metric {
    /// The members of an alarm that say which metric it watches.
    fn of_alarm(&self, service: &ServiceId) -> Value {
        let (namespace, name, statistic, unit, dimensions) = match self {
            Self::Cpu => of_ecs(service, "CPUUtilization"),
            Self::Memory => of_ecs(service, "MemoryUtilization"),
            Self::RequestCountPerTarget {
                load_balancer,
                target_group,
            } => (
                "AWS/ApplicationELB",
                "RequestCountPerTarget",
                "Sum",
                "None",
                [
                    ("LoadBalancer", load_balancer),
                    ("TargetGroup", target_group),
                ],
            ),
        };
        let dimensions = dimensions.map(|(name, value)| json!({ "Name": name, "Value": value }));
        json!({
            "Namespace": namespace,
            "MetricName": name,
            "Statistic": statistic,
            "Unit": unit,
            "Dimensions": dimensions,
        })
    }
}

type AlarmMetric<'a> = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    [(&'static str, &'a String); 2],
);

fn of_ecs<'a>(service: &'a ServiceId, name: &'static str) -> AlarmMetric<'a> {
    let dimensions = [
        ("ClusterName", &service.cluster),
        ("ServiceName", &service.service),
    ];
    ("AWS/ECS", name, "Average", "Percent", dimensions)
}

fn cooldown(seconds: Option<u32>) -> Duration {
    seconds.map_or(DEFAULT_COOLDOWN, |seconds| {
        Duration::from_secs(seconds.into())
    })
}

#[cfg(test)]
mod tests;
