//! What people may have broken while they ended the trouble: looks at the running system.

use std::collections::{HashMap, HashSet};

use ecs::{Ecs, Overview};
use serde_json::{Map, Value, json};

use super::aws::{Aws, ECS, Failed};
use super::fingerprint::{id, items};
use super::inject::Injected;
use super::mitigation::Integrity;
use super::operations::TASKS;
use super::run::Run;

/// Members of an item that change while people use the site.
const CHANGING: [&str; 2] = ["Likes", "Adopted"];

/// Looks at data, desired counts, targets and stopped tasks.
///
/// # Errors
///
/// Fails if an operation fails.
pub async fn look(run: &Run, aws: &Aws, ecs: &Ecs) -> Result<Integrity, Failed> {
    let mut acknowledged: HashMap<&str, u64> = HashMap::new();
    let samples = run.samples.finished();
    for sample in samples
        .iter()
        .filter(|it| it.is_like() && it.has_succeeded())
    {
        *acknowledged.entry(sample.mysfit.as_str()).or_default() += 1;
    }
    // The likes of later requests may be in the table, too.
    let now = items(aws).await?;
    let (items_missing, likes_lost) = compare(&run.items, &now, &acknowledged);
    let (mut desired_below, mut unhealthy_targets) = (0, 0);
    let desired_at_start = [
        ("LIKE_SERVICE", run.variant.problem.workload.like_tasks),
        ("MONOLITH_SERVICE", 1),
    ];
    let overview = ecs.watch().borrow().clone();
    for (name, at_start) in desired_at_start {
        let Some(service) = overview.service(aws.name(name)) else {
            desired_below += at_start;
            unhealthy_targets += at_start;
            continue;
        };
        desired_below += at_start.saturating_sub(service.desired);
        let healthy = service.tasks.iter().filter(|task| task.is_healthy).count();
        let healthy = u32::try_from(healthy).unwrap_or(u32::MAX);
        unhealthy_targets += service.desired.max(at_start).saturating_sub(healthy);
    }
    let fault = run.progress().fault.clone();
    let injected = fault.as_ref().map(|fault| &fault.injected);
    let stopped_others = count_stopped_others(injected, run.started_at, &overview, aws).await?;
    Ok(Integrity {
        items_missing,
        likes_lost,
        desired_below,
        unhealthy_targets,
        stopped_others,
    })
}

/// The number of tasks that people have stopped since a time in Unix seconds, or replaced, and that were not faulty. A replacement counts
/// only if one task is faulty: any other fault may be ended by a deployment.
async fn count_stopped_others(
    injected: Option<&Injected>,
    since: f64,
    overview: &Overview,
    aws: &Aws,
) -> Result<u32, Failed> {
    let faulty = injected.and_then(|it| it.task.as_deref());
    let at_fault = injected.map_or(&[][..], |it| &it.tasks);
    let services = overview.services.iter();
    let running: HashSet<_> = services
        .flat_map(|service| &service.tasks)
        .map(|task| &task.id)
        .collect();
    let others = at_fault.iter().filter(|id| Some(id.as_str()) != faulty);
    let gone: Vec<_> = others.filter(|id| !running.contains(id)).collect();
    let stopped = stopped_tasks(aws).await?;
    let by_people = stopped
        .iter()
        .filter(|task| is_stopped_by_people(task, faulty, since))
        .count();
    // Tasks that end by themselves are nobody's fault.
    let has_failed = |id: &String| {
        stopped.iter().any(|task| {
            let reason = task["stoppedReason"].as_str().unwrap_or_default();
            has_id(task, id)
                && (reason.contains("failed") || task["stopCode"] == "EssentialContainerExited")
        })
    };
    let replaced = gone.into_iter().filter(|id| !has_failed(id)).count();
    Ok(u32::try_from(by_people.max(replaced)).unwrap_or(u32::MAX))
}

/// The number of items that are missing or changed, and the number of acknowledged likes that are missing.
fn compare(
    before: &[Map<String, Value>],
    now: &[Map<String, Value>],
    acknowledged: &HashMap<&str, u64>,
) -> (u64, u64) {
    let (mut missing, mut lost) = (0, 0);
    for item in before {
        let Some(found) = now.iter().find(|it| id(it) == id(item)) else {
            missing += 1;
            continue;
        };
        let lasting = |item: &Map<String, Value>| {
            let mut item = item.clone();
            item.retain(|name, _| !CHANGING.contains(&name.as_str()));
            item
        };
        if lasting(found) != lasting(item) {
            missing += 1;
        }
        let expected = likes(item) + acknowledged.get(id(item)).copied().unwrap_or(0);
        lost += expected.saturating_sub(likes(found));
    }
    (missing, lost)
}

fn likes(item: &Map<String, Value>) -> u64 {
    let likes = item.get("Likes").and_then(|likes| likes["N"].as_str());
    likes.and_then(|likes| likes.parse().ok()).unwrap_or(0)
}

/// All tasks that have stopped, as `DescribeTasks` shows them.
async fn stopped_tasks(aws: &Aws) -> Result<Vec<Value>, Failed> {
    let cluster = aws.name("CLUSTER");
    let request = json!({ "cluster": cluster, "desiredStatus": "STOPPED" });
    let arns = aws.list(TASKS, request).await?;
    let mut stopped = Vec::new();
    for arns in arns.chunks(100) {
        let request = json!({ "cluster": cluster, "tasks": arns });
        let mut described = aws.json(ECS, "DescribeTasks", &request).await?;
        if let Some(tasks) = described["tasks"].as_array_mut() {
            stopped.append(tasks);
        }
    }
    Ok(stopped)
}

/// Whether a task that is not the faulty one was stopped by `StopTask` since a time in Unix seconds.
fn is_stopped_by_people(task: &Value, faulty: Option<&str>, since: f64) -> bool {
    let stopping_at = task["stoppingAt"].as_f64();
    task["stopCode"] == "UserInitiated"
        && stopping_at.is_some_and(|at| at >= since)
        && !faulty.is_some_and(|faulty| has_id(task, faulty))
}

fn has_id(task: &Value, id: &str) -> bool {
    let arn = task["taskArn"].as_str();
    arn.is_some_and(|arn| arn.ends_with(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, likes: u32, name: &str) -> Map<String, Value> {
        let item =
            json!({"MysfitId": {"S": id}, "Likes": {"N": likes.to_string()}, "Name": {"S": name}});
        item.as_object().unwrap().clone()
    }

    #[test]
    fn missing_and_changed_items_and_lost_likes_are_counted() {
        let before = [item("a", 1, "A"), item("b", 2, "B"), item("c", 3, "C")];
        let acknowledged = HashMap::from([("a", 4), ("b", 1)]);
        let intact = [item("a", 5, "A"), item("b", 9, "B"), item("c", 3, "C")];
        assert_eq!(compare(&before, &intact, &acknowledged), (0, 0));
        let broken = [item("a", 3, "A"), item("b", 3, "other")];
        assert_eq!(compare(&before, &broken, &acknowledged), (2, 2));
    }
}
