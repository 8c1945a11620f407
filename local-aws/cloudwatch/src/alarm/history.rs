//! The history of alarms.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::reason::long_date;
use super::{AUTO_SCALING, Alarm, AlarmAction, AlarmState};
use crate::time::Timestamp;

/// How long items are kept, in milliseconds: two weeks, as on AWS.
const RETENTION_MILLIS: i64 = 14 * 24 * 60 * 60 * 1000;

/// Most items of all alarms.
const MAX_ITEMS: usize = 10_000;

/// An item of the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HistoryItem {
    pub alarm_name: String,
    pub timestamp: Timestamp,
    #[serde(rename = "HistoryItemType")]
    pub kind: HistoryKind,
    #[serde(rename = "HistorySummary")]
    pub summary: String,
    /// A JSON text.
    #[serde(rename = "HistoryData")]
    pub data: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HistoryKind {
    ConfigurationUpdate,
    StateUpdate,
    Action,
}

impl HistoryKind {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigurationUpdate => "ConfigurationUpdate",
            Self::StateUpdate => "StateUpdate",
            Self::Action => "Action",
        }
    }
}

/// How a configuration changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Create,
    Update,
    Delete,
}

/// The history of all alarms, also of deleted ones, oldest first.
#[derive(Debug, Default)]
pub struct History(VecDeque<Arc<HistoryItem>>);

impl History {
    /// The items, oldest first. They are shared, not copied.
    pub fn items(&self) -> Vec<Arc<HistoryItem>> {
        self.0.iter().cloned().collect()
    }

    /// Records that a configuration changed.
    pub fn record_change(&mut self, alarm: &Alarm, change: Change, now: Timestamp) {
        let (kind, verb, member) = match change {
            Change::Create => ("Create", "created", "createdAlarm"),
            Change::Update => ("Update", "updated", "updatedAlarm"),
            Change::Delete => ("Delete", "deleted", "deletedAlarm"),
        };
        let data = json!({ "version": "1.0", "type": kind, member: description(alarm) });
        let name = &alarm.config.name;
        let summary = format!("Alarm \"{name}\" {verb}");
        self.push(name, HistoryKind::ConfigurationUpdate, summary, &data, now);
    }

    /// Records that an alarm has a new state.
    pub fn record_state(&mut self, name: &str, old: &Value, new: &Value, now: Timestamp) {
        let text = |state: &Value| state["stateValue"].as_str().unwrap_or_default().to_owned();
        let summary = format!("Alarm updated from {} to {}", text(old), text(new));
        let data = json!({ "version": "1.0", "oldState": old, "newState": new });
        self.push(name, HistoryKind::StateUpdate, summary, &data, now);
    }

    /// Records that an action has run. The members of the data are those that AWS recorded for actions of Auto Scaling on
    /// 2026-09-17 (github.com/radkawar/stackd, `testdata/aws/applicationautoscaling/alarm_signals.json`), and so is the summary
    /// of a failure. The summary of other failures is the one that public alarm histories show for SNS.
    pub fn record_action(&mut self, action: &AlarmAction, result: &Result<(), String>) {
        let arn = &action.action;
        let (state, error) = match result {
            Ok(()) => ("Succeeded", None),
            Err(error) => ("Failed", Some(error)),
        };
        let summary = match error {
            None => format!("Successfully executed action {arn}"),
            Some(error) if arn.starts_with(AUTO_SCALING) => {
                format!("Failed to execute AutoScaling action: {error}")
            }
            Some(error) => format!("Failed to execute action {arn}. Received error: \"{error}\""),
        };
        let data = json!({
            "actionState": state,
            "stateUpdateTimestamp": action.state_updated_at.0,
            "notificationResource": arn,
            "publishedMessage": null,
            "error": error,
            "muteWindowEndTimestamp": null,
        });
        let (name, time) = (&action.alarm_name, action.time);
        self.push(name, HistoryKind::Action, summary, &data, time);
    }

    fn push(
        &mut self,
        name: &str,
        kind: HistoryKind,
        summary: String,
        data: &Value,
        now: Timestamp,
    ) {
        if self.0.len() == MAX_ITEMS {
            self.0.pop_front();
        }
        while self
            .0
            .front()
            .is_some_and(|it| it.timestamp.0 < now.0 - RETENTION_MILLIS)
        {
            self.0.pop_front();
        }
        self.0.push_back(Arc::new(HistoryItem {
            alarm_name: name.to_owned(),
            timestamp: now,
            kind,
            // The model permits so many characters.
            summary: summary.chars().take(255).collect(),
            data: data.to_string(),
        }));
    }
}

/// A state as the data of an item has it.
pub fn state(state: AlarmState, reason: &str, reason_data: Option<&str>) -> Value {
    let mut value = json!({ "stateValue": state.name(), "stateReason": reason });
    if let Some(data) = reason_data.and_then(|data| serde_json::from_str::<Value>(data).ok()) {
        value["stateReasonData"] = data;
    }
    value
}

/// An alarm as the data of an item has it: the members of the API in camel case.
fn description(alarm: &Alarm) -> Value {
    let config = serde_json::to_value(&alarm.config).unwrap_or_default();
    let mut members = match config {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.insert("AlarmArn".to_owned(), alarm.config.arn().into());
    members.insert(
        "AlarmConfigurationUpdatedTimestamp".to_owned(),
        long_date(alarm.configuration_updated_at).into(),
    );
    members.insert("StateValue".to_owned(), alarm.state.name().into());
    camel_case(members.into())
}

fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let mut letters = name.chars();
                let first = letters.next().map(|first| first.to_ascii_lowercase());
                let name = match &*name {
                    "OKActions" => "okActions".to_owned(),
                    _ => first.into_iter().chain(letters).collect(),
                };
                (name, camel_case(value))
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        scalar => scalar,
    }
}
