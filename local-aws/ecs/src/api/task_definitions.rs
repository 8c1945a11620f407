//! Task definitions: register, deregister, describe, list, list families.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, arn};

use super::INVALID_PARAMETER;
use super::names;
use super::pages::{Order, Page, page};
use crate::definition::TaskDefinition;
use crate::model::Registered;
use crate::state::State;
use crate::time::Timestamp;

/// Maximum number of revisions of all families. A revision has at most 64 KiB.
const MAX_REVISIONS: usize = 1000;

/// Separates the family and the revision in the keys of lists. It is less than all characters of families, so that the keys
/// have the order of the families.
const SEPARATOR: char = '!';

/// Registers a revision. Its number is that of the newest revision of its family plus 1.
pub fn register(
    state: &mut State,
    now: Timestamp,
    mut definition: TaskDefinition,
) -> Result<Registered, Error> {
    let count: usize = state.families.values().map(Vec::len).sum();
    if count >= MAX_REVISIONS {
        let message = format!("There are {MAX_REVISIONS} task definition revisions already.");
        return Err(Error::bad_request("LimitExceededException", message));
    }
    let revisions = state.families.entry(definition.family.clone()).or_default();
    let newest = revisions.last().map_or(0, |it| it.definition.revision);
    definition.revision = newest.saturating_add(1);
    let registered = Registered {
        definition: Arc::new(definition),
        registered_at: now,
        deregistered_at: None,
    };
    revisions.push(registered.clone());
    Ok(registered)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DeregisterTaskDefinition {
    task_definition: String,
}

pub fn deregister(
    state: &mut State,
    now: Timestamp,
    request: DeregisterTaskDefinition,
) -> Result<Value, Error> {
    let reference = Reference::parse(&request.task_definition);
    if reference.revision.is_none() {
        let message = "You must specify a revision of the task definition.";
        return Err(Error::bad_request(INVALID_PARAMETER, message));
    }
    let found = reference.find_mut(state);
    let found = found.ok_or_else(not_described)?;
    found.deregistered_at.get_or_insert(now);
    Ok(json!({ "taskDefinition": describe_revision(found) }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeTaskDefinition {
    task_definition: String,
    #[serde(default, rename = "include")]
    _include: Vec<Include>,
}

/// There are no tags, so lists of tags are empty with and without this.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Include {
    Tags,
}

pub fn describe(state: &State, request: DescribeTaskDefinition) -> Result<Value, Error> {
    let found = Reference::parse(&request.task_definition).find(state);
    let found = found.ok_or_else(not_described)?;
    Ok(json!({ "taskDefinition": describe_revision(found), "tags": [] }))
}

fn not_described() -> Error {
    Error::bad_request("ClientException", "Unable to describe task definition.")
}

/// Finds the task definition that a service is updated to.
pub fn find_active(state: &State, reference: &str) -> Result<Arc<TaskDefinition>, Error> {
    let refused = |message| Error::bad_request("ClientException", message);
    let found = Reference::parse(reference).find(state);
    let found = found.ok_or_else(|| refused("TaskDefinition not found."))?;
    match found.deregistered_at {
        None => Ok(Arc::clone(&found.definition)),
        Some(_) => Err(refused("TaskDefinition is inactive")),
    }
}

/// A family, or a revision.
struct Reference<'a> {
    family: &'a str,
    /// A text that is no number is revision 0, which does not exist.
    revision: Option<u32>,
}

impl<'a> Reference<'a> {
    /// Parses a family, `family:revision`, or an ARN.
    fn parse(text: &'a str) -> Self {
        let prefix = names::arn("task-definition/");
        let text = text.strip_prefix(&prefix).unwrap_or(text);
        match text.split_once(':') {
            None => Self {
                family: text,
                revision: None,
            },
            Some((family, revision)) => Self {
                family,
                revision: Some(revision.parse().unwrap_or(0)),
            },
        }
    }

    /// The index of the revision in those of its family; of a family, the newest active one.
    fn index(&self, revisions: &[Registered]) -> Option<usize> {
        match self.revision {
            None => revisions
                .iter()
                .rposition(|it| it.deregistered_at.is_none()),
            Some(revision) => revisions
                .iter()
                .position(|it| it.definition.revision == revision),
        }
    }

    fn find<'s>(&self, state: &'s State) -> Option<&'s Registered> {
        let revisions = state.families.get(self.family)?;
        revisions.get(self.index(revisions)?)
    }

    fn find_mut<'s>(&self, state: &'s mut State) -> Option<&'s mut Registered> {
        let revisions = state.families.get_mut(self.family)?;
        let index = self.index(revisions)?;
        revisions.get_mut(index)
    }
}

/// The member `taskDefinition` of responses.
pub fn describe_revision(registered: &Registered) -> Value {
    let definition = &registered.definition;
    let mut description = definition.document.clone();
    let mut insert = |name: &str, value| description.insert(name.to_owned(), value);
    insert("taskDefinitionArn", definition.arn().into());
    insert("revision", definition.revision.into());
    insert("status", status(registered).into());
    insert("compatibilities", json!(["FARGATE"]));
    let registered_at = registered.registered_at.as_secs_f64();
    insert("registeredAt", registered_at.into());
    insert("registeredBy", arn("iam", "", "root").into());
    if let Some(deregistered_at) = registered.deregistered_at {
        insert("deregisteredAt", deregistered_at.as_secs_f64().into());
    }
    description.into()
}

fn status(registered: &Registered) -> &'static str {
    match registered.deregistered_at {
        None => "ACTIVE",
        Some(_) => "INACTIVE",
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListTaskDefinitions {
    family_prefix: Option<String>,
    #[serde(default)]
    status: Status,
    #[serde(default)]
    sort: Order,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    #[default]
    Active,
    Inactive,
}

impl Status {
    fn includes(self, registered: &Registered) -> bool {
        (self == Self::Active) == registered.deregistered_at.is_none()
    }
}

pub fn list(state: &State, request: ListTaskDefinitions) -> Result<Value, Error> {
    let ListTaskDefinitions {
        family_prefix,
        status,
        sort,
        next_token,
        max_results,
    } = request;
    // The parameter's name says prefix, but it is a whole family.
    let is_asked = |family: &str| family_prefix.as_deref().is_none_or(|it| it == family);
    let families = state.families.iter();
    let families = families.filter(|(family, _)| is_asked(family));
    let revisions = families.flat_map(|(_, revisions)| revisions);
    let revisions = revisions.filter(|registered| status.includes(registered));
    let items = revisions.map(|registered| {
        let definition = &registered.definition;
        let (family, revision) = (&definition.family, definition.revision);
        let key = format!("{family}{SEPARATOR}{revision:010}");
        (key, Value::from(definition.arn()))
    });
    let mut items: Vec<_> = items.collect();
    if sort == Order::Descending {
        items.reverse();
    }
    page(
        "taskDefinitionArns",
        items,
        (&family_prefix, status, sort == Order::Descending),
        Page {
            next_token: next_token.as_deref(),
            max_results,
            default_size: 100,
            order: sort,
        },
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListTaskDefinitionFamilies {
    #[serde(default)]
    family_prefix: String,
    #[serde(default)]
    status: FamilyStatus,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "UPPERCASE")]
enum FamilyStatus {
    #[default]
    All,
    Active,
    Inactive,
}

pub fn list_families(state: &State, request: ListTaskDefinitionFamilies) -> Result<Value, Error> {
    let ListTaskDefinitionFamilies {
        family_prefix,
        status,
        next_token,
        max_results,
    } = request;
    let is_active =
        |revisions: &[Registered]| revisions.iter().any(|it| Status::Active.includes(it));
    let families = state.families.iter().filter(|(family, revisions)| {
        let has_status = match status {
            FamilyStatus::All => true,
            FamilyStatus::Active => is_active(revisions),
            FamilyStatus::Inactive => !is_active(revisions),
        };
        has_status && family.starts_with(&family_prefix)
    });
    let items = families.map(|(family, _)| (family.clone(), Value::from(family.as_str())));
    page(
        "families",
        items,
        (&family_prefix, status),
        Page {
            next_token: next_token.as_deref(),
            max_results,
            default_size: 100,
            order: Order::Ascending,
        },
    )
}
