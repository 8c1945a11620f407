//! What must hold after each action of the scheduler.

use super::{SERVICE, Simulation};
use crate::model::{DeploymentState, MAX_EVENTS, MAX_HISTORY, Task, TaskStatus};
use crate::plan::{Action, plan};
use crate::time::Timestamp;

impl Simulation {
    /// `next_due` must not be too late.
    pub(super) fn assert_idle_before(&self, next: Timestamp) {
        let wait = next.since(self.now);
        for fraction in [0.25, 0.5, 0.99] {
            let time = self.now + wait.mul_f64(fraction);
            if time < next {
                let actions = plan(&self.state, time);
                assert!(actions.is_empty(), "missed {actions:?}");
            }
        }
    }

    pub(super) fn assert_limits(&self, action: &Action, healthy_before: usize) {
        let Some(service) = self.state.services.get(SERVICE) else {
            return;
        };
        let config = service.deployment;
        let max_tasks = self.state.config.max_tasks;
        let desired = f64::from(service.desired_count);
        let maximum = f64::from(config.maximum_percent) / 100.0;
        match action {
            Action::Start { .. } => {
                let upper = (desired * maximum + 1e-9).floor() as usize;
                let upper = upper.min(max_tasks as usize);
                let kept = self.kept().len();
                assert!(kept <= upper, "{kept} tasks, at most {upper}");
            }
            Action::Stop { .. } if !service.is_draining => {
                let minimum = f64::from(config.minimum_healthy_percent) / 100.0;
                let possible = desired.min(f64::from(max_tasks));
                let mut lower = (possible * minimum - 1e-9).ceil() as usize;
                if (desired * maximum + 1e-9).floor() > f64::from(max_tasks) {
                    lower = lower.min(max_tasks as usize - 1);
                }
                let healthy = self.healthy();
                assert!(
                    healthy >= lower || healthy == healthy_before,
                    "{healthy_before} -> {healthy} healthy tasks, at least {lower}"
                );
            }
            _ => {}
        }
    }

    pub(super) fn assert_consistent(&self) {
        let Some(service) = self.state.services.get(SERVICE) else {
            return;
        };
        assert!(service.events.len() <= MAX_EVENTS);
        assert!(service.history.len() <= MAX_HISTORY);
        let tasks = self.state.tasks_of(SERVICE);
        let tasks: Vec<_> = tasks
            .filter(|task| task.status != TaskStatus::Stopped)
            .collect();
        let max_tasks = self.state.config.max_tasks as usize;
        assert!(self.running.len() <= max_tasks, "too many processes");
        let running = tasks.iter().filter(|task| !task.has_ended());
        let mut ordinals: Vec<_> = running.map(|task| task.ordinal).collect();
        ordinals.sort_unstable();
        let count = ordinals.len();
        ordinals.dedup();
        assert_eq!(ordinals.len(), count, "an ordinal is used twice");
        for task in tasks {
            let id = &task.id;
            let is_running = self.running.contains_key(id);
            match task.status {
                TaskStatus::Pending => assert_eq!(is_running, task.is_launched),
                TaskStatus::Running | TaskStatus::Stopping => assert!(is_running),
                TaskStatus::Deprovisioning => assert!(!is_running),
                _ => {}
            }
        }
        let active = service.deployments.iter().skip(1);
        for deployment in active {
            let is_kept = |task: &Task| task.is_kept() && task.deployment == deployment.id;
            let has_tasks = self.state.tasks_of(SERVICE).any(is_kept);
            let may_need_tasks = deployment.state == DeploymentState::Completed;
            assert!(
                has_tasks || may_need_tasks,
                "an ACTIVE deployment without tasks"
            );
        }
    }
}
