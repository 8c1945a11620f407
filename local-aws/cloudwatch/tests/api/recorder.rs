//! Alarms of the tests, and a recorder of their actions.

use std::sync::{Arc, Mutex};

use cloudwatch::{AlarmAction, AlarmActions};
use serde_json::{Value, json};

use crate::client::Local;

pub const POLICY: &str = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:6d8972f3:resource/ecs/service/c/s:policyName/up";

/// The recorder refuses the actions of this policy.
pub const UNKNOWN_POLICY: &str = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:unknown";

pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:topic";

/// Records actions. Only those of known policies of Auto Scaling succeed.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<AlarmAction>>);

impl Recorder {
    pub fn take(&self) -> Vec<AlarmAction> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl AlarmActions for Recorder {
    fn run(&self, actions: &[AlarmAction]) -> Vec<Result<(), String>> {
        self.0.lock().unwrap().extend_from_slice(actions);
        let results = actions.iter().map(|action| match &*action.action {
            UNKNOWN_POLICY => Err("no such policy".to_owned()),
            arn if arn.starts_with("arn:aws:autoscaling:") => Ok(()),
            _ => Err("no such service".to_owned()),
        });
        results.collect()
    }
}

pub fn with_recorder() -> (Local, Arc<Recorder>) {
    let local = Local::new();
    let recorder = Arc::new(Recorder::default());
    local.cloudwatch.set_actions(recorder.clone());
    (local, recorder)
}

/// The workshop's alarm on likes a minute.
pub fn scale_up() -> Value {
    json!({
        "AlarmName": "LikeScaleUpAlarm",
        "Namespace": "N",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1000,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [POLICY],
        "OKActions": [TOPIC],
    })
}

pub async fn alarm(local: &Local, name: &str) -> Value {
    let alarms = local
        .ok("DescribeAlarms", json!({ "AlarmNames": [name] }))
        .await;
    alarms["MetricAlarms"][0].clone()
}

pub async fn state(local: &Local, name: &str) -> String {
    alarm(local, name).await["StateValue"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub async fn history(local: &Local, kind: Option<&str>) -> Vec<Value> {
    let parameters = json!({ "HistoryItemType": kind, "ScanBy": "TimestampAscending" });
    let history = local.ok("DescribeAlarmHistory", parameters).await;
    history["AlarmHistoryItems"].as_array().unwrap().clone()
}
