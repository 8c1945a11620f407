//! How a task stops: deregistration, SIGTERM, SIGKILL.

use std::collections::BTreeMap;

use crate::events;
use crate::model::{Stop, StopCode, TaskStatus};
use crate::runtime::Signal;
use crate::state::{Effect, State};
use crate::time::Timestamp;

/// Why a task stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The text of [`Report::StartFailed`](crate::Report::StartFailed).
    StartFailed(String),
    /// An essential container has ended.
    Exited,
    /// A person stops the task, for this reason.
    User(String),
    /// The service has another task in its place, or its desired count is lower.
    Scaling,
    /// The task is unhealthy in the target group of this index.
    UnhealthyTarget { index: usize, reason: String },
    /// An essential container fails its health check.
    UnhealthyContainer,
}

impl Cause {
    /// Whether a task that was never healthy counts as failed.
    fn is_failure(&self) -> bool {
        !matches!(self, Self::User(_) | Self::Scaling)
    }

    /// Whether the task cannot finish its requests.
    fn has_ended(&self) -> bool {
        matches!(self, Self::StartFailed(_) | Self::Exited)
    }

    /// The code and the text, as Amazon ECS words it (developer guide, "Amazon ECS stopped tasks error messages").
    fn stop(&self, deployment: &str, target_groups: &[String]) -> Stop {
        let scheduler = StopCode::ServiceSchedulerInitiated;
        let (code, reason) = match self {
            Self::StartFailed(reason) => (StopCode::TaskFailedToStart, reason.clone()),
            Self::Exited => (
                StopCode::EssentialContainerExited,
                "Essential container in task exited".to_owned(),
            ),
            Self::User(reason) => (StopCode::UserInitiated, reason.clone()),
            Self::Scaling => (
                scheduler,
                format!("Scaling activity initiated by (deployment ecs-svc/{deployment})"),
            ),
            Self::UnhealthyTarget { index, .. } => {
                let group = target_groups.get(*index).map_or("", String::as_str);
                let reason = format!("Task failed ELB health checks in (target-group {group})");
                (scheduler, reason)
            }
            Self::UnhealthyContainer => (scheduler, "Task failed container health checks".into()),
        };
        Stop { code, reason }
    }
}

impl State {
    /// Begins to stop one task, if it does not stop already.
    pub(crate) fn stop_task_for(&mut self, id: &str, cause: &Cause, now: Timestamp) {
        self.stop_tasks(&[(id.to_owned(), cause.clone())], now);
    }

    /// Begins to stop tasks of one service, and writes the events of their deregistration.
    pub(crate) fn stop_tasks(&mut self, stops: &[(String, Cause)], now: Timestamp) {
        let mut deregistered: BTreeMap<String, usize> = BTreeMap::new();
        let mut draining: BTreeMap<String, usize> = BTreeMap::new();
        let mut service = None;
        for (id, cause) in stops {
            let groups = self.begin_stop(id, cause, now);
            let Some(task) = self.tasks.get(id).filter(|_| !groups.is_empty()) else {
                continue;
            };
            service = Some(task.service.clone());
            *draining.entry(task.deployment.clone()).or_default() += 1;
            for group in groups {
                *deregistered.entry(group).or_default() += 1;
            }
        }
        let Some(service) = service else { return };
        for (group, count) in deregistered {
            self.event(&service, &events::deregistered(count, &group), now);
        }
        for (deployment, count) in draining {
            let message = events::draining(&service, &deployment, count);
            self.message(&service, message, now);
        }
    }

    /// Begins to stop a task. Returns the target groups from which it is deregistered.
    ///
    /// A task that receives requests is deregistered before SIGTERM is sent to its containers. A task whose containers have not all
    /// started is killed: it has received no request that it could finish.
    fn begin_stop(&mut self, id: &str, cause: &Cause, now: Timestamp) -> Vec<String> {
        let Some(task) = self.tasks.get(id).filter(|task| task.is_kept()) else {
            return Vec::new();
        };
        let (name, deployment) = (task.service.clone(), task.deployment.clone());
        let target_groups = self.target_groups(&name);
        let stop = cause.stop(&deployment, &target_groups);
        if cause.is_failure() && !task.was_healthy {
            let has_run = task.started_at.is_some();
            self.task_failed(&name, &deployment, has_run, now);
        }
        let change = self.change(id, |task| {
            task.stopping_at = Some(now);
            task.stop = Some(stop);
            let registered = |index: &usize| matches!(task.targets.get(*index), Some(Some(_)));
            let registered: Vec<_> = (0..target_groups.len()).filter(registered).collect();
            (task.is_launched, task.started.is_some(), registered)
        });
        let Some((is_launched, has_started, registered)) = change else {
            return Vec::new();
        };
        if !is_launched {
            self.change(id, |task| {
                task.status = TaskStatus::Deprovisioning;
                task.execution_stopped_at = Some(now);
            });
        } else if registered.is_empty() || cause.has_ended() {
            self.terminate(id, now);
            if !has_started {
                self.kill(id);
            }
        } else {
            self.change(id, |task| task.status = TaskStatus::Deactivating);
        }
        let mut groups = Vec::new();
        for index in registered {
            groups.extend(target_groups.get(index).cloned());
            let task = id.to_owned();
            self.effect(Effect::Deregister { task, index });
        }
        groups
    }

    /// Sends SIGTERM to the containers of a task.
    pub(crate) fn terminate(&mut self, id: &str, now: Timestamp) {
        self.change(id, |task| {
            task.status = TaskStatus::Stopping;
            task.terminated_at = Some(now);
        });
        let (task, signal) = (id.to_owned(), Signal::Term);
        self.effect(Effect::Signal { task, signal });
    }

    /// Sends SIGKILL to the containers of a task.
    pub(crate) fn kill(&mut self, id: &str) {
        self.change(id, |task| task.was_killed = true);
        let (task, signal) = (id.to_owned(), Signal::Kill);
        self.effect(Effect::Signal { task, signal });
    }

    fn target_groups(&self, service: &str) -> Vec<String> {
        let groups = self.services.get(service).map(|s| s.load_balancers.iter());
        let groups = groups.into_iter().flatten();
        groups.map(|group| group.target_group_arn.clone()).collect()
    }
}
