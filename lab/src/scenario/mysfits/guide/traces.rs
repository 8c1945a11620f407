//! Lab 3: the Like service in X-Ray.

use std::collections::BTreeSet;

use serde_json::Value;

use super::services::{container, container_names, definition_of, revision, service, stable};
use crate::guide::{Aws, Failure, Finding, Looked, count, join, list, number, text};
use crate::runtime::X_RAY_DAEMON;

/// The names of the services in X-Ray.
pub const LIKE_NODE: &str = "like service";
pub const MONOLITH_NODE: &str = "monolith";

/// How far back traces and the service graph are read, in seconds.
const TRACES_SECONDS: i64 = 30 * 60;
const GRAPH_SECONDS: i64 = 15 * 60;

const DAEMON_PORT: u16 = 2000;

/// Tasks of the Like service have the sidecar that relays traces.
pub fn sidecar(aws: &Aws) -> Looked {
    let service = service(aws, "LIKE_SERVICE")?;
    let used = definition_of(aws, &service)?;
    Ok(vec![has_daemon(&used), stable(&service)])
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
                "In the last 15 minutes, X-Ray has heard of {}; this step wants {LIKE_NODE}.",
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
    let name = |edge: &Value| {
        let mut nodes = nodes.iter();
        let target = nodes.find(|node| node["ReferenceId"] == edge["ReferenceId"]);
        target.map_or("", shown_name)
    };
    let targets: Vec<_> = list(&node["Edges"]).iter().map(name).collect();
    let sentence = format!("{LIKE_NODE} has edges to {}", join(&targets));
    crate::guide::expect(targets.contains(&MONOLITH_NODE), sentence, MONOLITH_NODE)
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
        return Ok(vec![Err("There is no group besides Default.".to_owned())]);
    }
    let wanted = traces(aws, super::super::words::FILTER)?;
    let mut best = None;
    for group in groups {
        let found = traces(aws, text(&group["FilterExpression"]))?;
        let finding = finds(text(&group["GroupName"]), &found, &wanted);
        if best.is_none() || finding.is_ok() {
            best = Some(finding);
        }
    }
    Ok(best.into_iter().collect())
}

fn finds(group: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Finding {
    if wanted.is_empty() {
        return Err(
            "X-Ray has no slow or failed likes of the last 30 minutes. Click some hearts."
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

/// The ids of recent traces that a filter expression finds.
pub fn traces(aws: &Aws, filter: &str) -> Result<BTreeSet<String>, Failure> {
    let (start, end) = ((aws.now - TRACES_SECONDS).to_string(), aws.now.to_string());
    let mut command = vec!["xray", "get-trace-summaries", "--start-time", &start];
    command.extend(["--end-time", &end, "--filter-expression", filter]);
    let response = aws.call(&command)?;
    let summaries = list(&response["TraceSummaries"]).iter();
    Ok(summaries
        .map(|summary| text(&summary["Id"]).to_owned())
        .collect())
}
