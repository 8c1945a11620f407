use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::alarms::AlarmState;

fn policy(
    adjustment_type: AdjustmentType,
    steps: &[(Option<f64>, Option<f64>, i32)],
) -> StepScaling {
    let steps = steps.iter().map(|(lower, upper, adjustment)| Step {
        lower: *lower,
        upper: *upper,
        adjustment: *adjustment,
    });
    StepScaling {
        adjustment_type,
        steps: steps.collect(),
        min_magnitude: None,
        cooldown: None,
        aggregation: None,
    }
}

fn action(threshold: f64, breach: Breach, datapoints: &[f64]) -> AlarmAction {
    AlarmAction {
        action: String::new(),
        alarm: String::new(),
        state: AlarmState::Alarm,
        threshold,
        breach,
        datapoints: datapoints.to_vec(),
    }
}

/// The capacity after an action. `None` if no step applies.
fn capacity_after(
    policy: &StepScaling,
    capacity: u32,
    threshold: f64,
    breach: Breach,
    metric: f64,
) -> Option<i64> {
    let step = policy.step(&action(threshold, breach, &[metric]))?;
    Some(policy.adjust(capacity, step))
}

/// infra/scaling.json defines how the Like service scales on AWS.
#[test]
fn each_request_count_of_the_template_changes_the_capacity_as_listed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/scaling.json");
    let scaling: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let policies = scaling["step"]["policies"].as_array().unwrap();
    let policies: Vec<_> = policies
        .iter()
        .map(|it| {
            let steps = it["steps"].as_array().unwrap().iter();
            let steps = steps.map(|step| {
                let adjustment = step["adjustment"].as_i64().unwrap() as i32;
                (step["lower"].as_f64(), step["upper"].as_f64(), adjustment)
            });
            let steps: Vec<_> = steps.collect();
            let threshold = it["alarm"]["threshold"].as_f64().unwrap();
            let breach = match it["alarm"]["comparison"].as_str().unwrap() {
                "GreaterThanOrEqualToThreshold" => Breach::Above,
                "LessThanThreshold" => Breach::Below,
                other => panic!("{other}"),
            };
            (policy(AdjustmentType::Change, &steps), threshold, breach)
        })
        .collect();
    let rows = scaling["step"]["table"].as_array().unwrap();
    assert_eq!(rows.len(), 11);
    for row in rows {
        let requests = row["requests"].as_f64().unwrap();
        let breaching = policies
            .iter()
            .filter(|(_, threshold, breach)| match breach {
                Breach::Above => requests >= *threshold,
                Breach::Below => requests < *threshold,
            });
        let changes = breaching.map(|(policy, threshold, breach)| {
            capacity_after(policy, 50, *threshold, *breach, requests).map(|it| it - 50)
        });
        let changes: Vec<_> = changes.collect();
        assert_eq!(changes, [row["change"].as_i64()], "{row}");
    }
}

/// The examples of the page "Step scaling policies": a threshold of 50, and a capacity that goes 10, 11, 14, 13, 10.
#[test]
fn the_example_of_the_guide_ends_at_the_documented_capacities() {
    let percent = AdjustmentType::Percent;
    let out = policy(
        percent,
        &[
            (Some(0.0), Some(10.0), 0),
            (Some(10.0), Some(20.0), 10),
            (Some(20.0), None, 30),
        ],
    );
    let scale_in = policy(
        percent,
        &[
            (Some(-10.0), Some(0.0), 0),
            (Some(-20.0), Some(-10.0), -10),
            (None, Some(-20.0), -30),
        ],
    );
    for (policy, breach, metric, before, after) in [
        (&out, Breach::Above, 59.9, 10, 10),
        (&out, Breach::Above, 60.0, 10, 11),
        (&out, Breach::Above, 70.0, 11, 14),
        (&scale_in, Breach::Below, 40.1, 14, 14),
        (&scale_in, Breach::Below, 40.0, 14, 13),
        (&scale_in, Breach::Below, 30.0, 13, 10),
    ] {
        let result = capacity_after(policy, before, 50.0, breach, metric);
        assert_eq!(result, Some(after), "{metric}");
    }
}

/// The note on rounding of the same page.
#[test]
fn percentages_are_rounded_as_documented() {
    for (capacity, percent, change) in [
        // 12.7, .67, -.58, -6.67
        (127, 10, 12),
        (67, 1, 1),
        (58, -1, -1),
        (667, -1, -6),
        (100, 1, 1),
        (4, 25, 1),
        (10, 0, 0),
        (0, 50, 0),
    ] {
        let policy = policy(AdjustmentType::Percent, &[(Some(0.0), None, percent)]);
        let after = policy.adjust(capacity, &policy.steps[0]);
        assert_eq!(after - i64::from(capacity), change, "{percent}%");
    }
}

/// API reference, `MinAdjustmentMagnitude`: 25 percent of 4 is 1, but 2 are added.
#[test]
fn the_minimum_magnitude_is_the_least_change() {
    let mut policy = policy(
        AdjustmentType::Percent,
        &[(Some(0.0), None, 25), (None, Some(0.0), -25)],
    );
    policy.min_magnitude = Some(2);
    let changes = [4, 100, 0].map(|capacity| {
        let change = |step| policy.adjust(capacity, step) - i64::from(capacity);
        (change(&policy.steps[0]), change(&policy.steps[1]))
    });
    assert_eq!(changes, [(2, -2), (25, -25), (2, -2)]);
}

#[test]
fn an_exact_capacity_does_not_depend_on_the_capacity() {
    let policy = policy(AdjustmentType::Exact, &[(Some(0.0), None, 7)]);
    assert_eq!(policy.adjust(0, &policy.steps[0]), 7);
    assert_eq!(policy.adjust(90, &policy.steps[0]), 7);
}

/// API reference, `StepAdjustment`: with a threshold of 50, the bounds 0 and 10 are for 50 to below 60, and the bounds -10 and
/// 0 are for above 40 to 50.
#[test]
fn the_threshold_itself_belongs_to_the_side_of_the_alarm() {
    let steps = [(Some(-10.0), Some(0.0), -1), (Some(0.0), Some(10.0), 1)];
    let policy = policy(AdjustmentType::Change, &steps);
    for (breach, metric, change) in [
        (Breach::Above, 50.0, Some(1)),
        (Breach::Above, 59.9, Some(1)),
        (Breach::Above, 60.0, None),
        (Breach::Below, 50.0, Some(-1)),
        (Breach::Below, 40.1, Some(-1)),
        (Breach::Below, 40.0, None),
    ] {
        let after = capacity_after(&policy, 5, 50.0, breach, metric);
        assert_eq!(after.map(|after| after - 5), change, "{metric}");
    }
}

#[test]
fn the_values_of_the_evaluation_are_aggregated() {
    let steps = [(Some(0.0), Some(10.0), 1), (Some(10.0), None, 2)];
    let mut policy = policy(AdjustmentType::Change, &steps);
    let action = action(50.0, Breach::Above, &[70.0, 50.0, 54.0]);
    for (aggregation, adjustment) in [
        (None, 1),
        (Some(Aggregation::Average), 1),
        (Some(Aggregation::Minimum), 1),
        (Some(Aggregation::Maximum), 2),
    ] {
        policy.aggregation = aggregation;
        let step = policy.step(&action).unwrap();
        assert_eq!(step.adjustment, adjustment, "{aggregation:?}");
    }
}

#[test]
fn without_data_no_step_applies() {
    let steps = [(None, Some(0.0), -5), (Some(0.0), None, 3)];
    let policy = policy(AdjustmentType::Change, &steps);
    assert_eq!(policy.step(&action(1000.0, Breach::Below, &[])), None);
}

proptest! {
    /// The steps of a valid policy leave no gap and do not overlap.
    #[test]
    fn exactly_one_step_of_a_complete_policy_applies(
        metric in -1e6..1e6_f64,
        mut bounds in proptest::collection::vec(-1000_i32..1000, 1..10),
        is_above: bool,
    ) {
        bounds.sort_unstable();
        bounds.dedup();
        let bounds = bounds.into_iter().map(|it| Some(f64::from(it)));
        let lower = [None].into_iter().chain(bounds.clone());
        let upper = bounds.chain([None]);
        let steps: Vec<_> = lower.zip(upper).map(|(lower, upper)| (lower, upper, 1)).collect();
        let policy = policy(AdjustmentType::Change, &steps);
        let side = if is_above { Breach::Above } else { Breach::Below };
        let applied = policy.steps.iter().filter(|step| step.includes(metric, side));
        prop_assert_eq!(applied.count(), 1);
    }

    #[test]
    fn no_capacity_and_no_adjustment_overflow(capacity: u32, adjustment: i32, magnitude: Option<u32>) {
        for adjustment_type in [AdjustmentType::Change, AdjustmentType::Exact, AdjustmentType::Percent] {
            let mut policy = policy(adjustment_type, &[(Some(0.0), None, adjustment)]);
            policy.min_magnitude = magnitude;
            let after = policy.adjust(capacity, &policy.steps[0]);
            if adjustment_type != AdjustmentType::Exact {
                let change = after - i64::from(capacity);
                prop_assert!(change == 0 || change.signum() == i64::from(adjustment.signum()));
            }
        }
    }
}
