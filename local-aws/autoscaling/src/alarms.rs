//! The alarms of CloudWatch. The program that uses this crate implements [`Alarms`], and calls
//! [`AutoScaling::on_alarms`](crate::AutoScaling::on_alarms) for the actions of alarms.

use std::fmt::{self, Display};

use serde_json::Value;
use wire::Error;

use crate::capacity::BoxFuture;

/// Creates and deletes alarms, and removes their actions.
pub trait Alarms: Send + Sync + 'static {
    /// Creates an alarm. `request` is a request of the operation `PutMetricAlarm`.
    ///
    /// # Errors
    ///
    /// The error of the operation. `PutScalingPolicy` returns it.
    fn put(&self, request: Value) -> BoxFuture<'_, Result<(), Error>>;

    /// Deletes the alarms with these names. An alarm that does not exist is no error.
    fn delete(&self, names: Vec<String>) -> BoxFuture<'_, ()>;

    /// The names of the alarms that have an action with this ARN.
    fn with_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, Vec<String>>;

    /// Removes the action with this ARN from all alarms. The alarms stay.
    fn remove_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, ()>;
}

/// An action of an alarm: CloudWatch runs it when the state of the alarm changes, and again each minute while the state
/// lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmAction {
    /// The ARN in the alarm's list of actions.
    pub action: String,
    /// The name of the alarm.
    pub alarm: String,
    /// The state whose action runs.
    pub state: AlarmState,
    /// The threshold of the alarm.
    pub threshold: f64,
    /// The side of the threshold on which the alarm's comparison operator is true.
    pub breach: Breach,
    /// The values of the metric that the evaluation of the alarm used, oldest first: `recentDatapoints` in the alarm's
    /// `StateReasonData`. Missing values are left out.
    pub datapoints: Vec<f64>,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// The metric does not breach the threshold.
    Ok,
    /// The metric breaches the threshold.
    Alarm,
    /// The metric has too few values.
    InsufficientData,
}

impl Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// A side of a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// The comparison operator is `GreaterThanThreshold` or `GreaterThanOrEqualToThreshold`.
    Above,
    /// The comparison operator is `LessThanThreshold` or `LessThanOrEqualToThreshold`.
    Below,
}
