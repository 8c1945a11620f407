//! Step scaling: which step applies to a metric, and the capacity after it.
//!
//! The rules are those of the guide of Application Auto Scaling, page "How step scaling works":
//! <https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html>.

use std::time::Duration;

use crate::alarms::{AlarmAction, Breach};

/// How a step changes the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjustmentType {
    /// `ChangeInCapacity`: adds the adjustment.
    Change,
    /// `ExactCapacity`: sets the capacity to the adjustment.
    Exact,
    /// `PercentChangeInCapacity`: adds a percentage of the capacity.
    Percent,
}

/// `MetricAggregationType`: how the values of the metric become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    Average,
    Minimum,
    Maximum,
}

/// A step. Its bounds are relative to the threshold of the alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// `None` is negative infinity.
    pub lower: Option<f64>,
    /// `None` is positive infinity.
    pub upper: Option<f64>,
    pub adjustment: i32,
}

/// The configuration of a step scaling policy. An optional member is `None` if the request did not have it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepScaling {
    pub adjustment_type: AdjustmentType,
    pub steps: Vec<Step>,
    /// Least change in tasks. Only for [`AdjustmentType::Percent`].
    pub min_magnitude: Option<u32>,
    /// In seconds.
    pub cooldown: Option<u32>,
    pub aggregation: Option<Aggregation>,
}

/// The cool-down period of a policy that has none, according to the API reference.
pub const DEFAULT_COOLDOWN: Duration = Duration::from_secs(300);

impl StepScaling {
    /// The cool-down period after a change.
    pub fn cooldown(&self) -> Duration {
        self.cooldown.map_or(DEFAULT_COOLDOWN, |seconds| {
            Duration::from_secs(seconds.into())
        })
    }

    /// The step that applies to an action. `None` without data, and if the metric is in the interval of no step.
    pub fn step(&self, action: &AlarmAction) -> Option<&Step> {
        let aggregation = self.aggregation.unwrap_or(Aggregation::Average);
        let difference = aggregate(aggregation, &action.datapoints)? - action.threshold;
        let side = match difference {
            _ if difference > 0.0 => Breach::Above,
            _ if difference < 0.0 => Breach::Below,
            _ => action.breach,
        };
        self.steps
            .iter()
            .find(|step| step.includes(difference, side))
    }

    /// The capacity after a step, before the bounds of the target.
    pub fn adjust(&self, capacity: u32, step: &Step) -> i64 {
        let (capacity, adjustment) = (i64::from(capacity), i64::from(step.adjustment));
        match self.adjustment_type {
            AdjustmentType::Change => capacity + adjustment,
            AdjustmentType::Exact => adjustment,
            AdjustmentType::Percent => {
                capacity + self.percent_change(capacity * adjustment) * adjustment.signum()
            }
        }
    }

    /// The tasks to add or remove for a change that is given in hundredths of a task. It is rounded towards zero, but to one
    /// task at least. A minimum magnitude also applies to a service without tasks.
    fn percent_change(&self, hundredths: i64) -> i64 {
        let least = self
            .min_magnitude
            .map_or(i64::from(hundredths != 0), i64::from);
        (hundredths / 100).abs().max(least)
    }
}

impl Step {
    /// Above the threshold, a step includes its lower bound and excludes its upper bound. Below the threshold, it excludes
    /// its lower bound and includes its upper bound.
    fn includes(&self, difference: f64, side: Breach) -> bool {
        let lower = self.lower.unwrap_or(f64::NEG_INFINITY);
        let upper = self.upper.unwrap_or(f64::INFINITY);
        match side {
            Breach::Above => lower <= difference && difference < upper,
            Breach::Below => lower < difference && difference <= upper,
        }
    }
}

fn aggregate(aggregation: Aggregation, values: &[f64]) -> Option<f64> {
    let values = values.iter().copied();
    let count = values.len();
    match aggregation {
        Aggregation::Average if count == 0 => None,
        Aggregation::Average => Some(values.sum::<f64>() / count as f64),
        Aggregation::Minimum => values.reduce(f64::min),
        Aggregation::Maximum => values.reduce(f64::max),
    }
}

#[cfg(test)]
mod tests;
