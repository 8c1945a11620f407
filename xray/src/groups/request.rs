//! What requests tell about groups.

use serde::Deserialize;

use super::{Group, Insights};
use crate::api::Error;
use crate::bounded::{Object, Text};
use crate::filter::Filter;
use crate::tags::Tags;

/// One group, by name or ARN.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Selector {
    group_name: Option<Text<1, 32>>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<Text<1, 400>>,
}

/// A group to be made.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewGroup {
    pub(super) group_name: Text<1, 32>,
    pub(super) filter_expression: Option<String>,
    pub(super) insights_configuration: Option<Object<InsightsConfiguration>>,
    #[expect(dead_code, reason = "tags are checked and not kept")]
    tags: Option<Tags>,
}

/// What of a group is to be changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    pub(super) filter_expression: Option<String>,
    pub(super) insights_configuration: Option<Object<InsightsConfiguration>>,
}

/// What of a group's insights is to be set.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InsightsConfiguration {
    insights_enabled: Option<bool>,
    notifications_enabled: Option<bool>,
}

impl Selector {
    /// Whether no group is meant.
    pub fn is_empty(&self) -> bool {
        self.group_name.is_none() && self.group_arn.is_none()
    }

    pub(super) fn finds(&self, group: &Group) -> bool {
        match (&self.group_name, &self.group_arn) {
            (Some(name), None) => name.0 == group.group_name,
            (None, Some(arn)) => arn.0 == group.group_arn,
            _ => false,
        }
    }

    /// Why no group could be changed or read.
    pub(super) fn not_found(&self) -> Error {
        if self.finds(&Group::default()) {
            return Error::invalid("The Default group can be neither changed nor deleted");
        }
        match (&self.group_name, &self.group_arn) {
            (Some(Text(name)), None) | (None, Some(Text(name))) => {
                Error::invalid(format!("There is no group {name:?}"))
            }
            _ => Error::invalid("Either GroupName or GroupARN is required, not both"),
        }
    }
}

impl NewGroup {
    /// The name, if its characters are permitted.
    pub(super) fn name(&self) -> Result<&str, Error> {
        let name = &self.group_name.0;
        let is_permitted = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        match name.chars().all(is_permitted) {
            true => Ok(name),
            false => Err(Error::invalid(
                "GroupName has letters of ASCII, digits, dashes and underscores",
            )),
        }
    }
}

/// The filter of a group's expression, which names no group.
pub(super) fn filter(expression: Option<&str>) -> Result<Option<Filter>, Error> {
    let Some(expression) = expression else {
        return Ok(None);
    };
    if expression.trim().is_empty() {
        return Err(Error::invalid("FilterExpression is empty"));
    }
    let filter = Filter::parse(expression)?;
    match filter.asks_for_groups() {
        true => Err(Error::invalid("A group's expression cannot name groups")),
        false => Ok(Some(filter)),
    }
}

/// The settings after a request. Notifications need insights.
pub(super) fn insights(
    change: Option<Object<InsightsConfiguration>>,
    old: Insights,
) -> Result<Insights, Error> {
    let Some(Object(change)) = change else {
        return Ok(old);
    };
    let insights_enabled = change.insights_enabled.unwrap_or(old.insights_enabled);
    if change.notifications_enabled == Some(true) && !insights_enabled {
        return Err(Error::invalid(
            "NotificationsEnabled needs a group with InsightsEnabled",
        ));
    }
    let notifications = change
        .notifications_enabled
        .unwrap_or(old.notifications_enabled);
    Ok(Insights {
        insights_enabled,
        notifications_enabled: notifications && insights_enabled,
    })
}
