//! The solutions of problems: what somebody answers who knows the cause, and what ends the trouble.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::clock::unix_time;
use crate::exam::{Aws, Drawn, DrawnFault, ExamError, Problem, rfc3339};
use crate::exam::{Failed, mysfits};

/// Maximum time until the tasks of a new revision run.
const STABLE_TIMEOUT: Duration = Duration::from_secs(120);

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Any like that failed or was slow.
const FAILED_OR_SLOW_LIKES: &str =
    r#"http.method = "POST" AND (error OR fault OR responsetime > 0.15)"#;

/// What is known of an exam before its fault.
pub struct Before {
    /// The tasks of the Like service, in the order of their ids.
    tasks: Vec<String>,
    /// The revisions of the services.
    like_revision: String,
    monolith_revision: String,
    /// The mysfit with the fault of a key.
    key: String,
}

impl Before {
    /// Looks at the prepared system.
    pub async fn look(aws: &Aws, drawn: &Drawn) -> Result<Self, Failed> {
        let names = ["LIKE_SERVICE", "MONOLITH_SERVICE"].map(|name| aws.name(name));
        let services = aws.services(&names).await?;
        let revision = |index: usize| {
            let service = services.get(index);
            let revision = service.and_then(|it| it["taskDefinition"].as_str());
            revision.unwrap_or_default().to_owned()
        };
        Ok(Self {
            tasks: aws.tasks(names[0]).await?,
            like_revision: revision(0),
            monolith_revision: revision(1),
            key: mysfits(aws)
                .await?
                .get(drawn.key)
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// The task with the fault of [`DrawnFault::FaultyTask`].
    fn faulty_task(&self, index: usize) -> &str {
        let task = self.tasks.get(index % self.tasks.len().max(1));
        task.map_or("", String::as_str)
    }

    fn component(&self, fault: &DrawnFault) -> String {
        match fault {
            DrawnFault::CpuBurn { .. }
            | DrawnFault::LostLikes { .. }
            | DrawnFault::TimeoutTooShort { .. }
            | DrawnFault::TooFewTasks { .. } => "like-service".to_owned(),
            DrawnFault::FaultyTask { index, .. } => {
                let arn = self.faulty_task(*index);
                format!(
                    "like-service/{}",
                    arn.rsplit('/').next().unwrap_or_default()
                )
            }
            DrawnFault::BadRevision { .. } => "monolith".to_owned(),
            DrawnFault::Key { .. } => format!("dynamodb/{}", self.key),
            DrawnFault::WrongWeights { .. } | DrawnFault::WrongPath { .. } => {
                "load-balancer".to_owned()
            }
        }
    }

    /// The answer of somebody who knows the cause, and who has measured nothing.
    pub fn answer(&self, problem: &Problem, fault: &DrawnFault, seconds_ago: u64) -> Value {
        let since = unix_time() - seconds_ago as f64;
        json!({
            "detected": true,
            "root_causes": [{
                "component": self.component(fault),
                "fault_mechanism": problem.fault.name(),
                "occurrence_datetime": rfc3339(since),
                "evidence": [{ "kind": "trace", "query": FAILED_OR_SLOW_LIKES }],
            }],
        })
    }

    /// Ends the trouble, if AWS has an operation for that.
    pub async fn mitigate(
        &self,
        aws: &Aws,
        problem: &Problem,
        fault: &DrawnFault,
    ) -> Result<(), ExamError> {
        let like_tasks = problem.workload.like_tasks;
        let (like, monolith) = (aws.name("LIKE_SERVICE"), aws.name("MONOLITH_SERVICE"));
        match fault {
            DrawnFault::CpuBurn { .. } | DrawnFault::LostLikes { .. } => {
                let variables = [("LIKE_IN_MONOLITH", "on")];
                aws.deploy_variables(monolith, &variables).await?;
                wait_until_stable(aws, monolith).await?;
                aws.set_weights(100).await?;
            }
            DrawnFault::FaultyTask { index, .. } => {
                aws.stop_task(self.faulty_task(*index)).await?;
            }
            DrawnFault::BadRevision { .. } => {
                aws.set_revision(monolith, &self.monolith_revision).await?;
            }
            DrawnFault::TimeoutTooShort { .. } => {
                aws.set_revision(like, &self.like_revision).await?;
            }
            DrawnFault::WrongWeights { .. } => drop(aws.set_weights(0).await?),
            DrawnFault::WrongPath { .. } => drop(aws.set_path("/mysfits/*/like").await?),
            DrawnFault::TooFewTasks { .. } => {
                aws.scale(1, like_tasks * 2).await?;
                aws.set_desired_count(like, like_tasks).await?;
            }
            DrawnFault::Key { .. } => {}
        }
        Ok(())
    }
}

/// Stops all tasks, as people do who hope that it helps.
pub async fn restart_everything(aws: &Aws) -> Result<(), Failed> {
    for service in ["LIKE_SERVICE", "MONOLITH_SERVICE"] {
        for task in aws.tasks(aws.name(service)).await? {
            aws.stop_task(&task).await?;
        }
    }
    Ok(())
}

/// Sets the desired counts to 0, and removes all mysfits from the table.
pub async fn delete_everything(aws: &Aws) -> Result<(), Failed> {
    for service in ["LIKE_SERVICE", "MONOLITH_SERVICE"] {
        aws.set_desired_count(aws.name(service), 0).await?;
    }
    for mysfit in mysfits(aws).await? {
        aws.delete_mysfit(&mysfit).await?;
    }
    Ok(())
}

async fn wait_until_stable(aws: &Aws, service: &str) -> Result<(), ExamError> {
    let deadline = Instant::now() + STABLE_TIMEOUT;
    loop {
        let services = aws.services(&[service]).await?;
        let service = services.first().unwrap_or(&Value::Null);
        let deployments = service["deployments"].as_array().map_or(0, Vec::len);
        if deployments == 1 && service["deployments"][0]["rolloutState"] == "COMPLETED" {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(ExamError::Harness("a deployment did not end".to_owned()));
        }
        sleep(POLL_INTERVAL).await;
    }
}
