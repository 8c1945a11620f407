//! Alarms: their configuration, their state, and how a state follows from the values of a metric.

mod alarms;
mod check;
mod evaluate;
mod evaluation;
mod history;
mod reason;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wire::{REGION, arn};

pub use alarms::{Alarms, Due};
pub use evaluation::Evaluation;
pub use history::HistoryItem;

use crate::math::{MetricDataQuery, Queries};
use crate::metrics::{Dimension, Unit};
use crate::time::Timestamp;

/// The prefix of the actions of Auto Scaling. They run each minute while the state stays.
const AUTO_SCALING: &str = "arn:aws:autoscaling:";

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The metric is within the threshold.
    Ok,
    /// The metric is outside the threshold.
    Alarm,
    /// There is not enough data.
    InsufficientData,
}

impl AlarmState {
    /// The name of the state in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// What an alarm is created with, as the API has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmConfig {
    /// The name of the alarm.
    #[serde(rename = "AlarmName")]
    pub name: String,
    /// A text for people.
    #[serde(rename = "AlarmDescription", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether actions run; true if absent.
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    /// ARNs of the actions when the state becomes OK.
    #[serde(rename = "OKActions", default)]
    pub ok_actions: Vec<String>,
    /// ARNs of the actions when the state becomes ALARM.
    #[serde(default)]
    pub alarm_actions: Vec<String>,
    /// ARNs of the actions when the state becomes INSUFFICIENT_DATA.
    #[serde(default)]
    pub insufficient_data_actions: Vec<String>,
    /// The name of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_name: Option<String>,
    /// The namespace of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The statistic, for example `Sum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// A percentile, for example `p99`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_statistic: Option<String>,
    /// The dimensions of the metric.
    #[serde(default)]
    pub dimensions: Vec<Dimension>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<i64>,
    /// Only values with this unit count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The number of periods that decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_periods: Option<usize>,
    /// The number of breaching periods that make an alarm; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<usize>,
    /// What the values are compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// How the values are compared, for example `GreaterThanThreshold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison_operator: Option<String>,
    /// What a period without data counts as: `missing` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treat_missing_data: Option<String>,
    /// `ignore` keeps the state while a percentile has few samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluate_low_sample_count_percentile: Option<String>,
    /// Queries instead of the one metric.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricDataQuery>,
}

fn yes() -> bool {
    true
}

/// A configuration without a metric, whose actions are enabled.
impl Default for AlarmConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: None,
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
            metric_name: None,
            namespace: None,
            statistic: None,
            extended_statistic: None,
            dimensions: Vec::new(),
            period: None,
            unit: None,
            evaluation_periods: None,
            datapoints_to_alarm: None,
            threshold: None,
            comparison_operator: None,
            treat_missing_data: None,
            evaluate_low_sample_count_percentile: None,
            metrics: Vec::new(),
        }
    }
}

impl AlarmConfig {
    /// The actions of a state.
    pub fn actions(&self, state: AlarmState) -> &[String] {
        match state {
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
            AlarmState::InsufficientData => &self.insufficient_data_actions,
        }
    }

    /// Whether `is_wanted` selects an action of any state.
    pub fn has_action(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let actions = [
            &self.ok_actions,
            &self.alarm_actions,
            &self.insufficient_data_actions,
        ];
        actions.into_iter().flatten().any(|it| is_wanted(it))
    }

    /// Removes an action from those of each state.
    pub fn remove_action(&mut self, action: &str) {
        for actions in [
            &mut self.ok_actions,
            &mut self.alarm_actions,
            &mut self.insufficient_data_actions,
        ] {
            actions.retain(|it| it != action);
        }
    }

    /// The ARN of the alarm.
    pub fn arn(&self) -> String {
        arn("cloudwatch", REGION, &format!("alarm:{}", self.name))
    }
}

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    pub config: AlarmConfig,
    /// What is compared, from `config`.
    pub rule: Arc<Rule>,
    pub configuration_updated_at: Timestamp,
    pub state: AlarmState,
    pub reason: String,
    /// A JSON text.
    pub reason_data: Option<String>,
    pub state_updated_at: Timestamp,
    pub state_transitioned_at: Timestamp,
    pub tags: BTreeMap<String, String>,
}

/// A checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub queries: Queries,
    /// The query whose values are compared.
    pub watched: usize,
    pub period: i64,
    /// N: the number of periods that decide.
    pub evaluation_periods: usize,
    /// M: the number of breaching periods that make an alarm.
    pub datapoints_to_alarm: usize,
    pub operator: Operator,
    pub threshold: f64,
    pub missing_data: MissingData,
    /// The least number of samples in a period; the alarm keeps its state if a period has fewer.
    pub min_samples: Option<f64>,
}

/// How a value is compared with the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `GreaterThanOrEqualToThreshold`
    GreaterThanOrEqualTo,
    /// `GreaterThanThreshold`
    GreaterThan,
    /// `LessThanThreshold`
    LessThan,
    /// `LessThanOrEqualToThreshold`
    LessThanOrEqualTo,
}

impl Operator {
    /// Whether a value is outside the threshold.
    pub fn is_breaching(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqualTo => value >= threshold,
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
            Self::LessThanOrEqualTo => value <= threshold,
        }
    }
}

/// What a period without data counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingData {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

/// An action that an alarm runs.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmAction {
    /// The ARN of the action, for example of a scaling policy.
    pub action: String,
    /// The name of the alarm.
    pub alarm_name: String,
    /// The ARN of the alarm.
    pub alarm_arn: String,
    /// The state of the alarm.
    pub state: AlarmState,
    /// Why the alarm is in this state.
    pub reason: String,
    /// The values that were compared with the threshold, oldest first. The list is empty if all data was missing.
    pub values: Vec<f64>,
    /// The threshold.
    pub threshold: f64,
    /// How the values were compared with it.
    pub operator: Operator,
    /// The time.
    pub time: Timestamp,
    /// When the state was set.
    pub state_updated_at: Timestamp,
    /// Whether the state is new. An action of Auto Scaling also runs each minute while the state stays.
    pub is_new_state: bool,
}

/// Runs the actions of alarms.
pub trait AlarmActions: Send + Sync + 'static {
    /// Runs the actions of one evaluation of all alarms, or of one `SetAlarmState`. Returns a result for each action: the
    /// error is a description of why the action does not exist or fails. May block.
    fn run(&self, actions: &[AlarmAction]) -> Vec<Result<(), String>>;
}
