//! Tests of the scheduler in a simulated world: the runtime and the load balancer are data, and the clock is a number.
//!
//! Each step checks what must always hold: see [`Simulation::settle`].

mod behavior;
mod checks;
mod effects;
mod fixtures;
mod properties;
mod recorded;
mod rules;

use std::collections::BTreeMap;
use std::time::Duration;

use behavior::Behavior;
use fixtures::{checked_definition, definition, service};

use crate::ids::Ids;
use crate::model::{Config, DeploymentState, Service, ServiceConfig, ServiceUpdate, Task};
use crate::plan::{Action, Health, health, is_steady, next_due, plan};
use crate::runtime::{Exit, Report};
use crate::state::State;
use crate::targets::TargetHealth;
use crate::time::Timestamp;

pub const SERVICE: &str = "like";
pub const GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/like/1";

/// Something that happens in the world at its time.
#[derive(Clone, Debug)]
enum Happening {
    Report(String, Report),
    RunEnded(String),
    /// In the target group of this index.
    TargetHealth(String, usize, TargetHealth),
    Deregistered(String, usize),
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
            Happening::TargetHealth(id.to_owned(), 0, health),
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
            Happening::TargetHealth(id, index, health) => {
                self.state.target_health(&id, index, health);
            }
            Happening::Deregistered(id, index) => self.state.deregistered(&id, index),
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

    fn after(&mut self, delay: Duration, happening: Happening) {
        self.order += 1;
        let key = (self.now + delay, self.order);
        self.happenings.insert(key, happening);
    }

    /// The state of the PRIMARY deployment, and the revision of its task definition.
    pub fn primary(&self) -> (DeploymentState, u32) {
        let primary = self.service().primary().expect("a deployment");
        (primary.state, primary.definition.revision)
    }
}
