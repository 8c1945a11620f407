use proptest::prelude::*;

use super::*;

fn tracking(target_value: f64, metric: Metric) -> TargetTracking {
    TargetTracking {
        target_value,
        metric,
        scale_out_cooldown: None,
        scale_in_cooldown: None,
        disable_scale_in: None,
    }
}

fn service() -> ServiceId {
    ServiceId {
        cluster: "c".to_owned(),
        service: "s".to_owned(),
    }
}

fn names() -> AlarmNames {
    AlarmNames {
        high: "high".to_owned(),
        low: Some("low".to_owned()),
    }
}

/// Compares all members with those of the alarms that AWS created (github.com/radkawar/stackd, controls.json, calls 75 to 77).
#[test]
fn the_alarms_of_a_cpu_policy_are_those_of_aws() {
    let policy = tracking(50.0, Metric::Cpu);
    let alarm = |name, threshold: f64, periods, comparison| {
        json!({
            "AlarmName": name,
            "AlarmDescription": "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy arn:policy.",
            "AlarmActions": ["arn:policy"],
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/ECS",
            "Statistic": "Average",
            "Dimensions": [
                { "Name": "ClusterName", "Value": "c" },
                { "Name": "ServiceName", "Value": "s" },
            ],
            "Period": 60,
            "Unit": "Percent",
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
        })
    };
    assert_eq!(
        policy.alarms(&service(), &names(), "arn:policy"),
        [
            alarm("high", 50.0, 3, "GreaterThanThreshold"),
            alarm("low", 45.0, 15, "LessThanThreshold"),
        ]
    );
    let memory = tracking(50.0, Metric::Memory);
    let alarms = memory.alarms(&service(), &names(), "arn:policy");
    assert_eq!(alarms[0]["MetricName"], "MemoryUtilization");
}

/// As above: alb_policy_bound_native.json.
#[test]
fn the_alarms_of_a_request_count_policy_are_those_of_aws() {
    let metric = Metric::RequestCountPerTarget {
        load_balancer: "app/lb/d0c97e9f29409ff1".to_owned(),
        target_group: "targetgroup/tg/b299b72fbad6f2c7".to_owned(),
    };
    let policy = tracking(20.0, metric);
    let [high, low] = &policy.alarms(&service(), &names(), "arn:policy")[..] else {
        panic!("not two alarms");
    };
    for alarm in [high, low] {
        assert_eq!(alarm["MetricName"], "RequestCountPerTarget");
        assert_eq!(alarm["Namespace"], "AWS/ApplicationELB");
        assert_eq!(alarm["Statistic"], "Sum");
        assert_eq!(alarm["Unit"], "None");
        assert_eq!(
            alarm["Dimensions"],
            json!([
                { "Name": "LoadBalancer", "Value": "app/lb/d0c97e9f29409ff1" },
                { "Name": "TargetGroup", "Value": "targetgroup/tg/b299b72fbad6f2c7" },
            ])
        );
    }
    assert_eq!(
        (&high["Threshold"], &low["Threshold"]),
        (&json!(20.0), &json!(18.0))
    );
}

#[test]
fn the_threshold_for_scaling_in_has_no_rounding_error() {
    // controls.json, call 89: 0.9 for a target value of 1. The others are exact products, too.
    for (target, low) in [
        (1.0, 0.9),
        (50.0, 45.0),
        (70.0, 63.0),
        (75.0, 67.5),
        (60.0, 54.0),
    ] {
        let alarms = tracking(target, Metric::Cpu).alarms(&service(), &names(), "a");
        assert_eq!(alarms[1]["Threshold"], json!(low), "{target}");
    }
}

#[test]
fn a_policy_that_does_not_scale_in_has_only_the_high_alarm() {
    let mut policy = tracking(50.0, Metric::Cpu);
    policy.disable_scale_in = Some(true);
    let names = AlarmNames {
        low: None,
        ..names()
    };
    let alarms = policy.alarms(&service(), &names, "a");
    assert_eq!(alarms.len(), 1);
    assert!(!policy.scales_in());
}

#[test]
fn scaling_out_is_proportional_to_the_newest_value() {
    let policy = tracking(50.0, Metric::Cpu);
    for (capacity, datapoints, after) in [
        (2, &[60.0, 80.0, 100.0][..], Some(4)),
        (2, &[100.0, 80.0, 51.0], Some(3)),
        (10, &[50.1], Some(11)),
        (0, &[100.0], Some(1)),
        (2, &[], None),
    ] {
        assert_eq!(
            policy.scale_out(capacity, datapoints),
            after,
            "{datapoints:?}"
        );
    }
}

#[test]
fn scaling_in_follows_the_largest_value_and_never_missing_data() {
    let policy = tracking(50.0, Metric::Cpu);
    for (capacity, datapoints, after) in [
        (10, &[1.0, 20.0, 5.0][..], Some(Ok(4))),
        (10, &[44.0], Some(Ok(9))),
        // One task less would need 88 percent.
        (2, &[44.0], Some(Err(Flapping))),
        (3, &[0.0], Some(Ok(0))),
        (10, &[], None),
    ] {
        assert_eq!(
            policy.scale_in(capacity, datapoints),
            after,
            "{datapoints:?}"
        );
    }
}

proptest! {
    #[test]
    fn the_new_capacity_meets_the_target_and_one_task_less_does_not(
        capacity in 1_u32..1000,
        metric in 0.01..100.0_f64,
        target in 1.0..100.0_f64,
    ) {
        let policy = tracking(target, Metric::Cpu);
        let load = f64::from(capacity) * metric;
        let tolerance = 1e-9 * load;
        if metric > target {
            let after = policy.scale_out(capacity, &[metric]).unwrap() as f64;
            prop_assert!(after > f64::from(capacity));
            prop_assert!(load / after <= target + tolerance);
            prop_assert!(after - 1.0 == f64::from(capacity) || load / (after - 1.0) > target - tolerance);
        } else if let Some(Ok(after)) = policy.scale_in(capacity, &[metric]) {
            let after = after as f64;
            prop_assert!(after < f64::from(capacity) && after >= 1.0);
            prop_assert!(load / after <= target + tolerance);
        }
    }

    #[test]
    fn no_number_panics(capacity: u32, metric: f64, target in 1e-108..1e108_f64) {
        let policy = tracking(target, Metric::Cpu);
        let _ = policy.scale_out(capacity, &[metric]);
        let _ = policy.scale_in(capacity, &[metric]);
    }
}
