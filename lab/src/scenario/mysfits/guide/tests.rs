//! The steps look at responses of the lab, in which a test changes what it is about.

use std::collections::HashMap;
use std::slice::from_ref;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{STEPS, find_steps};
use crate::guide::{Aws, Finding, minute};

mod lab_3;
mod lab_4;
mod labs_5_and_6;

/// `recorded.json`
#[derive(Deserialize)]
struct Recorded {
    now: i64,
    names: HashMap<String, String>,
    /// By service and operation.
    responses: Map<String, Value>,
}

/// A change of responses: a part of the commands that get them, a JSON pointer, and the new value there.
type Change<'a> = (&'a str, &'a str, Value);

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("recorded.json")).unwrap()
}

/// The findings of a step after changes of the responses.
fn look(id: &str, changes: &[Change<'_>]) -> Vec<Finding> {
    let Recorded {
        now,
        names,
        responses,
    } = recorded();
    let changes: Vec<_> = changes
        .iter()
        .map(|(command, pointer, value)| {
            ((*command).to_owned(), (*pointer).to_owned(), value.clone())
        })
        .collect();
    let aws = Aws::new(names, now, move |words| {
        let mut response = responses[&words[..2].join(" ")].clone();
        let words = words.join(" ");
        for (command, pointer, value) in &changes {
            if words.contains(command) {
                *response.pointer_mut(pointer).unwrap() = value.clone();
            }
        }
        Ok(response)
    });
    let step = STEPS.iter().find(|step| step.id == id).unwrap();
    let findings = (step.look)(&aws).unwrap();
    if step.id < "3" {
        assert_no_spoiler(step.title);
        let sentences = findings
            .iter()
            .map(|it| it.as_ref().unwrap_or_else(|it| it));
        sentences.for_each(|sentence| assert_no_spoiler(sentence));
    }
    findings
}

/// The readers of the labs 0 to 2 find the faults and the switch themselves.
fn assert_no_spoiler(sentence: &str) {
    let sentence = sentence.to_lowercase();
    for spoiler in ["chaos", "slow", "404", "cpu_ms", "stress"] {
        assert!(!sentence.contains(spoiler), "{spoiler}: {sentence}");
    }
}

/// What a step misses. No sentence is a step that is done.
fn missing(id: &str, changes: &[Change<'_>]) -> Vec<String> {
    look(id, changes)
        .into_iter()
        .filter_map(Result::err)
        .collect()
}

/// Values of a metric of the load balancer, and the seconds before the check at which their minutes began.
fn values(metric: &'static str, values: &[(i64, f64)]) -> Change<'static> {
    let now = recorded().now;
    let points = values
        .iter()
        .map(|(ago, value)| json!({ "Timestamp": now - ago, "Sum": value, "Average": value }));
    (metric, "/Datapoints", points.collect())
}

fn no_errors() -> Change<'static> {
    values("5XX_Count", &[])
}

const DONE: [&str; 0] = [];

const SERVICES: &str = "ecs describe-services";
const CONTAINERS: &str = "/taskDefinition/containerDefinitions";

/// The commands that get the newest revision, and the revision that a service uses.
const NEWEST: &str = "--task-definition Mythical";
const USED: &str = "--task-definition arn";

/// The containers of a revision with the sidecar of lab 1.
fn with_proxy() -> Value {
    json!([{ "name": "like-service" }, {
        "name": "metadata-proxy",
        "image": "metadata-proxy",
        "essential": false,
        "memory": 128,
        "portMappings": [{ "containerPort": 8001, "protocol": "tcp" }],
        "logConfiguration": { "logDriver": "awslogs", "options": {
            "awslogs-group": "mysfits-MythicalLikeLogGroup", "awslogs-stream-prefix": "metadata-proxy",
        } },
    }])
}

#[test]
fn steps_are_found_by_their_id_and_by_the_number_of_their_lab() {
    let ids = |value: &str| {
        let steps = find_steps(value)?.iter();
        Ok::<_, String>(steps.map(|step| step.id).collect::<Vec<_>>())
    };
    assert_eq!(ids("1.2").unwrap(), ["1.2"]);
    assert_eq!(ids("2").unwrap(), ["2.1", "2.2", "2.3"]);
    assert_eq!(ids("").unwrap().len(), STEPS.len());
    for unknown in ["7", "1.", "1.9", ".", "x"] {
        let error = ids(unknown).unwrap_err();
        assert!(error.contains("\n  1.2  Roll the revision out"), "{error}");
    }
}

#[test]
fn the_ids_of_the_steps_are_in_order_and_each_step_can_be_checked() {
    let ids: Vec<_> = STEPS.iter().map(|step| step.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for id in ids {
        assert!(!look(id, &[]).is_empty(), "{id}");
    }
}

#[test]
fn lab_0_wants_running_tasks_ten_likes_and_an_adoption() {
    assert_eq!(missing("0.1", &[]), DONE);
    assert_eq!(
        missing("0.1", &[(SERVICES, "/services/0/runningCount", json!(1))]),
        ["Mythical-Like-Service-mysfits: 1 of 2 tasks run. Wait and check again."]
    );
    assert_eq!(
        missing("0.1", &[(SERVICES, "/services/1/desiredCount", json!(0))]),
        [
            "The desired count of Mythical-Monolith-Service-mysfits is 0; this step wants at least 1."
        ]
    );
    assert_eq!(
        look("0.2", &[]),
        [Ok(
            "The log group mysfits-MythicalLikeLogGroup has 10 likes.".to_owned()
        )]
    );
    assert_eq!(
        missing(
            "0.2",
            &[("filter-log-events", "/events", json!([{}, {}, {}]))]
        ),
        ["The log group mysfits-MythicalLikeLogGroup has 3 likes; this step wants 10."]
    );
    assert_eq!(
        look("0.3", &[]),
        [Ok(
            "One of the 12 items of the table MysfitsTable is adopted: Evangeline.".to_owned()
        )]
    );
    let items = json!([{ "Adopted": { "BOOL": false } }, {}]);
    assert_eq!(
        missing("0.3", &[("scan", "/Items", items)]),
        ["None of the 2 items of the table MysfitsTable is adopted; this step wants one."]
    );
}

#[test]
fn lab_1_wants_a_revision_with_the_sidecar() {
    let changed = |change: fn(&mut Value)| {
        let mut containers = with_proxy();
        change(&mut containers[1]);
        missing("1.1", &[(NEWEST, CONTAINERS, containers)])
    };
    assert_eq!(changed(|_| ()), DONE);
    assert_eq!(
        missing("1.1", &[]),
        [
            "The newest revision of Mythical-Like-Service-mysfits, revision 1, has the containers like-service and x-ray-daemon; \
             this step wants metadata-proxy, too."
        ]
    );
    assert_eq!(
        changed(|it| it["portMappings"] = json!([{ "containerPort": 8080 }])),
        ["Its port mappings have 8080; this step wants the port 8001."]
    );
    assert_eq!(
        changed(|it| it["memory"] = json!(512)),
        ["Its memory is 512 MiB; this step wants 128."]
    );
    assert_eq!(
        changed(|it| it["memory"] = json!(null)),
        ["It has no limit of memory; this step wants 128 MiB."]
    );
    assert_eq!(
        changed(|it| it["essential"] = json!(true)),
        [
            "It is essential: the whole task would stop with it. This step wants \"essential\": false."
        ]
    );
    // On AWS, the image has another name.
    assert_eq!(
        changed(|it| it["image"] = json!("0.dkr.ecr.example/x:1")),
        DONE
    );
}

#[test]
fn lab_1_wants_the_revision_in_use_and_the_deployment_settings_of_the_step() {
    let newest = (NEWEST, CONTAINERS, with_proxy());
    let number = (NEWEST, "/taskDefinition/revision", json!(2));
    let used = (USED, CONTAINERS, with_proxy());
    let minimum = (
        SERVICES,
        "/services/0/deploymentConfiguration/minimumHealthyPercent",
        json!(50),
    );
    let maximum = (
        SERVICES,
        "/services/0/deploymentConfiguration/maximumPercent",
        json!(100),
    );
    let deployments = json!([{ "runningCount": 1, "desiredCount": 2 }, {}]);
    let in_progress = (SERVICES, "/services/0/deployments", deployments);
    assert_eq!(
        missing("1.2", &[used.clone(), minimum.clone(), maximum.clone()]),
        DONE
    );
    assert_eq!(
        missing("1.2", &[newest, number, minimum.clone(), maximum.clone()]),
        [
            "The service uses revision 1, which has no container metadata-proxy; the newest is revision 2."
        ]
    );
    assert_eq!(
        missing("1.2", from_ref(&used)),
        [
            "The deployment configuration has the minimum 100 and the maximum 200; this step wants 50 and 100."
        ]
    );
    assert_eq!(
        missing("1.2", &[used, minimum, maximum, in_progress]),
        [
            "A deployment of Mythical-Like-Service-mysfits is in progress: 1 of 2 tasks of the new deployment run. Wait and check \
             again."
        ]
    );
}

#[test]
fn lab_1_wants_three_kinds_of_requests_to_a_sidecar() {
    let requests = |paths: &[&str]| {
        let paths = paths.iter();
        let events = paths.map(|path| json!({ "message": json!({ "path": path }).to_string() }));
        let events = ("filter-log-events", "/events", events.collect());
        missing("1.3", &[(USED, CONTAINERS, with_proxy()), events])
    };
    assert_eq!(
        requests(&["/v2/metadata", "/v2/stats", "/v2/stats/4d73-41"]),
        DONE
    );
    assert_eq!(
        requests(&[
            "/v2/metadata",
            "/v2/stats",
            "/v2/stats/",
            "/v2/metadata/4d73-41"
        ]),
        ["No request for /v2/stats/<container id> has reached a sidecar yet."]
    );
    assert_eq!(requests(&[]).len(), 3);
    let mut containers = with_proxy();
    containers[1]["logConfiguration"] = json!(null);
    assert_eq!(
        missing("1.3", &[(USED, CONTAINERS, containers)]),
        [
            "The container metadata-proxy has no awslogs configuration with a group and a stream prefix, so that its requests are in \
             no log."
        ]
    );
}

#[test]
fn lab_1_wants_a_dashboard_of_the_reader() {
    assert_eq!(
        missing("1.4", &[]),
        ["No dashboard besides mysfits-us-east-1 exists."]
    );
    let listed = (
        "list-dashboards",
        "/DashboardEntries/0/DashboardName",
        json!("mine"),
    );
    // The dashboard of the start has all lines, too.
    assert_eq!(missing("1.4", from_ref(&listed)), DONE);
    let body = ("get-dashboard", "/DashboardBody", json!("{\"widgets\":[]}"));
    let missing = missing("1.4", &[listed, body]);
    assert_eq!(missing.len(), 6);
    assert_eq!(
        missing[0],
        "The dashboard mine does not show SampleCount of CPUUtilization of Mythical-Like-Service-mysfits."
    );
}

#[test]
fn lab_1_wants_three_monoliths_that_cloudwatch_counts() {
    let desired = (SERVICES, "/services/1/desiredCount", json!(3));
    let running = (SERVICES, "/services/1/runningCount", json!(3));
    let time =
        recorded().responses["cloudwatch get-metric-statistics"]["Datapoints"][4]["Timestamp"]
            .clone();
    let minute = minute(time.as_f64().unwrap() as i64);
    let counted = ("SampleCount", "/Datapoints/4/SampleCount", json!(3.0));
    assert_eq!(
        missing("1.5", &[desired.clone(), running.clone(), counted]),
        DONE
    );
    assert_eq!(
        missing("1.5", &[desired, running]),
        [format!(
            "The newest minute of CloudWatch ({minute}) counts 1 task; this step wants 3. CloudWatch gets the values of a minute at \
             its end: check again in a minute."
        )]
    );
    assert_eq!(
        missing("1.5", &[])[0],
        "The desired count of Mythical-Monolith-Service-mysfits is 1; this step wants 3."
    );
}

#[test]
fn lab_2_wants_the_level_debug_in_use_and_a_metric_filter() {
    let debug = json!([{ "name": "like-service", "environment": [{ "name": "LOGLEVEL", "value": "debug" }] }]);
    assert_eq!(missing("2.2", &[(USED, CONTAINERS, debug.clone())]), DONE);
    assert_eq!(
        missing("2.2", &[]),
        ["LOGLEVEL is ERROR in revision 1, which the service uses; this step wants DEBUG."]
    );
    let number = (NEWEST, "/taskDefinition/revision", json!(2));
    assert_eq!(
        missing("2.2", &[(NEWEST, CONTAINERS, debug), number]),
        ["LOGLEVEL is debug in revision 2, and the service still uses revision 1."]
    );
    let filter = |pattern: &str| {
        let filters = json!([{ "filterName": "mine", "filterPattern": pattern }]);
        ("describe-metric-filters", "/metricFilters", filters)
    };
    assert_eq!(missing("2.3", &[filter("\"WARN:\"")]), DONE);
    assert_eq!(
        missing("2.3", &[filter("{ $.status = 404 }")]),
        [
            "No metric filter of the log group mysfits-MythicalLikeLogGroup has a pattern with \"WARN:\"; this step wants one."
        ]
    );
    assert_eq!(
        missing(
            "2.3",
            &[filter("WARN:"), ("filter-log-events", "/events", json!([]))]
        ),
        [
            "The log group mysfits-MythicalLikeLogGroup has no line with \"WARN:\" yet. Click some hearts: only new tasks write \
             these lines."
        ]
    );
}
