//! What is new in an overview or an event. Pure.

use std::collections::BTreeMap;
use std::time::Instant;

use ecs::{Overview, ServiceOverview, TaskOverview, TaskStatus};

use super::messages::{Subject, shorten};
use crate::report::Event;
use crate::scenario::Service;

/// What has been reported.
pub struct News {
    /// Short names by names.
    short_names: BTreeMap<String, &'static str>,
    /// By id.
    tasks: BTreeMap<String, SeenTask>,
    /// By name.
    services: BTreeMap<String, SeenService>,
}

struct SeenService {
    desired: u32,
    /// The id of the PRIMARY deployment.
    deployment: Option<String>,
    /// Whether it has had another deployment than the one of its creation.
    was_deployed: bool,
}

struct SeenTask {
    /// The short name of the service, and the ordinal.
    name: String,
    first_seen: Instant,
    is_healthy: bool,
    was_ever_healthy: bool,
    /// Whether its stop or its end is known.
    is_stopping: bool,
}

impl News {
    /// Nothing has been reported.
    pub fn new(services: &[Service]) -> Self {
        let names = services.iter();
        Self {
            short_names: names
                .map(|service| (service.name.to_owned(), service.short_name))
                .collect(),
            tasks: BTreeMap::new(),
            services: BTreeMap::new(),
        }
    }

    /// What is new in the overview.
    pub fn of_overview(&mut self, overview: &Overview, now: Instant) -> Vec<Event> {
        let mut lines = Vec::new();
        for service in &overview.services {
            let short_name = self.short_name(&service.name);
            lines.extend(self.of_service(short_name, service));
            for task in &service.tasks {
                lines.extend(self.of_task(short_name, task, now));
            }
        }
        // Not every overview is seen, so a task can disappear without having been seen to stop.
        let ids = ids(overview);
        for (id, task) in &mut self.tasks {
            if !ids.contains(&id.as_str()) && !task.is_stopping {
                task.is_stopping = true;
                let task = task.name.clone();
                lines.push(Event::Stops { task });
            }
        }
        lines
    }

    /// The line of an event, unless other lines say the same.
    pub fn of_event(&self, service: &str, message: &str) -> Option<Event> {
        let (subject, mut message) = shorten(message)?;
        let seen = self.services.get(service);
        let was_deployed = seen.is_some_and(|service| service.was_deployed);
        // The lines about healthy tasks say it for the deployments at the start.
        if message.ends_with(" completed") && !was_deployed {
            return None;
        }
        for (id, task) in &self.tasks {
            message = message.replace(id.as_str(), &task.name);
        }
        let task = match subject {
            Subject::Service => None,
            Subject::Task(id) => self.tasks.get(id),
        };
        Some(match task {
            Some(task) => Event::Task {
                task: task.name.clone(),
                message,
            },
            None => Event::Service {
                service: self.short_name(service),
                message,
            },
        })
    }

    /// Forgets tasks that have stopped.
    pub fn forget_tasks_not_in(&mut self, overview: &Overview) {
        let ids = ids(overview);
        self.tasks.retain(|id, _| ids.contains(&id.as_str()));
    }

    fn of_service(&mut self, short_name: &'static str, service: &ServiceOverview) -> Vec<Event> {
        let id = service.deployment.as_ref().map(|it| it.id.clone());
        let name = service.name.clone();
        let seen = self.services.entry(name).or_insert_with(|| SeenService {
            desired: service.desired,
            deployment: id.clone(),
            was_deployed: false,
        });
        let mut lines = Vec::new();
        if seen.desired != service.desired {
            lines.push(Event::Scaled {
                service: short_name,
                from: seen.desired,
                to: service.desired,
            });
            seen.desired = service.desired;
        }
        if seen.deployment != id
            && let Some(deployment) = &service.deployment
        {
            lines.push(Event::Deploys {
                service: short_name,
                id: deployment.id.clone(),
                definition: format!("{}:{}", deployment.family, deployment.revision),
            });
            seen.deployment = id;
            seen.was_deployed = true;
        }
        lines
    }

    fn of_task(&mut self, service: &str, task: &TaskOverview, now: Instant) -> Option<Event> {
        let seen = self
            .tasks
            .entry(task.id.clone())
            .or_insert_with(|| SeenTask {
                name: format!("{service}-{}", task.ordinal),
                first_seen: now,
                is_healthy: false,
                was_ever_healthy: false,
                is_stopping: false,
            });
        let name = seen.name.clone();
        if task.status > TaskStatus::Running {
            let is_known = std::mem::replace(&mut seen.is_stopping, true);
            // The death of a process has been reported.
            return (!is_known && !task.has_ended).then_some(Event::Stops { task: name });
        }
        let was_healthy = std::mem::replace(&mut seen.is_healthy, task.is_healthy);
        match (was_healthy, task.is_healthy) {
            // The death of a process has been reported.
            (true, false) => (!task.has_ended).then_some(Event::Unhealthy { task: name }),
            (false, true) if std::mem::replace(&mut seen.was_ever_healthy, true) => {
                Some(Event::HealthyAgain { task: name })
            }
            (false, true) => {
                let time = now.saturating_duration_since(seen.first_seen);
                Some(Event::Healthy { task: name, time })
            }
            _ => None,
        }
    }

    fn short_name(&self, service: &str) -> &'static str {
        self.short_names.get(service).copied().unwrap_or("service")
    }
}

/// Sorts lines about the same change such that causes come before their effects: ECS stops tasks because others have become
/// healthy or because they are unhealthy, and then a deployment is completed.
pub fn sort(lines: &mut [Event]) {
    lines.sort_by_key(|line| match line {
        Event::Task { .. } => 1,
        Event::Stops { .. } => 2,
        Event::Service { .. } => 3,
        _ => 0,
    });
}

fn ids(overview: &Overview) -> Vec<&str> {
    let tasks = overview.services.iter().flat_map(|it| &it.tasks);
    tasks.map(|task| task.id.as_str()).collect()
}

#[cfg(test)]
mod tests;
