//! Operations on alarms.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::pages::page;
use super::tags::Tag;
use super::{invalid, tags};
use crate::alarm::{Alarm, AlarmConfig, AlarmState};
use crate::cloudwatch::CloudWatch;
use crate::metrics::{Dimension, Unit};

/// Most alarms in a response, if the request has no limit.
const PAGE_SIZE: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutRequest {
    #[serde(flatten)]
    config: AlarmConfig,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub fn put(cloudwatch: &CloudWatch, request: PutRequest) -> Result<Value, Error> {
    let mut tags = BTreeMap::new();
    tags::add(&mut tags, request.tags)?;
    cloudwatch.put_tagged_alarm(request.config, tags)?;
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeRequest {
    #[serde(default)]
    alarm_names: Vec<String>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    state_value: Option<AlarmState>,
    action_prefix: Option<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

impl DescribeRequest {
    fn selects(&self, alarm: &Alarm) -> bool {
        let name = &alarm.config.name;
        let types = self.alarm_types.as_ref();
        (self.alarm_names.is_empty() || self.alarm_names.contains(name))
            && self
                .alarm_name_prefix
                .as_ref()
                .is_none_or(|it| name.starts_with(it))
            && types.is_none_or(|it| it.is_empty() || it.iter().any(|it| it == "MetricAlarm"))
            && self.state_value.is_none_or(|it| it == alarm.state)
            && self
                .action_prefix
                .as_ref()
                .is_none_or(|prefix| alarm.config.has_action(|it| it.starts_with(prefix)))
    }
}

pub fn describe(cloudwatch: &CloudWatch, request: &DescribeRequest) -> Result<Value, Error> {
    if !request.alarm_names.is_empty() && request.alarm_name_prefix.is_some() {
        return Err(invalid(
            "AlarmNamePrefix and AlarmNames should not both be set",
        ));
    }
    let tokens = PageTokens::new((
        "DescribeAlarms",
        &request.alarm_names,
        &request.alarm_name_prefix,
        &request.alarm_types,
        request.state_value.map(AlarmState::name),
        &request.action_prefix,
        request.max_records,
    ));
    let alarms = cloudwatch.alarms().all();
    let alarms = alarms.iter().filter(|it| request.selects(it));
    let alarms: Vec<_> = alarms.map(|alarm| description(alarm)).collect();
    let size = request.max_records.unwrap_or(PAGE_SIZE);
    let (alarms, next) = page(alarms, size, &tokens, request.next_token.as_deref())?;
    Ok(json!({
        "CompositeAlarms": [],
        "LogAlarms": [],
        "MetricAlarms": alarms,
        "NextToken": next,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ForMetricRequest {
    metric_name: String,
    namespace: String,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    period: Option<i64>,
    unit: Option<Unit>,
}

pub fn describe_for_metric(
    cloudwatch: &CloudWatch,
    mut request: ForMetricRequest,
) -> Result<Value, Error> {
    request.dimensions.sort();
    let is_selected = |alarm: &&Arc<Alarm>| {
        let config = &alarm.config;
        let mut dimensions = config.dimensions.clone();
        dimensions.sort();
        config.metric_name.as_ref() == Some(&request.metric_name)
            && config.namespace.as_ref() == Some(&request.namespace)
            && dimensions == request.dimensions
            && (request.statistic.is_none() || request.statistic == config.statistic)
            && (request.extended_statistic.is_none()
                || request.extended_statistic == config.extended_statistic)
            && (request.period.is_none() || request.period == config.period)
            && (request.unit.is_none() || request.unit == config.unit)
    };
    let alarms = cloudwatch.alarms().all();
    let alarms = alarms.iter().filter(is_selected);
    let alarms: Vec<_> = alarms.map(|alarm| description(alarm)).collect();
    Ok(json!({ "MetricAlarms": alarms }))
}

/// An alarm as the API shows it.
fn description(alarm: &Alarm) -> Value {
    let mut description = json!(alarm.config);
    let state = json!({
        "AlarmArn": alarm.config.arn(),
        "AlarmConfigurationUpdatedTimestamp": alarm.configuration_updated_at,
        "StateValue": alarm.state.name(),
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data,
        "StateUpdatedTimestamp": alarm.state_updated_at,
        "StateTransitionedTimestamp": alarm.state_transitioned_at,
    });
    if let (Value::Object(description), Value::Object(state)) = (&mut description, state) {
        description.extend(state);
    }
    description
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NamesRequest {
    alarm_names: Vec<String>,
}

/// Names of alarms that do not exist are ignored: AWS's documentation of DeleteAlarms says that the others are deleted.
pub fn delete(cloudwatch: &CloudWatch, request: NamesRequest) -> Result<Value, Error> {
    let now = cloudwatch.now();
    let mut alarms = cloudwatch.alarms();
    for name in request.alarm_names {
        alarms.delete(&name, now);
    }
    Ok(Value::Null)
}

pub fn enable_actions(
    cloudwatch: &CloudWatch,
    request: NamesRequest,
    are_enabled: bool,
) -> Result<Value, Error> {
    let now = cloudwatch.now();
    let mut alarms = cloudwatch.alarms();
    for name in request.alarm_names {
        alarms.enable_actions(&name, are_enabled, now);
    }
    Ok(Value::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetStateRequest {
    alarm_name: String,
    state_value: AlarmState,
    state_reason: String,
    state_reason_data: Option<String>,
}

pub fn set_state(cloudwatch: &CloudWatch, request: SetStateRequest) -> Result<Value, Error> {
    let SetStateRequest {
        alarm_name,
        state_value,
        state_reason,
        state_reason_data: data,
    } = request;
    let is_json =
        |data: &String| serde_json::from_str::<Value>(data).is_ok_and(|it| it.is_object());
    if data.as_ref().is_some_and(|data| !is_json(data)) {
        let message = "StateReasonData must be a JSON object";
        return Err(Error::bad_request("InvalidFormat", message));
    }
    let now = cloudwatch.now();
    let actions = {
        let mut alarms = cloudwatch.alarms();
        alarms.set_state(&alarm_name, state_value, state_reason, data, now)
    };
    // AWS's error has no message.
    let actions = actions.ok_or_else(|| Error::not_found("ResourceNotFound", ""))?;
    cloudwatch.run_actions(&actions);
    Ok(Value::Null)
}
