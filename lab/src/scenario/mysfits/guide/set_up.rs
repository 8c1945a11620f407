//! Lab 0: the lab runs, and the reader clicks. Lab 2 begins with clicks, too.

use serde_json::Value;

use super::services::{service, stable};
use crate::guide::{Aws, Failure, Finding, Looked, count, list, number, text};

/// How far back logs are searched, in seconds: a day of a workshop. On AWS, a search of all lines takes long.
const LOG_SECONDS: i64 = 12 * 3600;

/// Most events that a check counts.
const MAX_EVENTS: &str = "1000";

/// The access lines of likes.
const LIKES: &str = r#"{ $.target = "access" && $.method = "POST" && $.path = "*/like" }"#;

const WANTED_LIKES: usize = 10;

/// The tasks of both services run.
pub fn tasks_run(aws: &Aws) -> Looked {
    let find = |variable| -> Result<Finding, Failure> {
        let service = service(aws, variable)?;
        let name = text(&service["serviceName"]);
        Ok(match number(&service["desiredCount"]) {
            0.0 => Err(format!(
                "The desired count of {name} is 0; this step wants at least 1."
            )),
            _ => stable(&service),
        })
    };
    Ok(vec![find("LIKE_SERVICE")?, find("MONOLITH_SERVICE")?])
}

/// There are likes in the log of the Like service.
pub fn hearts(aws: &Aws) -> Looked {
    let group = aws.name("LIKE_LOG_GROUP");
    let likes = events(aws, group, LIKES, &[])?.len();
    let saw = format!("The log group {group} has {}", count(likes, "like"));
    let wanted = WANTED_LIKES.to_string();
    Ok(vec![crate::guide::expect(
        likes >= WANTED_LIKES,
        saw,
        &wanted,
    )])
}

/// A mysfit is adopted.
pub fn adoption(aws: &Aws) -> Looked {
    let table = aws.name("TABLE");
    let scanned = aws.call(&["dynamodb", "scan", "--table-name", table])?;
    let items = list(&scanned["Items"]);
    let is_adopted = |item: &&Value| item["Adopted"]["BOOL"] == true;
    let adopted: Vec<_> = items.iter().filter(is_adopted).collect();
    let of = format!("of the {} of the table {table}", count(items.len(), "item"));
    Ok(vec![match adopted[..] {
        [] => Err(format!("None {of} is adopted; this step wants one.")),
        [one] => Ok(format!("One {of} is adopted: {}.", text(&one["Name"]["S"]))),
        _ => Ok(format!("{} {of} are adopted.", adopted.len())),
    }])
}

/// The first events of a log group that match a pattern.
pub fn events(
    aws: &Aws,
    group: &str,
    pattern: &str,
    options: &[&str],
) -> Result<Vec<Value>, Failure> {
    let start = ((aws.now - LOG_SECONDS) * 1000).to_string();
    let mut command = vec!["logs", "filter-log-events", "--log-group-name", group];
    command.extend(["--filter-pattern", pattern, "--start-time", &start]);
    command.extend(["--max-items", MAX_EVENTS]);
    command.extend(options);
    Ok(list(&aws.call(&command)?["events"]).to_vec())
}
