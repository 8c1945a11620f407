//! Tests of the scheduler in a simulated world: the runtime and the load balancer are data, and the clock is a number.
//!
//! Each step checks what must always hold: see [`Simulation::settle`].

mod properties;
mod recorded;
mod rules;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::definition::{Container, ContainerHealthCheck, TaskDefinition};
use crate::ids::Ids;
use crate::model::{
    Config, DeploymentConfig, DeploymentState, MAX_EVENTS, MAX_HISTORY, Service, ServiceConfig,
    ServiceLoadBalancer, ServiceUpdate, Task, TaskStatus,
};
use crate::plan::{Action, Health, health, is_steady, next_due, plan};
use crate::runtime::{Exit, Report, Signal, Started};
use crate::state::{Effect, State};
use crate::targets::TargetHealth;
use crate::time::Timestamp;

pub const SERVICE: &str = "like";
pub const GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/like/1";

/// How the tasks of a revision behave.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// When the start succeeds, or fails.
    pub start: Result<Duration, Duration>,
    /// When the checks pass (`Ok`) or fail (`Err`), after the registration. Never without.
    pub check: Option<Result<Duration, Duration>>,
    /// When the container ends by itself, after the launch.
    pub exit: Option<Duration>,
    /// When the container ends after SIGTERM. Never without.
    pub term: Option<Duration>,
    /// When a deregistration ends.
    pub deregistration: Duration,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            start: Ok(Duration::from_millis(300)),
            check: Some(Ok(Duration::from_secs(1))),
            exit: None,
            term: Some(Duration::from_millis(100)),
            deregistration: Duration::from_secs(2),
        }
    }
}

impl Behavior {
    pub fn fails_to_start() -> Self {
        let start = Err(Duration::from_millis(100));
        Self {
            start,
            ..Self::default()
        }
    }

    pub fn is_unhealthy() -> Self {
        let check = Some(Err(Duration::from_secs(3)));
        Self {
            check,
            ..Self::default()
        }
    }

    pub fn crashes_after(lifetime: Duration) -> Self {
        let exit = Some(lifetime);
        Self {
            exit,
            ..Self::default()
        }
    }
}

/// Something that happens in the world at its time.
#[derive(Clone, Debug)]
enum Happening {
    Report(String, Report),
    RunEnded(String),
    TargetHealth(String, TargetHealth),
    Deregistered(String),
}

/// The world, the state and the time.
pub struct Simulation {
    pub state: State,
    pub now: Timestamp,
    /// By revision of the task definition; the default for others.
    pub behaviors: BTreeMap<u32, Behavior>,
    /// By time and order.
    happenings: BTreeMap<(Timestamp, u64), Happening>,
    order: u64,
    /// Tasks whose containers run or start.
    pub running: BTreeMap<String, u32>,
    /// Actions that were applied.
    pub actions: Vec<(Timestamp, Action)>,
    /// All messages of events, oldest first.
    pub messages: Vec<String>,
}

impl Simulation {
    /// A world without services.
    pub fn new(max_tasks: u32, task_start: Duration) -> Self {
        let cluster = "cluster".to_owned();
        let config = Config {
            cluster,
            max_tasks,
            task_start,
        };
        Self {
            state: State::new(config, Ids::from_seed(1)),
            now: Timestamp(Duration::from_secs(1_700_000_000)),
            behaviors: BTreeMap::new(),
            happenings: BTreeMap::new(),
            order: 0,
            running: BTreeMap::new(),
            actions: Vec::new(),
            messages: Vec::new(),
        }
    }

    /// A steady service of this size behind a load balancer.
    pub fn steady(desired_count: u32, minimum: u32, maximum: u32) -> Self {
        let mut simulation = Self::new(100, Duration::ZERO);
        let mut config = service(desired_count);
        config.deployment.minimum_healthy_percent = minimum;
        config.deployment.maximum_percent = maximum;
        simulation.create(config);
        simulation.run_for(Duration::from_secs(60));
        assert!(simulation.is_steady());
        simulation.messages.clear();
        simulation.actions.clear();
        simulation
    }

    pub fn create(&mut self, config: ServiceConfig) {
        self.state.create_service(config, self.now);
        self.settle();
    }

    pub fn update(&mut self, update: ServiceUpdate) {
        self.state.update_service(SERVICE, update, self.now);
        self.settle();
    }

    /// Deploys a revision.
    pub fn deploy(&mut self, revision: u32) {
        self.update(ServiceUpdate {
            definition: Some(definition(revision)),
            ..ServiceUpdate::default()
        });
    }

    pub fn scale(&mut self, desired_count: u32) {
        self.update(ServiceUpdate {
            desired_count: Some(desired_count),
            ..ServiceUpdate::default()
        });
    }

    pub fn service(&self) -> &Service {
        &self.state.services[SERVICE]
    }

    pub fn is_steady(&self) -> bool {
        is_steady(&self.state, self.service(), self.now)
    }

    /// Tasks in the order of their ordinals that have not begun to stop.
    pub fn kept(&self) -> Vec<&Task> {
        let tasks = self.state.tasks_of(SERVICE);
        let mut tasks: Vec<_> = tasks.filter(|task| task.is_kept()).collect();
        tasks.sort_by_key(|task| task.ordinal);
        tasks
    }

    pub fn healthy(&self) -> usize {
        let is_healthy = |task: &&&Task| health(task, self.service(), self.now) == Health::Healthy;
        self.kept().iter().filter(is_healthy).count()
    }

    /// The container of a task ends.
    pub fn exit(&mut self, id: &str) {
        let exit = Exit {
            code: Some(1),
            reason: None,
        };
        let container = "like".to_owned();
        let report = Report::Exited { container, exit };
        if self.running.contains_key(id) {
            self.after(Duration::ZERO, Happening::Report(id.to_owned(), report));
            self.after(Duration::ZERO, Happening::RunEnded(id.to_owned()));
            self.run_for(Duration::ZERO);
        }
    }

    /// The checks of a task give this result.
    pub fn check(&mut self, id: &str, is_healthy: bool) {
        let health = match is_healthy {
            true => TargetHealth::Healthy,
            false => TargetHealth::Unhealthy("Request timed out".to_owned()),
        };
        self.after(
            Duration::ZERO,
            Happening::TargetHealth(id.to_owned(), health),
        );
        let report = Report::Health {
            container: "like".to_owned(),
            is_healthy,
        };
        self.after(Duration::ZERO, Happening::Report(id.to_owned(), report));
        self.run_for(Duration::ZERO);
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let due = self.settle();
            let happening = self.happenings.keys().next().map(|(time, _)| *time);
            let Some(next) = happening.into_iter().chain(due).min() else {
                break;
            };
            if next > end {
                break;
            }
            self.assert_idle_before(next);
            self.now = next;
            while let Some(entry) = self.happenings.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let happening = entry.remove();
                self.happen(happening);
            }
        }
        self.assert_idle_before(end);
        self.now = end;
        self.settle();
    }

    /// `next_due` must not be too late.
    fn assert_idle_before(&self, next: Timestamp) {
        let wait = next.since(self.now);
        for fraction in [0.25, 0.5, 0.99] {
            let time = self.now + wait.mul_f64(fraction);
            if time < next {
                let actions = plan(&self.state, time);
                assert!(actions.is_empty(), "missed {actions:?}");
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Report(id, report) => {
                // A container that has ended reports nothing more.
                if self.running.contains_key(&id) {
                    self.state.report(&id, report, now);
                }
            }
            Happening::RunEnded(id) => {
                if self.running.remove(&id).is_some() {
                    self.state.run_ended(&id, now);
                }
            }
            Happening::TargetHealth(id, health) => self.state.target_health(&id, 0, health),
            Happening::Deregistered(id) => self.state.deregistered(&id, 0),
        }
    }

    /// Plans and applies, as the actor does, and checks each action: no start exceeds the upper limit, no stop of a healthy task
    /// goes below the lower limit, the actions end.
    pub fn settle(&mut self) -> Option<Timestamp> {
        self.perform();
        for _ in 0..1_000 {
            let actions = plan(&self.state, self.now);
            if actions.is_empty() {
                self.assert_consistent();
                return next_due(&self.state, self.now);
            }
            for action in actions {
                let healthy = self.healthy_or_zero();
                self.state.apply(action.clone(), self.now);
                self.assert_limits(&action, healthy);
                self.actions.push((self.now, action));
                self.perform();
            }
        }
        panic!("the plan never ends: {:?}", plan(&self.state, self.now));
    }

    fn healthy_or_zero(&self) -> usize {
        match self.state.services.contains_key(SERVICE) {
            true => self.healthy(),
            false => 0,
        }
    }

    fn assert_limits(&self, action: &Action, healthy_before: usize) {
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

    fn assert_consistent(&self) {
        let Some(service) = self.state.services.get(SERVICE) else {
            return;
        };
        assert!(service.events.len() <= MAX_EVENTS);
        assert!(service.history.len() <= MAX_HISTORY);
        let tasks = self.state.tasks_of(SERVICE);
        let tasks: Vec<_> = tasks
            .filter(|task| task.status != TaskStatus::Stopped)
            .collect();
        let mut ordinals: Vec<_> = tasks.iter().map(|task| task.ordinal).collect();
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
            assert!(has_tasks, "an ACTIVE deployment without tasks");
        }
    }

    fn after(&mut self, delay: Duration, happening: Happening) {
        self.order += 1;
        let key = (self.now + delay, self.order);
        self.happenings.insert(key, happening);
    }

    fn behavior(&self, id: &str) -> Behavior {
        let revision = self.state.tasks.get(id);
        let revision = revision.map_or(0, |task| task.definition.revision);
        self.behaviors.get(&revision).cloned().unwrap_or_default()
    }

    fn perform(&mut self) {
        for effect in self.state.take_effects() {
            match effect {
                Effect::Run(launch) => {
                    self.running.insert(launch.id.clone(), launch.ordinal);
                    self.launch(&launch.id);
                }
                Effect::Signal { task, signal } => {
                    let term = self.behavior(&task).term;
                    let delay = match signal {
                        Signal::Kill => Some(Duration::ZERO),
                        Signal::Term => term,
                    };
                    if let Some(delay) = delay {
                        self.end_after(delay, &task);
                    }
                }
                Effect::Register { task, .. } => {
                    let health = match self.behavior(&task).check {
                        Some(Ok(delay)) => (delay, TargetHealth::Healthy),
                        Some(Err(delay)) => {
                            let reason = "Health checks failed with these codes: [500]";
                            (delay, TargetHealth::Unhealthy(reason.to_owned()))
                        }
                        None => continue,
                    };
                    self.after(health.0, Happening::TargetHealth(task, health.1));
                }
                Effect::Deregister { task, .. } => {
                    let delay = self.behavior(&task).deregistration;
                    self.after(delay, Happening::Deregistered(task));
                }
                Effect::Publish { event, .. } => self.messages.push(event.message),
            }
        }
    }

    fn launch(&mut self, id: &str) {
        let behavior = self.behavior(id);
        match behavior.start {
            Ok(delay) => {
                let started = Started {
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    bindings: Vec::new(),
                    pids: vec![1],
                };
                let report = Report::Started(started);
                self.after(delay, Happening::Report(id.to_owned(), report));
                if let Some(check) = behavior.check {
                    let (check, is_healthy) = match check {
                        Ok(check) => (check, true),
                        Err(check) => (check, false),
                    };
                    let report = Report::Health {
                        container: "like".to_owned(),
                        is_healthy,
                    };
                    self.after(delay + check, Happening::Report(id.to_owned(), report));
                }
            }
            Err(delay) => {
                let reason = "CannotStartContainerError: no such program".to_owned();
                let report = Report::StartFailed(reason);
                self.after(delay, Happening::Report(id.to_owned(), report));
                self.after(delay, Happening::RunEnded(id.to_owned()));
            }
        }
        if let Some(lifetime) = behavior.exit {
            self.end_after(lifetime, id);
        }
    }

    fn end_after(&mut self, delay: Duration, id: &str) {
        let container = "like".to_owned();
        let exit = Exit::default();
        let report = Report::Exited { container, exit };
        self.after(delay, Happening::Report(id.to_owned(), report));
        self.after(delay, Happening::RunEnded(id.to_owned()));
    }

    /// The state of the PRIMARY deployment, and the revision of its task definition.
    pub fn primary(&self) -> (DeploymentState, u32) {
        let primary = self.service().primary().expect("a deployment");
        (primary.state, primary.definition.revision)
    }
}

/// A service behind a load balancer, with circuit breaker and rollback.
pub fn service(desired_count: u32) -> ServiceConfig {
    ServiceConfig {
        name: SERVICE.to_owned(),
        definition: definition(1),
        desired_count,
        deployment: DeploymentConfig {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: true,
            rollback: true,
        },
        grace_period: Duration::ZERO,
        load_balancers: vec![ServiceLoadBalancer {
            target_group_arn: GROUP.to_owned(),
            container: "like".to_owned(),
            container_port: 8080,
        }],
    }
}

/// A revision of the task definition.
pub fn definition(revision: u32) -> Arc<TaskDefinition> {
    let container = Container {
        name: "like".to_owned(),
        image: "like-service".to_owned(),
        essential: true,
        memory: None,
        environment: Vec::new(),
        port_mappings: Vec::new(),
        health_check: None,
        stop_timeout: Duration::from_secs(30),
    };
    Arc::new(TaskDefinition {
        family: "like".to_owned(),
        revision,
        cpu: 256,
        memory: 512,
        containers: vec![container],
        document: serde_json::Map::new(),
    })
}

/// The same with a health check of the container.
pub fn checked_definition(revision: u32) -> Arc<TaskDefinition> {
    let mut definition = TaskDefinition::clone(&definition(revision));
    for container in &mut definition.containers {
        container.health_check = Some(ContainerHealthCheck {
            command: vec!["CMD".to_owned(), "true".to_owned()],
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            retries: 3,
            start_period: Duration::ZERO,
        });
    }
    Arc::new(definition)
}
