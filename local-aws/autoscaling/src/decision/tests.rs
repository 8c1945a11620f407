use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use uuid::Uuid;

use super::*;
use crate::alarms::Breach;
use crate::policy::{Change, LowAction};
use crate::step::{AdjustmentType, Step, StepScaling};
use crate::target::Suspended;
use crate::tracking::{AlarmNames, Metric};

mod properties;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn policy(name: &str, kind: Kind) -> Policy {
    Policy {
        name: name.to_owned(),
        arn: format!("arn:{name}"),
        created_at: at(0),
        kind,
        last_change: None,
        low: None,
    }
}

/// A policy with one step for values above the threshold, or below it for a negative adjustment.
fn step(name: &str, adjustment_type: AdjustmentType, adjustment: i32, cooldown: u32) -> Policy {
    let is_scale_out = adjustment > 0;
    policy(
        name,
        Kind::Step(StepScaling {
            adjustment_type,
            steps: vec![Step {
                lower: is_scale_out.then_some(0.0),
                upper: (!is_scale_out).then_some(0.0),
                adjustment,
            }],
            min_magnitude: None,
            cooldown: Some(cooldown),
            aggregation: None,
        }),
    )
}

fn change(name: &str, adjustment: i32) -> Policy {
    step(name, AdjustmentType::Change, adjustment, 60)
}

fn tracking(name: &str, target_value: f64, metric: Metric) -> Policy {
    policy(
        name,
        Kind::Tracking {
            configuration: TargetTracking {
                target_value,
                metric,
                scale_out_cooldown: Some(30),
                scale_in_cooldown: Some(30),
                disable_scale_in: None,
            },
            alarms: AlarmNames {
                high: format!("{name}-high"),
                low: Some(format!("{name}-low")),
            },
            created_by: Uuid::nil(),
        },
    )
}

fn target(min: u32, max: u32, policies: impl IntoIterator<Item = Policy>) -> Target {
    let policies = policies.into_iter().map(|it| (it.name.clone(), it));
    Target {
        id: Uuid::nil(),
        min,
        max,
        suspended: Suspended::default(),
        created_at: at(0),
        policies: policies.collect::<BTreeMap<_, _>>(),
    }
}

fn capacity(desired: u32) -> Capacity {
    Capacity {
        desired,
        running: desired,
        ..Capacity::default()
    }
}

/// The action of an alarm with a threshold of 50.
fn action(policy: &str, alarm: &str, datapoints: &[f64]) -> AlarmAction {
    AlarmAction {
        action: format!("arn:{policy}"),
        alarm: alarm.to_owned(),
        state: AlarmState::Alarm,
        threshold: 50.0,
        breach: Breach::Above,
        datapoints: datapoints.to_vec(),
    }
}

fn high(policy: &str, metric: f64) -> AlarmAction {
    action(policy, &format!("{policy}-high"), &[metric])
}

/// Decides on the action of an alarm for scaling in, and records it as the service does.
fn low(target: &mut Target, policy: &str, metric: f64, now: SystemTime) -> AlarmAction {
    target.policies.get_mut(policy).unwrap().low = Some(LowAction {
        at: now,
        datapoints: vec![metric],
    });
    action(policy, &format!("{policy}-low"), &[metric])
}

fn outcome(
    target: &Target,
    actions: &[AlarmAction],
    current: u32,
    now: SystemTime,
) -> Option<Outcome> {
    Some(decide(target, actions, &capacity(current), now)?.outcome)
}

fn not_scaled(reason: Reason) -> Option<Outcome> {
    Some(Outcome::NotScaled(reason))
}

const SET: fn(u32) -> Option<Outcome> = |desired| Some(Outcome::Set(desired));

#[test]
fn the_capacity_stays_within_the_bounds() {
    let target = target(2, 15, [change("up", 10), change("down", -10)]);
    for (policy, metric, current, expected) in [
        ("up", 60.0, 2, SET(12)),
        ("up", 60.0, 12, SET(15)),
        ("up", 60.0, 15, not_scaled(Reason::AlreadyAtMaxCapacity(15))),
        // A person has set a larger count.
        ("up", 60.0, 20, not_scaled(Reason::AlreadyAtMaxCapacity(15))),
        ("up", 60.0, 0, SET(10)),
        ("down", 40.0, 15, SET(5)),
        ("down", 40.0, 5, SET(2)),
        ("down", 40.0, 2, not_scaled(Reason::AlreadyAtMinCapacity(2))),
        ("down", 40.0, 0, not_scaled(Reason::AlreadyAtMinCapacity(2))),
        ("down", 40.0, 40, SET(15)),
    ] {
        let actions = [action(policy, "alarm", &[metric])];
        assert_eq!(
            outcome(&target, &actions, current, at(0)),
            expected,
            "{policy} {current}"
        );
    }
}

#[test]
fn the_cause_has_the_words_of_aws() {
    let target = target(1, 10, [change("web-app-cpu-lt-25", -1)]);
    let actions = [action("web-app-cpu-lt-25", "web-app-cpu-lt-25", &[10.0])];
    let decision = decide(&target, &actions, &capacity(2), at(0)).unwrap();
    // AWS CLI, examples/application-autoscaling/describe-scaling-activities.rst
    assert_eq!(
        decision.cause,
        "monitor alarm web-app-cpu-lt-25 in state ALARM triggered policy web-app-cpu-lt-25"
    );
}

#[test]
fn a_step_that_changes_nothing_is_not_scaled() {
    let target = target(1, 10, [step("exact", AdjustmentType::Exact, 4, 0)]);
    let actions = [action("exact", "alarm", &[60.0])];
    let reason = Reason::AlreadyAtDesiredCapacity(4);
    assert_eq!(outcome(&target, &actions, 4, at(0)), not_scaled(reason));
    assert_eq!(outcome(&target, &actions, 9, at(0)), SET(4));
    // No step applies to a value below the threshold.
    let actions = [action("exact", "alarm", &[40.0])];
    assert_eq!(outcome(&target, &actions, 9, at(0)), None);
}

/// API reference, `StepScalingPolicyConfiguration`: a scale-out by 2, then by 3 during the cool-down period adds only 1.
#[test]
fn a_larger_scale_out_in_the_cooldown_period_adds_the_difference() {
    let mut policy = change("up", 0);
    let Kind::Step(step_scaling) = &mut policy.kind else {
        panic!("no step scaling");
    };
    step_scaling.steps = vec![
        Step {
            lower: Some(0.0),
            upper: Some(10.0),
            adjustment: 2,
        },
        Step {
            lower: Some(10.0),
            upper: None,
            adjustment: 3,
        },
    ];
    let mut target = target(1, 100, [policy]);
    let (small, large) = ([action("up", "a", &[55.0])], [action("up", "a", &[65.0])]);
    assert_eq!(outcome(&target, &small, 10, at(0)), SET(12));
    target.record_change("up", 10, 12, at(0));
    target.settle(at(5));
    for now in [at(5), at(64)] {
        assert_eq!(outcome(&target, &small, 12, now), None);
        assert_eq!(outcome(&target, &large, 12, now), SET(13));
    }
    // The cool-down period begins anew, and counts from the same capacity.
    target.record_change("up", 12, 13, at(60));
    target.settle(at(61));
    assert_eq!(outcome(&target, &large, 13, at(120)), None);
    assert_eq!(outcome(&target, &large, 13, at(121)), SET(16));
    // A person has changed the count, so nothing of it was added by the policy.
    assert_eq!(outcome(&target, &large, 5, at(120)), SET(8));
}

#[test]
fn the_cooldown_period_begins_when_the_tasks_have_started() {
    let mut target = target(1, 100, [change("up", 10)]);
    let actions = [action("up", "a", &[60.0])];
    target.record_change("up", 2, 12, at(0));
    assert!(target.is_unsettled());
    assert_eq!(outcome(&target, &actions, 12, at(500)), None);
    target.settle(at(500));
    target.settle(at(501));
    assert!(!target.is_unsettled());
    assert_eq!(outcome(&target, &actions, 12, at(559)), None);
    assert_eq!(outcome(&target, &actions, 12, at(560)), SET(22));
}

/// The guide, "Cooldown period": scaling in waits, a scale-out does not and ends the cool-down period.
#[test]
fn the_cooldown_period_after_scaling_in_delays_only_scaling_in() {
    let mut target = target(1, 100, [change("up", 10), change("down", -2)]);
    let (up, down) = ([action("up", "a", &[60.0])], [action("down", "b", &[40.0])]);
    target.record_change("down", 10, 8, at(0));
    target.settle(at(0));
    assert_eq!(outcome(&target, &down, 8, at(59)), None);
    assert_eq!(outcome(&target, &up, 8, at(59)), SET(18));
    assert_eq!(outcome(&target, &down, 8, at(60)), SET(6));
    target.record_change("up", 8, 18, at(10));
    assert_eq!(outcome(&target, &down, 18, at(11)), SET(16));
}

/// API reference, `PutScalingPolicy`: with a capacity of 10, a policy that adds 3 and one that adds 200 percent scale to 30.
#[test]
fn the_policy_with_the_largest_capacity_decides() {
    let policies = [
        change("three", 3),
        step("percent", AdjustmentType::Percent, 200, 0),
        change("minus-one", -1),
        change("minus-four", -4),
    ];
    let target = target(1, 100, policies);
    let act = |policy, metric| action(policy, "alarm", &[metric]);
    let all = [
        act("minus-one", 40.0),
        act("three", 60.0),
        act("percent", 60.0),
        act("minus-four", 40.0),
    ];
    assert_eq!(outcome(&target, &all, 10, at(0)), SET(30));
    let scale_in = [act("minus-four", 40.0), act("minus-one", 40.0)];
    assert_eq!(outcome(&target, &scale_in, 10, at(0)), SET(9));
    // A policy that would scale out prevents scaling in also at the maximum.
    let opposite = [act("minus-one", 40.0), act("three", 60.0)];
    let reason = Reason::AlreadyAtMaxCapacity(100);
    assert_eq!(outcome(&target, &opposite, 100, at(0)), not_scaled(reason));
}

/// The ECS guide, "Automatically scale your service": no scaling in during a deployment, scaling out goes on.
#[test]
fn a_deployment_prevents_only_scaling_in() {
    let target = target(1, 100, [change("up", 1), change("down", -1)]);
    let capacity = Capacity {
        is_deploying: true,
        ..capacity(5)
    };
    let outcome = |policy, metric| {
        let actions = [action(policy, "alarm", &[metric])];
        Some(decide(&target, &actions, &capacity, at(0))?.outcome)
    };
    assert_eq!(outcome("up", 60.0), SET(6));
    let reason = Reason::TargetServicePutResourceAsUnscalable;
    assert_eq!(outcome("down", 40.0), not_scaled(reason));
}

#[test]
fn suspended_scaling_does_nothing() {
    let mut target = target(1, 100, [change("up", 1), change("down", -1)]);
    let (up, down) = ([action("up", "a", &[60.0])], [action("down", "b", &[40.0])]);
    target.suspended.scale_out = true;
    assert_eq!(outcome(&target, &up, 5, at(0)), None);
    assert_eq!(outcome(&target, &down, 5, at(0)), SET(4));
    target.suspended = Suspended {
        scale_in: true,
        ..Suspended::default()
    };
    assert_eq!(outcome(&target, &up, 5, at(0)), SET(6));
    assert_eq!(outcome(&target, &down, 5, at(0)), None);
}

#[test]
fn target_tracking_acts_only_on_its_own_alarms_in_the_state_alarm() {
    let mut target = target(1, 10, [tracking("cpu", 50.0, Metric::Cpu)]);
    assert_eq!(outcome(&target, &[high("cpu", 100.0)], 2, at(0)), SET(4));
    let scale_in = low(&mut target, "cpu", 10.0, at(0));
    assert_eq!(
        outcome(&target, std::slice::from_ref(&scale_in), 6, at(0)),
        SET(2)
    );
    for state in [AlarmState::Ok, AlarmState::InsufficientData] {
        let actions = [AlarmAction {
            state,
            ..high("cpu", 100.0)
        }];
        assert_eq!(outcome(&target, &actions, 2, at(0)), None);
    }
    let other_alarm = action("cpu", "mine", &[100.0]);
    assert_eq!(outcome(&target, &[other_alarm], 2, at(0)), None);
    let action = "arn:cpu:createdBy/6f51ca77-9fbb-4344-b75d-906ba67e0fac".to_owned();
    let own = AlarmAction {
        action,
        ..high("cpu", 100.0)
    };
    assert_eq!(outcome(&target, &[own], 2, at(0)), SET(4));
    let action = "arn:cpu-2".to_owned();
    let other_policy = AlarmAction {
        action,
        ..high("cpu", 100.0)
    };
    assert_eq!(outcome(&target, &[other_policy], 2, at(0)), None);
}

#[test]
fn target_tracking_does_not_scale_in_if_it_would_scale_out_again() {
    let mut target = target(1, 10, [tracking("cpu", 50.0, Metric::Cpu)]);
    let action = [low(&mut target, "cpu", 44.0, at(0))];
    let reason = Reason::AutoScalingAnticipatedFlapping(2);
    assert_eq!(outcome(&target, &action, 2, at(0)), not_scaled(reason));
    let reason = Reason::AlreadyAtMinCapacity(1);
    assert_eq!(outcome(&target, &action, 1, at(0)), not_scaled(reason));
}

#[test]
fn tasks_of_the_cooldown_period_count_in_target_tracking() {
    let mut target = target(1, 100, [tracking("cpu", 50.0, Metric::Cpu)]);
    target.record_change("cpu", 2, 4, at(0));
    target.settle(at(0));
    // The tasks are new, and the metric does not show them yet.
    assert_eq!(outcome(&target, &[high("cpu", 100.0)], 4, at(29)), None);
    assert_eq!(outcome(&target, &[high("cpu", 150.0)], 4, at(29)), SET(6));
    assert_eq!(outcome(&target, &[high("cpu", 100.0)], 4, at(30)), SET(8));
}

/// The guide, "Multiple scaling policies": any policy scales out, but all must be ready to scale in.
#[test]
fn all_target_tracking_policies_must_be_ready_to_scale_in() {
    let policies = [
        tracking("cpu", 50.0, Metric::Cpu),
        tracking("memory", 50.0, Metric::Memory),
        change("down", -1),
    ];
    let mut target = target(1, 100, policies);
    let cpu = low(&mut target, "cpu", 10.0, at(0));
    assert_eq!(
        outcome(&target, std::slice::from_ref(&cpu), 10, at(0)),
        None
    );
    // Step scaling does not wait for target tracking.
    assert_eq!(
        outcome(&target, &[action("down", "a", &[40.0])], 10, at(0)),
        SET(9)
    );
    let memory = low(&mut target, "memory", 20.0, at(0));
    assert_eq!(outcome(&target, &[cpu, memory], 10, at(0)), SET(4));
    // The alarm of the memory has not acted for more than a minute: it is not on.
    let cpu = low(&mut target, "cpu", 10.0, at(120));
    assert_eq!(
        outcome(&target, std::slice::from_ref(&cpu), 10, at(120)),
        None
    );
    let Kind::Tracking { configuration, .. } = &mut target.policies.get_mut("memory").unwrap().kind
    else {
        panic!("no target tracking");
    };
    configuration.disable_scale_in = Some(true);
    assert_eq!(outcome(&target, &[cpu], 10, at(120)), SET(2));
}
