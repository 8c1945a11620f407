//! Groups: filter expressions under a name.
//!
//! A trace's groups are found when somebody asks, so a changed expression applies to all traces at once; the
//! real service keeps what it has decided before. A group's expression may not name groups. The settings of
//! insights are kept and no insight is ever made; tags are checked and not kept.

mod request;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub use request::{Change, NewGroup, Selector};

use crate::api::Error;
use crate::arn;
use crate::filter::{self, Filter};

/// So many groups there may be: the real service's quota.
const MAX_GROUPS: usize = 25;

/// The group of all traces, which can be neither changed nor removed.
const DEFAULT: &str = "Default";

/// All groups.
#[derive(Debug, Default)]
pub struct Groups(Mutex<Vec<Group>>);

/// A group, as the API has it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    group_name: String,
    #[serde(rename = "GroupARN")]
    group_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_expression: Option<String>,
    insights_configuration: Insights,
    #[serde(skip)]
    filter: Option<Filter>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            group_name: DEFAULT.to_owned(),
            group_arn: arn::of("group", DEFAULT),
            filter_expression: None,
            insights_configuration: Insights::default(),
            filter: None,
        }
    }
}

/// What the real service watches by itself.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Insights {
    insights_enabled: bool,
    notifications_enabled: bool,
}

impl Groups {
    /// Adds a group.
    pub fn create(&self, new: NewGroup) -> Result<Group, Error> {
        let filter = request::filter(new.filter_expression.as_deref())?;
        let insights = request::insights(new.insights_configuration, Insights::default())?;
        let name = new.name()?.to_owned();
        let mut groups = self.lock();
        if name == DEFAULT || groups.iter().any(|group| group.group_name == name) {
            return Err(Error::invalid(format!("There is a group {name:?} already")));
        }
        if groups.len() == MAX_GROUPS {
            return Err(Error::invalid(format!(
                "There are {MAX_GROUPS} groups already"
            )));
        }
        let group = Group {
            group_arn: arn::of("group", &format!("{name}/{}", unique())),
            group_name: name,
            filter_expression: new.filter_expression,
            insights_configuration: insights,
            filter,
        };
        groups.push(group.clone());
        Ok(group)
    }

    /// One group. `Default` has all traces, and is in no list.
    pub fn get(&self, selector: &Selector) -> Result<Group, Error> {
        let default = Group::default();
        if selector.finds(&default) {
            return Ok(default);
        }
        let groups = self.lock();
        let found = groups.iter().find(|group| selector.finds(group));
        found.cloned().ok_or_else(|| selector.not_found())
    }

    /// All groups, in the order that they were made in.
    pub fn all(&self) -> Vec<Group> {
        self.lock().clone()
    }

    /// Changes a group; what the request leaves out stays as it is.
    pub fn update(&self, selector: &Selector, change: Change) -> Result<Group, Error> {
        let filter = request::filter(change.filter_expression.as_deref())?;
        let mut groups = self.lock();
        let found = groups.iter_mut().find(|group| selector.finds(group));
        let group = found.ok_or_else(|| selector.not_found())?;
        group.insights_configuration =
            request::insights(change.insights_configuration, group.insights_configuration)?;
        if change.filter_expression.is_some() {
            group.filter_expression = change.filter_expression;
            group.filter = filter;
        }
        Ok(group.clone())
    }

    /// Removes a group.
    pub fn delete(&self, selector: &Selector) -> Result<(), Error> {
        let mut groups = self.lock();
        let found = groups.iter().position(|group| selector.finds(group));
        groups.remove(found.ok_or_else(|| selector.not_found())?);
        Ok(())
    }

    /// What a filter can name, `Default` too; a group without an expression has all traces.
    pub fn named(&self) -> Vec<filter::Group> {
        let groups = std::iter::once(Group::default()).chain(self.all());
        let named = groups.map(|group| filter::Group {
            name: group.group_name,
            arn: group.group_arn,
            filter: group.filter,
        });
        named.collect()
    }

    /// The filter of one group, if a group is meant and has one.
    pub fn filter(&self, selector: &Selector) -> Result<Option<Filter>, Error> {
        match selector.is_empty() {
            true => Ok(None),
            false => self.get(selector).map(|group| group.filter),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last part of a group's ARN, which another group of the same name does not have.
fn unique() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    (0..26).map(letter).collect()
}
