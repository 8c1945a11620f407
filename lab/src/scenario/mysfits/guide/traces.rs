//! Lab 3: the Like service in X-Ray.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::LIKE_CONTAINER;
use super::super::words::FILTER;
use super::services::{
    container, container_names, definition_of, revision, service, stable, variable,
};
use crate::guide::{Aws, Failure, Finding, Looked, count, join, list, number, text};
use crate::runtime::X_RAY_DAEMON;

/// The names of the services in X-Ray.
pub const LIKE_NODE: &str = "like service";
pub const MONOLITH_NODE: &str = "monolith";

/// How far back traces and the service graph are read, in seconds.
const TRACES_SECONDS: i64 = 30 * 60;
const GRAPH_SECONDS: i64 = 15 * 60;

/// How old the newest traces are that a group is compared with, in seconds. The segments of older traces have arrived, so that two
/// calls one after the other find the same.
const SETTLED_SECONDS: i64 = 10;

const DAEMON_PORT: u16 = 2000;

/// Finds all likes of the Like service.
pub const LIKES: &str = r#"service("like service") AND http.method = "POST""#;

/// The type of a node of which X-Ray has only the caller's segments.
const REMOTE: &str = "remote";

/// Tasks of the Like service have the sidecar that relays traces.
pub fn sidecar(aws: &Aws) -> Looked {
    let service = service(aws, "LIKE_SERVICE")?;
    let used = definition_of(aws, &service)?;
    Ok(vec![
        has_daemon(&used),
        traces_health_checks(&used),
        stable(&service),
    ])
}

fn traces_health_checks(used: &Value) -> Finding {
    const NAME: &str = "TRACE_HEALTH_CHECKS";
    let value = variable(used, LIKE_CONTAINER, NAME).unwrap_or("not set");
    let saw = format!("{NAME} is {value} in {}", revision(used));
    crate::guide::expect(value == "on", saw, "on")
}

fn has_daemon(used: &Value) -> Finding {
    let revision = revision(used);
    let name = X_RAY_DAEMON.name;
    let Some(daemon) = container(used, name) else {
        return Err(format!(
            "The service uses {revision}, which has {}; this step wants {name} with the UDP port {DAEMON_PORT}.",
            join(&container_names(used))
        ));
    };
    let mut ports = list(&daemon["portMappings"]).iter();
    match ports.any(|port| port["containerPort"] == DAEMON_PORT && port["protocol"] == "udp") {
        true => Ok(format!(
            "The service uses {revision}, which has {name} with the UDP port {DAEMON_PORT}."
        )),
        false => Err(format!(
            "The container {name} in {revision} has no port mapping of the UDP port {DAEMON_PORT}."
        )),
    }
}

/// X-Ray has traces of the Like service.
pub fn node(aws: &Aws) -> Looked {
    let graph = graph(aws)?;
    Ok(vec![has_node(&graph)])
}

fn has_node(nodes: &[Value]) -> Finding {
    match like_node(nodes) {
        Some(node) => {
            let requests = number(&node["SummaryStatistics"]["TotalCount"]);
            Ok(format!(
                "X-Ray has {} of {LIKE_NODE} in the last 15 minutes.",
                count(requests as usize, "request")
            ))
        }
        None => {
            let names: BTreeSet<_> = nodes.iter().map(shown_name).collect();
            let names: Vec<_> = names.into_iter().collect();
            Err(format!(
                "In the last 15 minutes, X-Ray got traces of {}; this step wants {LIKE_NODE}. Click some hearts, and check again in a \
                 few seconds.",
                join(&names)
            ))
        }
    }
}

/// The service graph has an edge from the Like service to the monolith.
pub fn edge(aws: &Aws) -> Looked {
    let graph = graph(aws)?;
    Ok(vec![has_edge(&graph)])
}

fn has_edge(nodes: &[Value]) -> Finding {
    let Some(node) = like_node(nodes) else {
        return has_node(nodes);
    };
    let edges = list(&node["Edges"]).iter();
    let targets: Vec<_> = edges
        .filter_map(|edge| {
            let mut nodes = nodes.iter();
            nodes.find(|node| node["ReferenceId"] == edge["ReferenceId"])
        })
        .collect();
    let names: Vec<_> = targets.iter().map(|node| shown_name(node)).collect();
    let sentence = format!("{LIKE_NODE} has edges to {}", join(&names));
    let mut monoliths = targets
        .iter()
        .filter(|node| node["Name"] == MONOLITH_NODE)
        .peekable();
    // A node is remote if X-Ray has no segment of it in the trace of its caller.
    if monoliths.peek().is_some() && monoliths.all(|node| node["Type"] == REMOTE) {
        return Err(format!(
            "{LIKE_NODE} calls {MONOLITH_NODE}, but the segments of {MONOLITH_NODE} are in other traces; this step wants them in the \
             same trace. Pass the trace context in the headers of the call."
        ));
    }
    crate::guide::expect(names.contains(&MONOLITH_NODE), sentence, MONOLITH_NODE)
}

/// The node of the service itself. X-Ray also shows its clients under its name.
fn like_node(nodes: &[Value]) -> Option<&Value> {
    let mut nodes = nodes.iter();
    nodes.find(|node| {
        let requests = number(&node["SummaryStatistics"]["TotalCount"]);
        node["Name"] == LIKE_NODE && node["Type"] != "client" && requests >= 1.0
    })
}

fn shown_name(node: &Value) -> &str {
    match node["Type"] == "client" {
        true => "client",
        false => text(&node["Name"]),
    }
}

fn graph(aws: &Aws) -> Result<Vec<Value>, Failure> {
    let (start, end) = ((aws.now - GRAPH_SECONDS).to_string(), aws.now.to_string());
    let response = aws.call(&[
        "xray",
        "get-service-graph",
        "--start-time",
        &start,
        "--end-time",
        &end,
    ])?;
    Ok(list(&response["Services"]).to_vec())
}

/// A group of the reader finds the likes that the workshop is about.
pub fn group(aws: &Aws) -> Looked {
    let response = aws.call(&["xray", "get-groups"])?;
    let groups = list(&response["Groups"]).iter();
    let mut groups = groups
        .filter(|group| group["GroupName"] != "Default")
        .peekable();
    if groups.peek().is_none() {
        return Ok(vec![Err(
            "There is no group besides Default; this step wants one.".to_owned(),
        )]);
    }
    let until = aws.now - SETTLED_SECONDS;
    let wanted = traces_until(aws, FILTER, until)?;
    let likes = traces_until(aws, LIKES, until)?;
    let mut best = None;
    for group in groups {
        let filter = text(&group["FilterExpression"]);
        let finding = match likes == wanted && !wanted.is_empty() && !is_same(filter, FILTER) {
            true => Err(
                "All likes of the last 30 minutes are slow or failed, so that a group of these cannot be told from a group of all \
                 likes. Click more hearts, and check again in 10 s."
                    .to_owned(),
            ),
            false => {
                let found = traces_until(aws, filter, until)?;
                finds(text(&group["GroupName"]), &found, &wanted)
            }
        };
        if best.is_none() || finding.is_ok() {
            best = Some(finding);
        }
    }
    Ok(best.into_iter().collect())
}

fn finds(group: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Finding {
    if wanted.is_empty() {
        return Err(
            "X-Ray has no slow or failed likes of the last 30 minutes. Click some hearts, and check again in 10 s."
                .to_owned(),
        );
    }
    let number = found.intersection(wanted).count();
    let sentence = format!(
        "The group {group} finds {} of the last 30 minutes, among them {number} of the {} slow or failed likes",
        count(found.len(), "trace"),
        wanted.len()
    );
    crate::guide::expect(
        found == wanted,
        sentence,
        "exactly the slow and failed likes",
    )
}

/// Whether two filter expressions differ only in blanks.
fn is_same(one: &str, other: &str) -> bool {
    let words = |filter: &str| filter.split_whitespace().collect::<String>();
    words(one) == words(other)
}

/// The ids of recent traces that a filter expression finds.
pub fn traces(aws: &Aws, filter: &str) -> Result<BTreeSet<String>, Failure> {
    traces_until(aws, filter, aws.now)
}

/// The ids of traces that began in the last minutes before a time in seconds since the Unix epoch.
fn traces_until(aws: &Aws, filter: &str, end: i64) -> Result<BTreeSet<String>, Failure> {
    let (start, end) = ((aws.now - TRACES_SECONDS).to_string(), end.to_string());
    let mut command = vec!["xray", "get-trace-summaries", "--start-time", &start];
    command.extend(["--end-time", &end, "--filter-expression", filter]);
    let response = aws.call(&command)?;
    let summaries = list(&response["TraceSummaries"]).iter();
    Ok(summaries
        .map(|summary| text(&summary["Id"]).to_owned())
        .collect())
}
