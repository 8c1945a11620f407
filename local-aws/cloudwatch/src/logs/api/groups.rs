//! Log groups: create, describe, delete, retention.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, REGION, arn};

use super::pages::page;
use super::{check, empty, invalid, no_such_group};
use crate::logs::{LogGroup, Logs, NotCreated};

/// The days that a retention can have.
const RETENTION_DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamesGroup {
    log_group_name: String,
}

pub fn create(logs: &Logs, request: &NamesGroup) -> Result<Value, Error> {
    check::group_name(&request.log_group_name)?;
    let (code, message) = match logs.add_group(&request.log_group_name) {
        Ok(()) => return Ok(empty()),
        Err(NotCreated::Exists) => (
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ),
        Err(NotCreated::TooManyGroups) => ("LimitExceededException", "Resource limit exceeded."),
    };
    Err(Error::bad_request(code, message))
}

pub fn delete(logs: &Logs, request: &NamesGroup) -> Result<Value, Error> {
    check::group_name(&request.log_group_name)?;
    match logs.delete_group(&request.log_group_name) {
        true => Ok(empty()),
        false => Err(no_such_group()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutRetention {
    log_group_name: String,
    retention_in_days: i64,
}

pub fn put_retention(logs: &Logs, request: &PutRetention) -> Result<Value, Error> {
    let group = logs.existing_group(&request.log_group_name)?;
    let days = request.retention_in_days;
    if !RETENTION_DAYS.contains(&days) {
        let constraint = format!("Member must satisfy enum value set: {RETENTION_DAYS:?}");
        return Err(check::violation("retentionInDays", days, &constraint));
    }
    group.events().retention = Some(days);
    Ok(empty())
}

pub fn delete_retention(logs: &Logs, request: &NamesGroup) -> Result<Value, Error> {
    let group = logs.existing_group(&request.log_group_name)?;
    group.events().retention = None;
    Ok(empty())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub fn describe(logs: &Logs, request: &DescribeGroups) -> Result<Value, Error> {
    let prefix = request.log_group_name_prefix.as_deref();
    let part = request.log_group_name_pattern.as_deref();
    if prefix.is_some() && part.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    if let Some(prefix) = prefix {
        check::group_name_of("logGroupNamePrefix", prefix)?;
    }
    if let Some(part) = part.filter(|part| !part.is_empty()) {
        check::group_name_of("logGroupNamePattern", part)?;
    }
    let is_asked = |name: &str| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && part.is_none_or(|part| name.contains(part))
    };
    let groups = logs.groups().into_iter();
    let groups = groups
        .filter(|(name, _)| is_asked(name))
        .map(|(name, group)| {
            let description = describe_group(&name, &group);
            (name, description)
        });
    let token = request.next_token.as_deref();
    page(
        "logGroups",
        groups,
        false,
        (prefix, part),
        token,
        request.limit,
    )
}

fn describe_group(name: &str, group: &LogGroup) -> Value {
    let arn = arn("logs", REGION, &format!("log-group:{name}"));
    let metric_filters = group.metric_filters().len();
    let events = group.events();
    let mut description = json!({
        "arn": format!("{arn}:*"),
        "creationTime": events.created,
        "deletionProtectionEnabled": false,
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "logGroupName": name,
        "metricFilterCount": metric_filters,
        "storedBytes": events.bytes(),
    });
    if let Some(days) = events.retention {
        description["retentionInDays"] = days.into();
    }
    description
}
