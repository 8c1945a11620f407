//! Requests about groups, with the types and bounds of the service model.

use serde::Deserialize;

use super::group::{Group, Insights};
use crate::bounded::{BoundedText, Object};
use crate::error::Error;
use crate::filter::Filter;
use crate::tags::Tags;

/// Selects a group by the name or the ARN of the group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupSelector {
    group_name: Option<BoundedText<1, 32>>,
    #[serde(rename = "GroupARN")]
    group_arn: Option<BoundedText<1, 400>>,
}

/// `CreateGroup`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateGroup {
    pub(super) group_name: BoundedText<1, 32>,
    pub(super) filter_expression: Option<String>,
    pub(super) insights_configuration: Option<Object<InsightsConfiguration>>,
    #[expect(dead_code, reason = "tags are validated and then dropped")]
    tags: Option<Tags>,
}

/// The new settings in an `UpdateGroup` request. If a member of the request is absent, the setting stays
/// unchanged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UpdateGroup {
    pub(super) filter_expression: Option<String>,
    pub(super) insights_configuration: Option<Object<InsightsConfiguration>>,
}

/// The requested settings of insights. If a member of the request is absent, the setting stays unchanged.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InsightsConfiguration {
    insights_enabled: Option<bool>,
    notifications_enabled: Option<bool>,
}

impl GroupSelector {
    /// Whether the request contains neither the name nor the ARN of a group.
    pub fn is_empty(&self) -> bool {
        self.group_name.is_none() && self.group_arn.is_none()
    }

    pub(super) fn matches(&self, group: &Group) -> bool {
        match (&self.group_name, &self.group_arn) {
            (Some(name), None) => name.0 == group.group_name,
            (None, Some(arn)) => arn.0 == group.group_arn,
            _ => false,
        }
    }

    /// Returns the error for a selector that matches no stored group. The selector may match the group
    /// `Default`, but requests cannot change the group `Default`.
    pub(super) fn not_found_error(&self) -> Error {
        if self.matches(&Group::default()) {
            return Error::invalid("The Default group can be neither changed nor deleted");
        }
        match (&self.group_name, &self.group_arn) {
            (Some(BoundedText(name)), None) | (None, Some(BoundedText(name))) => {
                Error::invalid(format!("There is no group {name:?}"))
            }
            _ => Error::invalid("Either GroupName or GroupARN is required, not both"),
        }
    }
}

impl CreateGroup {
    /// Returns the group's name. Fails if the name contains a character that is not permitted.
    pub(super) fn validated_name(&self) -> Result<&str, Error> {
        let name = &self.group_name.0;
        let is_permitted = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if !name.chars().all(is_permitted) {
            return Err(Error::invalid(
                "GroupName can contain only ASCII letters, digits, dashes and underscores",
            ));
        }
        Ok(name)
    }
}

/// Parses a group's filter expression. Fails if the expression contains `group.name` or `group.arn`.
pub(super) fn parse_filter(expression: Option<&str>) -> Result<Option<Filter>, Error> {
    let Some(expression) = expression else {
        return Ok(None);
    };
    if expression.trim().is_empty() {
        return Err(Error::invalid("FilterExpression is empty"));
    }
    let filter = Filter::parse(expression)?;
    if filter.has_group_condition() {
        return Err(Error::invalid("A group's expression cannot name groups"));
    }
    Ok(Some(filter))
}

/// Applies the requested settings to the old settings. Fails if the requested settings enable notifications without
/// insights.
pub(super) fn apply_insights(
    requested: Option<Object<InsightsConfiguration>>,
    old: Insights,
) -> Result<Insights, Error> {
    let Some(Object(requested)) = requested else {
        return Ok(old);
    };
    let insights_enabled = requested.insights_enabled.unwrap_or(old.insights_enabled);
    if requested.notifications_enabled == Some(true) && !insights_enabled {
        return Err(Error::invalid(
            "NotificationsEnabled requires InsightsEnabled",
        ));
    }
    let notifications_enabled = requested
        .notifications_enabled
        .unwrap_or(old.notifications_enabled);
    Ok(Insights {
        insights_enabled,
        notifications_enabled: notifications_enabled && insights_enabled,
    })
}
