//! Lab 1: a sidecar that tells the metadata of its task, and the number of tasks as a metric.

use std::collections::BTreeMap;

use serde_json::Value;

use super::metrics::{LATE, Metric};
use super::services::{
    container, container_names, definition, definition_of, desired_count, revision, service, stable,
};
use super::set_up::events;
use crate::guide::{Aws, Finding, Looked, count, expect, join, list, minute, text};

const SIDECAR: &str = "metadata-proxy";
const PORT: u16 = 8001;
const MEMORY_MIB: u32 = 128;

/// Access lines with the status 200.
const SUCCEEDED: &str = r#"{ $.target = "access" && $.status = 200 }"#;

/// How the requests of [`requests`] are called, with an id of a container or without.
const METADATA: &str = "/v2/metadata";
const STATS: &str = "/v2/stats";
const STATS_OF_CONTAINER: &str = "/v2/stats/<container id>";

const WANTED_MONOLITHS: u32 = 3;

/// The newest revision has the sidecar.
pub fn revision_with_sidecar(definition: &Value) -> Vec<Finding> {
    let (family, revision) = (text(&definition["family"]), revision(definition));
    let Some(sidecar) = container(definition, SIDECAR) else {
        let names = container_names(definition);
        let noun = if names.len() == 1 {
            "container"
        } else {
            "containers"
        };
        return vec![Err(format!(
            "The newest revision of {family}, {revision}, has the {noun} {}; this step wants {SIDECAR}, too.",
            join(&names)
        ))];
    };
    let ports = list(&sidecar["portMappings"]).iter();
    let ports: Vec<_> = ports
        .map(|port| port["containerPort"].to_string())
        .collect();
    let is_essential = sidecar["essential"] != false;
    vec![
        Ok(format!("The newest revision of {family}, {revision}, has the container {SIDECAR}.")),
        expect(
            ports.contains(&PORT.to_string()),
            format!("Its port mappings have {}", join(&ports)),
            &format!("the port {PORT}"),
        ),
        match sidecar["memory"].as_u64() {
            None => Err(format!("It has no limit of memory; this step wants {MEMORY_MIB} MiB.")),
            Some(memory) => expect(
                memory == u64::from(MEMORY_MIB),
                format!("Its memory is {memory} MiB"),
                &MEMORY_MIB.to_string(),
            ),
        },
        match is_essential {
            true => Err("It is essential: the whole task would stop with it. This step wants \"essential\": false.".to_owned()),
            false => Ok("It is not essential.".to_owned()),
        },
    ]
}

/// The newest revision has the sidecar.
pub fn revision_step(aws: &Aws) -> Looked {
    Ok(revision_with_sidecar(&definition(
        aws,
        aws.name("LIKE_FAMILY"),
    )?))
}

/// The service uses a revision with the sidecar.
pub fn rollout(aws: &Aws) -> Looked {
    let service = service(aws, "LIKE_SERVICE")?;
    let used = definition_of(aws, &service)?;
    let newest = definition(aws, aws.name("LIKE_FAMILY"))?;
    let settings = &service["deploymentConfiguration"];
    let (minimum, maximum) = (
        &settings["minimumHealthyPercent"],
        &settings["maximumPercent"],
    );
    Ok(vec![
        uses_sidecar(&used, &newest),
        expect(
            *minimum == 50 && *maximum == 100,
            format!(
                "The deployment configuration has the minimum {minimum} and the maximum {maximum}"
            ),
            "50 and 100",
        ),
        stable(&service),
    ])
}

fn uses_sidecar(used: &Value, newest: &Value) -> Finding {
    let (used_revision, newest_revision) = (revision(used), revision(newest));
    match container(used, SIDECAR) {
        Some(_) => Ok(format!(
            "The service uses {used_revision}, which has the container {SIDECAR}."
        )),
        None if used_revision == newest_revision => Err(format!(
            "The service uses {used_revision}, which has no container {SIDECAR}."
        )),
        None => Err(format!(
            "The service uses {used_revision}, which has no container {SIDECAR}; the newest is {newest_revision}."
        )),
    }
}

/// Readers have sent requests to a sidecar.
pub fn requests(aws: &Aws) -> Looked {
    let used = definition_of(aws, &service(aws, "LIKE_SERVICE")?)?;
    let Some(sidecar) = container(&used, SIDECAR) else {
        return Ok(vec![uses_sidecar(&used, &used)]);
    };
    let log = &sidecar["logConfiguration"]["options"];
    let (group, prefix) = (
        text(&log["awslogs-group"]),
        text(&log["awslogs-stream-prefix"]),
    );
    if group.is_empty() || prefix.is_empty() {
        return Ok(vec![Err(format!(
            "The container {SIDECAR} has no awslogs configuration with a group and a stream prefix, so that its requests are in no log."
        ))]);
    }
    let streams = format!("{prefix}/{SIDECAR}/");
    let events = events(
        aws,
        group,
        SUCCEEDED,
        &["--log-stream-name-prefix", &streams],
    )?;
    Ok(all_requested(&requested(&events)))
}

/// The numbers of requests in access lines, by the kind of request.
fn requested(events: &[Value]) -> BTreeMap<&'static str, usize> {
    let mut requested = BTreeMap::new();
    for event in events {
        let line: Value = serde_json::from_str(text(&event["message"])).unwrap_or_default();
        let path = text(&line["path"]);
        let kind = match path.strip_prefix("/v2/stats/") {
            Some(id) if !id.is_empty() => STATS_OF_CONTAINER,
            _ if path == METADATA => METADATA,
            _ if path == STATS => STATS,
            _ => continue,
        };
        *requested.entry(kind).or_default() += 1;
    }
    requested
}

fn all_requested(requested: &BTreeMap<&'static str, usize>) -> Vec<Finding> {
    let wanted = [METADATA, STATS, STATS_OF_CONTAINER].into_iter();
    wanted
        .map(|kind| match requested.get(kind) {
            Some(&number) => Ok(format!(
                "A sidecar has answered {} for {kind}.",
                count(number, "request")
            )),
            None => Err(format!("No request for {kind} has reached a sidecar yet.")),
        })
        .collect()
}

/// The monolith has three tasks, and CloudWatch counts them.
pub fn monoliths(aws: &Aws) -> Looked {
    let service = service(aws, "MONOLITH_SERVICE")?;
    let metric = Metric::of_service(aws, "MONOLITH_SERVICE", "CPUUtilization", "SampleCount");
    Ok(vec![
        desired_count(&service, WANTED_MONOLITHS),
        stable(&service),
        number_follows(metric.values(aws, 5)?.last()),
    ])
}

fn number_follows(newest: Option<&super::metrics::Value>) -> Finding {
    match newest {
        None => Err(format!(
            "CloudWatch has no values of the last minutes. {LATE}"
        )),
        Some(&(time, tasks)) => {
            let saw = format!(
                "The newest minute of CloudWatch ({}) counts {}",
                minute(time),
                count(tasks as usize, "task")
            );
            let finding = expect(
                tasks == f64::from(WANTED_MONOLITHS),
                saw,
                &WANTED_MONOLITHS.to_string(),
            );
            finding.map_err(|sentence| format!("{sentence} {LATE}"))
        }
    }
}
