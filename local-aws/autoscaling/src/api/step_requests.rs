//! `StepScalingPolicyConfiguration` in requests and responses.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::Error;

use super::constraints::Constraints;
use super::invalid;
use crate::step::{AdjustmentType, Aggregation, Step, StepScaling};

/// Most steps of a policy: a quota of AWS.
const MAX_STEPS: usize = 20;

const ADJUSTMENT_TYPES: [(&str, AdjustmentType); 3] = [
    ("ChangeInCapacity", AdjustmentType::Change),
    ("PercentChangeInCapacity", AdjustmentType::Percent),
    ("ExactCapacity", AdjustmentType::Exact),
];

const AGGREGATIONS: [(&str, Aggregation); 3] = [
    ("Average", Aggregation::Average),
    ("Minimum", Aggregation::Minimum),
    ("Maximum", Aggregation::Maximum),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct StepRequest {
    adjustment_type: Option<String>,
    step_adjustments: Option<Vec<StepAdjustment>>,
    min_adjustment_magnitude: Option<i32>,
    cooldown: Option<i32>,
    metric_aggregation_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StepAdjustment {
    metric_interval_lower_bound: Option<f64>,
    metric_interval_upper_bound: Option<f64>,
    scaling_adjustment: Option<i32>,
}

impl StepRequest {
    /// Adds the violations of AWS's model.
    pub fn constrain(&self, constraints: &mut Constraints) {
        let path = |member: &str| format!("stepScalingPolicyConfiguration.{member}");
        constraints.one_of(
            &path("adjustmentType"),
            self.adjustment_type.as_deref(),
            &ADJUSTMENT_TYPES.map(|(name, _)| name),
        );
        constraints.one_of(
            &path("metricAggregationType"),
            self.metric_aggregation_type.as_deref(),
            &AGGREGATIONS.map(|(name, _)| name),
        );
        for (number, step) in (1..).zip(self.step_adjustments.iter().flatten()) {
            let name = path(&format!(
                "stepAdjustments.{number}.member.scalingAdjustment"
            ));
            constraints.present(&name, step.scaling_adjustment.is_some());
        }
    }

    /// The configuration after a request. As on AWS, the adjustment type and the steps stay if the request does not have
    /// them, and the other members are replaced.
    pub fn merge(&self, known: Option<&StepScaling>) -> Result<StepScaling, Error> {
        let adjustment_type = value_of(&ADJUSTMENT_TYPES, self.adjustment_type.as_deref());
        let Some(adjustment_type) = adjustment_type.or(known.map(|it| it.adjustment_type)) else {
            return Err(invalid("Adjustment type must be specified"));
        };
        let steps = self.step_adjustments.as_ref().map(|steps| {
            let steps = steps.iter().map(|step| Step {
                lower: step.metric_interval_lower_bound,
                upper: step.metric_interval_upper_bound,
                adjustment: step.scaling_adjustment.unwrap_or_default(),
            });
            steps.collect::<Vec<_>>()
        });
        let steps = steps
            .or(known.map(|it| it.steps.clone()))
            .unwrap_or_default();
        check_steps(&steps, adjustment_type)?;
        if self.min_adjustment_magnitude.is_some() && adjustment_type != AdjustmentType::Percent {
            return Err(invalid(
                "Minimum adjustment magnitude is only allowed for adjustment type PercentChangeInCapacity",
            ));
        }
        let min_magnitude = self.min_adjustment_magnitude.map(|magnitude| {
            let magnitude = u32::try_from(magnitude).ok().filter(|it| *it > 0);
            magnitude.ok_or_else(|| invalid("Minimum adjustment magnitude must be positive"))
        });
        Ok(StepScaling {
            adjustment_type,
            steps,
            min_magnitude: min_magnitude.transpose()?,
            cooldown: cooldown(self.cooldown)?,
            aggregation: value_of(&AGGREGATIONS, self.metric_aggregation_type.as_deref()),
        })
    }
}

/// The value with a name. [`StepRequest::constrain`] has refused unknown names.
fn value_of<T: Copy>(names: &[(&str, T)], name: Option<&str>) -> Option<T> {
    let (_, value) = names.iter().find(|(known, _)| Some(*known) == name)?;
    Some(*value)
}

/// The name of a value.
fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> Option<&'static str> {
    let (name, _) = names.iter().find(|(_, known)| known == value)?;
    Some(name)
}

/// Checks the number of seconds of a cool-down period.
pub fn cooldown(seconds: Option<i32>) -> Result<Option<u32>, Error> {
    let seconds = seconds.map(u32::try_from).transpose();
    seconds.map_err(|_| invalid("Cooldown must be nonnegative"))
}

/// Checks the steps of a policy.
fn check_steps(steps: &[Step], adjustment_type: AdjustmentType) -> Result<(), Error> {
    let check = |is_valid: bool, message: &str| match is_valid {
        true => Ok(()),
        false => Err(invalid(message)),
    };
    check(
        !steps.is_empty(),
        "There must be at least one step adjustment",
    )?;
    check(
        steps.len() <= MAX_STEPS,
        "There can be at most 20 step adjustments per scaling policy",
    )?;
    for step in steps {
        check(
            step.lower.is_some() || step.upper.is_some(),
            "Both lower and upper bounds of a step adjustment cannot be left unspecified",
        )?;
        check(
            step.lower
                .zip(step.upper)
                .is_none_or(|(lower, upper)| lower < upper),
            "Lower bound must be less than upper bound for a step adjustment",
        )?;
        check(
            adjustment_type != AdjustmentType::Exact || step.adjustment >= 0,
            "Scaling adjustment cannot be less than 0 when adjustment type is ExactCapacity",
        )?;
    }
    let without_lower = steps.iter().filter(|step| step.lower.is_none()).count();
    let without_upper = steps.iter().filter(|step| step.upper.is_none()).count();
    check(
        without_lower <= 1,
        "At most one step adjustment may have an unspecified lower bound",
    )?;
    check(
        without_upper <= 1,
        "At most one step adjustment may have an unspecified upper bound",
    )?;
    let lower = |step: &Step| step.lower.unwrap_or(f64::NEG_INFINITY);
    let upper = |step: &Step| step.upper.unwrap_or(f64::INFINITY);
    let mut sorted: Vec<_> = steps.iter().collect();
    sorted.sort_by(|a, b| lower(a).total_cmp(&lower(b)));
    let neighbours = || {
        sorted
            .windows(2)
            .map(|pair| (upper(pair[0]), lower(pair[1])))
    };
    check(
        neighbours().all(|(end, start)| end <= start),
        "Step adjustment intervals cannot overlap",
    )?;
    check(
        neighbours().all(|(end, start)| end >= start),
        "Step adjustment intervals cannot have gaps between them",
    )?;
    let has_negative_lower = steps
        .iter()
        .any(|step| step.lower.is_some_and(|it| it < 0.0));
    check(
        without_lower == 1 || !has_negative_lower,
        "There must be a step adjustment with an unspecified lower bound when one step adjustment has a negative lower bound",
    )?;
    let has_positive_upper = steps
        .iter()
        .any(|step| step.upper.is_some_and(|it| it > 0.0));
    check(
        without_upper == 1 || !has_positive_upper,
        "There must be a step adjustment with an unspecified upper bound when one step adjustment has a positive upper bound",
    )
}

/// The configuration as it was given.
pub fn describe(step_scaling: &StepScaling) -> Value {
    let steps = step_scaling.steps.iter().map(|step| {
        let mut description = Map::new();
        let bounds = [
            ("MetricIntervalLowerBound", step.lower),
            ("MetricIntervalUpperBound", step.upper),
        ];
        for (name, bound) in bounds {
            if let Some(bound) = bound {
                description.insert(name.to_owned(), bound.into());
            }
        }
        description.insert("ScalingAdjustment".to_owned(), step.adjustment.into());
        Value::from(description)
    });
    let mut description = json!({
        "AdjustmentType": name_of(&ADJUSTMENT_TYPES, &step_scaling.adjustment_type),
        "StepAdjustments": steps.collect::<Vec<_>>(),
    });
    if let Some(magnitude) = step_scaling.min_magnitude {
        description["MinAdjustmentMagnitude"] = magnitude.into();
    }
    if let Some(cooldown) = step_scaling.cooldown {
        description["Cooldown"] = cooldown.into();
    }
    if let Some(aggregation) = step_scaling.aggregation {
        description["MetricAggregationType"] = name_of(&AGGREGATIONS, &aggregation).into();
    }
    description
}
