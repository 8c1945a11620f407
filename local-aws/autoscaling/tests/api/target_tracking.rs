//! Target tracking with the alarms that it creates.

use std::time::Duration;

use autoscaling::AlarmState;
use serde_json::json;
use tokio::time::sleep;

use crate::world::{Api, alarm_action};

/// An alarm of a policy, and the ARN of its action.
struct Alarm {
    name: String,
    action: String,
}

/// The alarms of a policy: for scaling out and for scaling in.
fn alarms_of(api: &Api, policy: &str) -> [Alarm; 2] {
    let alarms = api.world.alarms.lock().unwrap();
    let alarms = alarms.iter().map(|(name, alarm)| Alarm {
        name: name.clone(),
        action: alarm["AlarmActions"][0].as_str().unwrap().to_owned(),
    });
    let marker = format!(":policyName/{policy}:");
    let own: Vec<_> = alarms.filter(|it| it.action.contains(&marker)).collect();
    own.try_into().ok().expect("two alarms")
}

#[tokio::test(start_paused = true)]
async fn target_tracking_follows_the_cpu_utilisation() {
    let api = Api::with_target().await;
    api.put_tracking("cpu", 50.0).await;
    let [high, low] = alarms_of(&api, "cpu");
    api.alarm(&high.action, &high.name, &[70.0, 90.0, 110.0])
        .await;
    assert_eq!(api.desired(), 5);
    api.world.start_tasks();
    sleep(Duration::from_secs(400)).await;
    api.alarm(&low.action, &low.name, &[20.0; 15]).await;
    assert_eq!(api.desired(), 2);
    let causes: Vec<_> = api
        .activities()
        .await
        .iter()
        .map(|it| it["Cause"].clone())
        .collect();
    assert_eq!(
        causes,
        [low.name.clone(), high.name]
            .map(|name| format!("monitor alarm {name} in state ALARM triggered policy cpu"))
    );
    // Missing data never scale.
    api.world
        .change(|capacity| (capacity.desired, capacity.running) = (8, 8));
    sleep(Duration::from_secs(400)).await;
    let mut missing = alarm_action(&low.action, &low.name, &[]);
    missing.state = AlarmState::InsufficientData;
    let results = api.act([missing]).await;
    let failed = Err("Metric data points must be provided".to_owned());
    assert_eq!(results, [failed]);
    assert_eq!(api.desired(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_policy_whose_alarm_is_off_again_does_not_scale_in() {
    let api = Api::with_target().await;
    api.world
        .change(|capacity| (capacity.desired, capacity.running) = (10, 10));
    api.put_tracking("cpu", 50.0).await;
    let memory = json!({
        "PolicyName": "memory",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ECSServiceAverageMemoryUtilization",
            },
        },
    });
    api.succeed("PutScalingPolicy", memory).await;
    let [_, cpu] = alarms_of(&api, "cpu");
    let [_, memory] = alarms_of(&api, "memory");
    api.alarm(&cpu.action, &cpu.name, &[20.0; 15]).await;
    let mut off = alarm_action(&cpu.action, &cpu.name, &[20.0]);
    off.state = AlarmState::Ok;
    api.act([off]).await;
    api.alarm(&memory.action, &memory.name, &[20.0; 15]).await;
    assert_eq!(api.desired(), 10);
    api.alarm(&cpu.action, &cpu.name, &[20.0; 15]).await;
    assert_eq!(api.desired(), 4);
}
