//! A group: a filter expression with a name.

use serde::Serialize;

use crate::arn::resource_arn;
use crate::filter::Filter;

/// Name of the group that contains all traces. A request cannot change or delete the group `Default`.
pub const DEFAULT_GROUP_NAME: &str = "Default";

/// A group in the API's format.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    pub group_name: String,
    #[serde(rename = "GroupARN")]
    pub group_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_expression: Option<String>,
    pub insights_configuration: Insights,
    /// The parsed `filter_expression`.
    #[serde(skip)]
    pub filter: Option<Filter>,
}

impl Default for Group {
    /// The group `Default`.
    fn default() -> Self {
        Self {
            group_name: DEFAULT_GROUP_NAME.to_owned(),
            group_arn: resource_arn("group", DEFAULT_GROUP_NAME),
            filter_expression: None,
            insights_configuration: Insights::default(),
            filter: None,
        }
    }
}

/// Settings of insights. The settings of insights have no effect, because this implementation creates no
/// insights.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Insights {
    pub insights_enabled: bool,
    pub notifications_enabled: bool,
}
