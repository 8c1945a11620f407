//! Lab 5: tasks that a person stops while load runs.

use serde_json::Value as Json;

use super::load::ERRORS;
use super::metrics::{LATE, Metric, Value, sum};
use super::services::{desired_count, service, stable};
use crate::guide::{Aws, Failure, Finding, Looked, list, minute, text, time};

/// How far back stopped tasks are searched, in minutes: as long as ECS keeps them.
const STOPPED_MINUTES: i64 = 60;

/// The number of requests in the minute of a stop that says that load ran.
const WANTED_REQUESTS: f64 = 100.0;

/// A stop of a task: the seconds since the Unix epoch at which it began and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stop {
    began: i64,
    ended: i64,
}

/// The only task was stopped, and requests failed.
pub fn only_task(aws: &Aws) -> Looked {
    let stops = stops(aws)?;
    let errors = Metric::of_load_balancer(aws, "HTTPCode_ELB_5XX_Count");
    let errors = errors.values(aws, STOPPED_MINUTES)?;
    Ok(vec![requests_failed(aws, &stops, &errors)])
}

fn requests_failed(aws: &Aws, stops: &[Stop], errors: &[Value]) -> Finding {
    let Some(newest) = stops.last() else {
        return Err(nobody_stopped(aws));
    };
    // Until a new task is healthy, requests fail.
    let failed = |stop: &Stop| sum_of_minutes(errors, stop.began, stop.ended + 60);
    match stops.iter().find(|stop| failed(stop) > 0.0) {
        Some(stop) => Ok(format!(
            "A task was stopped at {}, and the load balancer answered {} requests 5xx.",
            minute(stop.began),
            failed(stop)
        )),
        None => Err(format!(
            "A task was stopped at {}, and the load balancer answered no request 5xx. Did load run? {LATE} If the number \
             stays, begin again: load, then stop the task.",
            minute(newest.began)
        )),
    }
}

/// One of two tasks was stopped, and no request failed.
pub fn one_of_two(aws: &Aws) -> Looked {
    let service = service(aws, "LIKE_SERVICE")?;
    let stops = stops(aws)?;
    let requests = Metric::likes(aws).values(aws, STOPPED_MINUTES)?;
    let mut errors = Vec::new();
    for name in ERRORS {
        errors.extend(Metric::of_load_balancer(aws, name).values(aws, STOPPED_MINUTES)?);
    }
    Ok(vec![
        desired_count(&service, 2),
        stable(&service),
        no_request_failed(aws, &stops, &requests, &errors),
    ])
}

fn no_request_failed(aws: &Aws, stops: &[Stop], requests: &[Value], errors: &[Value]) -> Finding {
    let stop = match stops {
        [] => return Err(nobody_stopped(aws)),
        [_] => {
            return Err("One task was stopped by a person; this step wants a second stop, while two tasks run.".to_owned());
        }
        [.., newest] => newest,
    };
    let during = |values: &[Value]| sum_of_minutes(values, stop.began, stop.ended);
    let (requests, errors) = (during(requests), during(errors));
    let minutes = match (minute(stop.began), minute(stop.ended)) {
        (began, ended) if began == ended => format!("the minute of the newest stop, {began}"),
        (began, ended) => format!("the minutes of the newest stop, {began} to {ended}"),
    };
    if errors > 0.0 {
        return Err(format!(
            "{errors} requests were answered 5xx in {minutes}; this step wants 0. Begin again at the start of a minute: load, then \
             stop a task."
        ));
    }
    if requests < WANTED_REQUESTS {
        return Err(format!(
            "The Like service got {requests} requests in {minutes}; this step wants {WANTED_REQUESTS}. {LATE} If the number stays, \
             begin again: load, then stop a task."
        ));
    }
    Ok(format!(
        "None of the {requests} requests in {minutes}, was answered 5xx."
    ))
}

fn nobody_stopped(aws: &Aws) -> String {
    format!(
        "No task of {} was stopped by a person in the last hour.",
        aws.name("LIKE_SERVICE")
    )
}

/// The sum of the values of the minutes from that of one time to that of another.
fn sum_of_minutes(values: &[Value], from: i64, to: i64) -> f64 {
    let start_of_minute = |time: i64| time - time.rem_euclid(60);
    let minutes = start_of_minute(from)..=start_of_minute(to);
    sum(values.iter().filter(|(time, _)| minutes.contains(time)))
}

/// The stops by people, the oldest first.
fn stops(aws: &Aws) -> Result<Vec<Stop>, Failure> {
    let (cluster, service) = (aws.name("CLUSTER"), aws.name("LIKE_SERVICE"));
    let mut command = vec![
        "ecs",
        "list-tasks",
        "--cluster",
        cluster,
        "--service-name",
        service,
    ];
    // DescribeTasks accepts at most 100 tasks.
    command.extend(["--desired-status", "STOPPED", "--max-items", "100"]);
    let listed = aws.call(&command)?;
    let arns: Vec<_> = list(&listed["taskArns"]).iter().map(text).collect();
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = vec!["ecs", "describe-tasks", "--cluster", cluster, "--tasks"];
    command.extend(arns);
    let described = aws.call(&command)?;
    let tasks = list(&described["tasks"]).iter();
    let stopped = tasks.filter(|task| task["stopCode"] == "UserInitiated");
    let mut stops: Vec<_> = stopped.map(|task| stop(aws, task)).collect();
    stops.sort();
    Ok(stops)
}

/// A task that is still stopping has no time of its stop.
fn stop(aws: &Aws, task: &Json) -> Stop {
    let ended = match time(&task["stoppedAt"]) {
        0 => aws.now,
        ended => ended,
    };
    let began = match time(&task["stoppingAt"]) {
        0 => ended,
        began => began,
    };
    Stop { began, ended }
}
