//! Alarms of the tests, and a recorder of their actions.

use std::sync::{Arc, Mutex};

use cloudwatch::{AlarmAction, AlarmActions};
use serde_json::{Value, json};

use crate::client::Local;

pub const POLICY: &str = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:6d8972f3:resource/ecs/service/c/s:policyName/up";

pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:topic";

/// Records actions. Only those of Auto Scaling succeed.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<AlarmAction>>);

impl Recorder {
    pub fn take(&self) -> Vec<AlarmAction> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl AlarmActions for Recorder {
    fn run(&self, action: &AlarmAction) -> Result<(), String> {
        self.0.lock().unwrap().push(action.clone());
        match action.action.starts_with("arn:aws:autoscaling:") {
            true => Ok(()),
            false => Err("no such service".to_owned()),
        }
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
