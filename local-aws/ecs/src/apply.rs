//! Applies the actions of the [plan](crate::plan) to the state.

use std::net::SocketAddr;

use crate::events;
use crate::model::{ContainerState, Service, Task, TaskStatus};
use crate::plan::Action;
use crate::runtime::Launch;
use crate::state::{Cause, Effect, State};
use crate::targets::TargetHealth;
use crate::time::Timestamp;

impl State {
    /// Applies an action.
    pub fn apply(&mut self, action: Action, now: Timestamp) {
        match action {
            Action::Pend(id) => {
                self.change(&id, |task| task.status = TaskStatus::Pending);
            }
            Action::Launch(id) => self.launch(&id),
            Action::Register { service, tasks } => self.register(&service, &tasks, now),
            Action::BecomeHealthy(id) => self.task_healthy(&id, now),
            Action::Terminate(id) => self.terminate(&id, now),
            Action::Kill(id) => self.kill(&id),
            Action::Finish(id) => {
                self.change(&id, |task| {
                    task.status = TaskStatus::Stopped;
                    task.stopped_at = Some(now);
                });
            }
            Action::Forget(id) => {
                self.tasks.remove(&id);
            }
            Action::Start {
                service,
                deployment,
                count,
                replaced,
            } => self.start_tasks(&service, &deployment, count, replaced, now),
            Action::Stop { service, tasks } => self.stop_by_scheduler(&service, &tasks, now),
            Action::EndDeployment {
                service,
                deployment,
            } => {
                if let Some(service) = self.services.get_mut(&service) {
                    let mut deployments = service.deployments.iter();
                    let index = deployments.position(|known| known.id == deployment);
                    if let Some(index) = index {
                        service.end_deployment(index, now);
                    }
                }
            }
            Action::Complete(service) => self.complete_deployment(&service, now),
            Action::Fail(service) => self.fail_deployment(&service, now),
            Action::ReportSteady(service) => {
                if let Some(service) = self.services.get_mut(&service) {
                    service.steady_event_at = Some(now);
                }
                self.event(&service, events::STEADY, now);
            }
            Action::ReportLimit(service) => {
                if let Some(service) = self.services.get_mut(&service) {
                    service.is_limit_reported = true;
                }
                let text = events::limit_reached(self.config.max_tasks);
                self.event(&service, &text, now);
            }
            Action::ReportBlockage(service) => {
                if let Some(primary) = self.primary_mut(&service) {
                    primary.is_blockage_reported = true;
                }
                self.event(&service, events::BLOCKED, now);
            }
        }
    }

    fn start_tasks(
        &mut self,
        name: &str,
        deployment: &str,
        count: usize,
        replaced: usize,
        now: Timestamp,
    ) {
        let mut started = Vec::new();
        for _ in 0..count {
            let id = self.ids.task();
            let ordinal = self.free_ordinal(name);
            let Some(service) = self.services.get_mut(name) else {
                return;
            };
            service.steady_event_at = None;
            let mut deployments = service.deployments.iter();
            let Some(deployment) = deployments.find(|known| known.id == deployment) else {
                return;
            };
            let definition = deployment.definition.clone();
            let containers = definition.containers.iter().map(|_| ContainerState {
                runtime_id: self.ids.container(&id),
                ..ContainerState::default()
            });
            let task = Task {
                service: name.to_owned(),
                deployment: deployment.id.clone(),
                ordinal,
                status: TaskStatus::Provisioning,
                created_at: now,
                started_at: None,
                stopping_at: None,
                execution_stopped_at: None,
                stopped_at: None,
                started: None,
                containers: containers.collect(),
                targets: vec![None; service.load_balancers.len()],
                stop: None,
                is_launched: false,
                was_healthy: false,
                terminated_at: None,
                was_killed: false,
                version: 1,
                definition,
                id: id.clone(),
            };
            self.tasks.insert(id.clone(), task);
            started.push(id);
        }
        self.event(name, &events::started(&started, replaced), now);
    }

    fn launch(&mut self, id: &str) {
        let launch = self.change(id, |task| {
            task.is_launched = true;
            Launch {
                id: task.id.clone(),
                service: task.service.clone(),
                ordinal: task.ordinal,
                definition: task.definition.clone(),
                runtime_ids: task
                    .containers
                    .iter()
                    .map(|it| it.runtime_id.clone())
                    .collect(),
            }
        });
        if let Some(launch) = launch {
            self.effect(Effect::Run(launch));
        }
    }

    fn register(&mut self, name: &str, tasks: &[String], now: Timestamp) {
        let Some(service) = self.services.get(name) else {
            return;
        };
        let load_balancers = service.load_balancers.clone();
        for id in tasks {
            let registered = self.change(id, |task| {
                task.status = TaskStatus::Running;
                task.targets = vec![Some(TargetHealth::Initial); load_balancers.len()];
                let addresses = load_balancers
                    .iter()
                    .map(|group| task.address(&group.container, group.container_port));
                addresses.collect::<Vec<_>>()
            });
            for (index, address) in registered.into_iter().flatten().enumerate() {
                let group = load_balancers.get(index);
                if let (Some(group), Some(address)) = (group, address) {
                    self.effect(Effect::Register {
                        task: id.clone(),
                        index,
                        target_group_arn: group.target_group_arn.clone(),
                        address,
                    });
                }
            }
        }
        for group in &load_balancers {
            let text = events::registered(tasks.len(), &group.target_group_arn);
            self.event(name, &text, now);
        }
    }

    fn stop_by_scheduler(&mut self, name: &str, stops: &[(String, Cause)], now: Timestamp) {
        let Some(service) = self.services.get(name) else {
            return;
        };
        let found = stops.iter().filter_map(|(id, cause)| {
            let task = self.tasks.get(id)?;
            Some((task, unhealthy_text(service, id, cause)))
        });
        let (running, pending): (Vec<_>, Vec<_>) =
            found.partition(|(task, _)| task.status >= TaskStatus::Running);
        let running_ids: Vec<_> = running.iter().map(|(task, _)| task.id.clone()).collect();
        let pending = pending.len();
        let unhealthy: Vec<_> = running.into_iter().filter_map(|(_, text)| text).collect();
        for text in unhealthy {
            self.event(name, &text, now);
        }
        if pending > 0 {
            self.event(name, &events::stopped_pending(pending), now);
        }
        if !running_ids.is_empty() {
            self.event(name, &events::stopped(&running_ids), now);
        }
        self.stop_tasks(stops, now);
    }
}

fn unhealthy_text(service: &Service, id: &str, cause: &Cause) -> Option<String> {
    match cause {
        Cause::UnhealthyTarget { index, reason } => {
            let group = service.load_balancers.get(*index)?;
            let (port, arn) = (group.container_port, &group.target_group_arn);
            Some(events::unhealthy_target(id, port, arn, reason))
        }
        Cause::UnhealthyContainer => Some(events::unhealthy_container(id)),
        _ => None,
    }
}

impl Task {
    /// Where a port of a container is. `None` before the start.
    fn address(&self, container: &str, container_port: u16) -> Option<SocketAddr> {
        let started = self.started.as_ref()?;
        let mut bindings = started.bindings.iter();
        let binding = bindings.find(|binding| {
            binding.container == container && binding.container_port == container_port
        });
        let port = binding.map_or(container_port, |binding| binding.host_port);
        Some(SocketAddr::new(started.address, port))
    }
}
