//! Groups: named filter expressions.
//!
//! Each query evaluates a group's current expression, so a changed expression also applies to older traces.
//! AWS evaluates the groups of a trace only once, when the trace arrives. A group's expression cannot refer
//! to other groups. The insights settings of a group are stored, but no insights are created. The tags of a
//! group are validated and then dropped.

mod group;
mod requests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use requests::{CreateGroup, GroupSelector, UpdateGroup};

use crate::arn::resource_arn;
use crate::error::Error;
use crate::filter::{Filter, NamedGroup};
use group::{DEFAULT_GROUP_NAME, Group, Insights};

/// Maximum number of groups besides `Default`. AWS has the same quota of groups.
const MAX_GROUPS: usize = 25;

/// All groups besides `Default`, in the order of their creation.
#[derive(Debug, Default)]
pub struct Groups(Mutex<Vec<Group>>);

impl Groups {
    /// Adds a group. Fails if a group with the same name exists, or if the maximum number of groups exists.
    pub fn create(&self, request: CreateGroup) -> Result<Group, Error> {
        let filter = requests::parse_filter(request.filter_expression.as_deref())?;
        let insights =
            requests::apply_insights(request.insights_configuration, Insights::default())?;
        let name = request.validated_name()?.to_owned();
        let mut groups = self.lock();
        if name == DEFAULT_GROUP_NAME || groups.iter().any(|group| group.group_name == name) {
            return Err(Error::invalid(format!("Group {name:?} exists already")));
        }
        if groups.len() == MAX_GROUPS {
            return Err(Error::invalid(format!(
                "There are {MAX_GROUPS} groups already"
            )));
        }
        let group = Group {
            group_arn: resource_arn("group", &format!("{name}/{}", random_id())),
            group_name: name,
            filter_expression: request.filter_expression,
            insights_configuration: insights,
            filter,
        };
        groups.push(group.clone());
        Ok(group)
    }

    /// The selected group.
    pub fn get(&self, selector: &GroupSelector) -> Result<Group, Error> {
        let default_group = Group::default();
        if selector.matches(&default_group) {
            return Ok(default_group);
        }
        let groups = self.lock();
        let group = groups.iter().find(|group| selector.matches(group));
        group.cloned().ok_or_else(|| selector.not_found_error())
    }

    /// All groups besides `Default`, in the order of their creation.
    pub fn list(&self) -> Vec<Group> {
        self.lock().clone()
    }

    /// Changes a group. If the request does not contain a setting, the setting stays unchanged.
    pub fn update(&self, selector: &GroupSelector, request: UpdateGroup) -> Result<Group, Error> {
        let filter = requests::parse_filter(request.filter_expression.as_deref())?;
        let mut groups = self.lock();
        let group = groups.iter_mut().find(|group| selector.matches(group));
        let group = group.ok_or_else(|| selector.not_found_error())?;
        group.insights_configuration =
            requests::apply_insights(request.insights_configuration, group.insights_configuration)?;
        if request.filter_expression.is_some() {
            group.filter_expression = request.filter_expression;
            group.filter = filter;
        }
        Ok(group.clone())
    }

    /// Removes a group.
    pub fn delete(&self, selector: &GroupSelector) -> Result<(), Error> {
        let mut groups = self.lock();
        let index = groups.iter().position(|group| selector.matches(group));
        groups.remove(index.ok_or_else(|| selector.not_found_error())?);
        Ok(())
    }

    /// Removes all groups besides `Default`.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Returns the groups that filter expressions can name, including the group `Default`.
    pub fn named_groups(&self) -> Vec<NamedGroup> {
        let groups = std::iter::once(Group::default()).chain(self.list());
        groups
            .map(|group| NamedGroup::new(group.group_name, group.group_arn, group.filter))
            .collect()
    }

    /// Returns the filter of the selected group. Returns `None` if no group is selected or the group contains
    /// all traces.
    pub fn selected_filter(&self, selector: &GroupSelector) -> Result<Option<Filter>, Error> {
        if selector.is_empty() {
            return Ok(None);
        }
        self.get(selector).map(|group| group.filter)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Generates the last part of a group's ARN. If a group is deleted and created again, the new group gets a
/// different ARN.
fn random_id() -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random_letter = |_| char::from(BASE32[rand::random_range(0..BASE32.len())]);
    (0..26).map(random_letter).collect()
}
