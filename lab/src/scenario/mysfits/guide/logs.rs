//! Lab 2: another log level, and what its lines tell.

use serde_json::Value;

use super::super::LIKE_CONTAINER;
use super::services::{definition, definition_of, revision, service, stable, variable};
use super::set_up::events;
use crate::guide::{Aws, Finding, Looked, count, list, text};

/// The beginning of the lines that tell the reason.
const MARK: &str = "WARN:";

/// The service writes lines of the level DEBUG.
pub fn level(aws: &Aws) -> Looked {
    let service = service(aws, "LIKE_SERVICE")?;
    let used = definition_of(aws, &service)?;
    let newest = definition(aws, aws.name("LIKE_FAMILY"))?;
    Ok(vec![level_of(&used, &newest), stable(&service)])
}

fn level_of(used: &Value, newest: &Value) -> Finding {
    let level = |definition| variable(definition, LIKE_CONTAINER, "LOGLEVEL").unwrap_or("not set");
    let is_debug = |definition| level(definition).eq_ignore_ascii_case("DEBUG");
    let (used_revision, newest_revision) = (revision(used), revision(newest));
    if is_debug(used) {
        return Ok(format!(
            "LOGLEVEL is {} in {used_revision}, which the service uses.",
            level(used)
        ));
    }
    if is_debug(newest) {
        return Err(format!(
            "LOGLEVEL is {} in {newest_revision}, and the service still uses {used_revision}.",
            level(newest)
        ));
    }
    Err(format!(
        "LOGLEVEL is {} in {used_revision}, which the service uses; this step wants DEBUG.",
        level(used)
    ))
}

/// There are lines with the reason, and a metric counts them.
pub fn reason(aws: &Aws) -> Looked {
    let group = aws.name("LIKE_LOG_GROUP");
    let lines = events(aws, group, &format!("\"{MARK}\""), &[])?.len();
    let described = aws.call(&["logs", "describe-metric-filters", "--log-group-name", group])?;
    let filters = list(&described["metricFilters"]);
    let counts = |filter: &&Value| text(&filter["filterPattern"]).contains(MARK);
    Ok(vec![
        match lines {
            0 => Err(format!(
                "The log group {group} has no line with \"{MARK}\" yet. Click some hearts: only new tasks write these lines."
            )),
            _ => Ok(format!(
                "The log group {group} has {} with \"{MARK}\".",
                count(lines, "line")
            )),
        },
        match filters.iter().find(counts) {
            Some(filter) => Ok(format!(
                "The metric filter {} counts them.",
                text(&filter["filterName"])
            )),
            None => Err(format!(
                "No metric filter of the log group {group} has a pattern with \"{MARK}\"; this step wants one."
            )),
        },
    ])
}
