//! Tells people what ECS does: tasks that become healthy or stop, deployments, and changes of desired counts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use ecs::{Ecs, Overview, TaskOverview, TaskStatus};
use tokio::sync::broadcast::error::RecvError;

use crate::report::{Event, Report};
use crate::scenario::Service;

/// Beginnings of events that accompany others of the same change.
const ACCOMPANYING: [&str; 6] = [
    "deregistered ",
    "has begun draining connections ",
    "has reached a steady state",
    "has started ",
    "has stopped ",
    "registered ",
];

/// Reports until this is dropped.
pub async fn announce(ecs: &Ecs, services: &[Service], report: &Report) -> Infallible {
    let (mut overviews, mut events) = (ecs.watch(), ecs.events());
    let mut announcer = Announcer::new(services);
    loop {
        tokio::select! {
            // An event names tasks that the overview before it contains.
            biased;
            event = events.recv() => match event {
                Ok((service, event)) => {
                    if let Some(event) = announcer.event(&service, &event.message) {
                        report.say(event);
                    }
                }
                // The console shows fewer lines than the API has events.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            },
            changed = overviews.changed() => {
                if changed.is_err() {
                    std::future::pending::<()>().await;
                }
                let overview = overviews.borrow_and_update().clone();
                for event in announcer.overview(&overview, Instant::now()) {
                    report.say(event);
                }
            }
        }
    }
}

/// What has been reported.
struct Announcer {
    /// Short names by names.
    short_names: BTreeMap<String, &'static str>,
    tasks: BTreeMap<String, Seen>,
    services: BTreeMap<String, SeenService>,
}

/// A service.
struct SeenService {
    desired: u32,
    /// The id of the PRIMARY deployment.
    deployment: Option<String>,
    /// Whether it has had another deployment than the one of its creation.
    was_deployed: bool,
}

/// A task.
struct Seen {
    name: String,
    first_seen: Instant,
    is_healthy: bool,
    /// Whether its stop or its end is known.
    is_stopping: bool,
}

impl Announcer {
    fn new(services: &[Service]) -> Self {
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
    fn overview(&mut self, overview: &Overview, now: Instant) -> Vec<Event> {
        let mut news = Vec::new();
        for service in &overview.services {
            let short_name = self.short_name(&service.name);
            let id = service.deployment.as_ref().map(|it| it.id.clone());
            let name = service.name.clone();
            let seen = self.services.entry(name).or_insert_with(|| SeenService {
                desired: service.desired,
                deployment: id.clone(),
                was_deployed: false,
            });
            if seen.desired != service.desired {
                news.push(Event::Scaled {
                    service: short_name,
                    from: seen.desired,
                    to: service.desired,
                });
                seen.desired = service.desired;
            }
            if seen.deployment != id
                && let Some(deployment) = &service.deployment
            {
                news.push(Event::Deploys {
                    service: short_name,
                    id: deployment.id.clone(),
                    definition: format!("{}:{}", deployment.family, deployment.revision),
                });
                seen.deployment = id;
                seen.was_deployed = true;
            }
            for task in &service.tasks {
                news.extend(self.task(short_name, task, now));
            }
        }
        let tasks = overview.services.iter().flat_map(|it| &it.tasks);
        let known: Vec<_> = tasks.map(|task| &task.id).collect();
        self.tasks.retain(|id, seen| {
            let is_known = known.contains(&id);
            // A receiver of overviews does not see each of them.
            if !is_known && !seen.is_stopping {
                let task = seen.name.clone();
                news.push(Event::Stops { task });
            }
            is_known
        });
        news
    }

    fn task(&mut self, service: &str, task: &TaskOverview, now: Instant) -> Option<Event> {
        let is_stopping = task.status > TaskStatus::Running;
        let seen = self.tasks.entry(task.id.clone()).or_insert_with(|| Seen {
            name: format!("{service}-{}", task.ordinal),
            first_seen: now,
            is_healthy: false,
            is_stopping: false,
        });
        if is_stopping && !seen.is_stopping {
            seen.is_stopping = true;
            let task_name = seen.name.clone();
            // The death of a process has been reported.
            return (!task.has_ended).then_some(Event::Stops { task: task_name });
        }
        if seen.is_healthy || !task.is_healthy {
            return None;
        }
        seen.is_healthy = true;
        let time: Duration = now.saturating_duration_since(seen.first_seen);
        Some(Event::Healthy {
            task: seen.name.clone(),
            time,
        })
    }

    /// The message with the names that people know, unless other lines say the same.
    fn event(&self, service: &str, message: &str) -> Option<Event> {
        // The message begins with `(service <name>) ` or `(service <name>, taskSet <id>) `.
        let (_, message) = message.split_once(") ")?;
        if ACCOMPANYING.iter().any(|it| message.starts_with(it)) {
            return None;
        }
        let seen = self.services.get(service);
        let was_deployed = seen.is_some_and(|service| service.was_deployed);
        // The lines about healthy tasks say it for the deployments at the start.
        if message.ends_with(" deployment completed.") && !was_deployed {
            return None;
        }
        let mut message = message.to_owned();
        for (id, seen) in &self.tasks {
            message = message.replace(id.as_str(), &seen.name);
        }
        let service = self.short_name(service);
        Some(Event::Ecs { service, message })
    }

    fn short_name(&self, service: &str) -> &'static str {
        self.short_names.get(service).copied().unwrap_or("service")
    }
}
