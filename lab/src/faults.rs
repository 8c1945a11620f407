//! Faults of tasks that the lab sets while the tasks run, instead of those of their environment.

use std::collections::HashMap;

use like_service::chaos::Overrides;
use tokio::sync::watch;

/// The tasks that get faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All tasks of the service with this short name, also those that start later.
    Service(&'static str),
    /// The task with this id. Its faults win over those of its service.
    Task(String),
}

/// The faults of all tasks. Clones are the same.
#[derive(Clone)]
pub struct TaskFaults(watch::Sender<State>);

#[derive(Default)]
struct State {
    services: HashMap<&'static str, Setting>,
    tasks: HashMap<String, Setting>,
    /// The number of calls of [`TaskFaults::set`].
    generation: u64,
}

/// Faults that were set once. Two calls with the same faults are two settings, because each begins the sequence again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    generation: u64,
    pub overrides: Overrides,
}

/// The faults of one task.
pub struct FaultsOfTask {
    state: watch::Receiver<State>,
    service: &'static str,
    task: String,
    /// What [`next`](Self::next) has returned last.
    last: Option<Setting>,
}

impl TaskFaults {
    /// All tasks have the faults of their environment.
    pub fn new() -> Self {
        Self(watch::Sender::default())
    }

    /// Sets the faults of the tasks in scope. A task of a service that starts later has them before it gets requests.
    pub fn set(&self, scope: Scope, overrides: Overrides) {
        self.0.send_modify(|state| {
            state.generation += 1;
            let generation = state.generation;
            let setting = Setting {
                generation,
                overrides,
            };
            match scope {
                Scope::Service(name) => state.services.insert(name, setting),
                Scope::Task(id) => state.tasks.insert(id, setting),
            };
        });
    }

    /// All tasks go back to the faults of their environment.
    pub fn clear(&self) {
        self.0.send_modify(|state| {
            state.services.clear();
            state.tasks.clear();
        });
    }

    /// The faults of a task that starts now.
    pub fn of_task(&self, service: &'static str, task: String) -> FaultsOfTask {
        FaultsOfTask {
            state: self.0.subscribe(),
            service,
            task,
            last: None,
        }
    }
}

impl FaultsOfTask {
    /// The present faults; `None`: those of the environment.
    pub fn now(&mut self) -> Option<Overrides> {
        let state = self.state.borrow_and_update();
        let of_task = state.tasks.get(&self.task);
        let setting = of_task.or_else(|| state.services.get(self.service));
        self.last = setting.copied();
        self.last.map(|setting| setting.overrides)
    }

    /// Waits until the faults have changed since the last call of this or of [`now`](Self::now). Never resolves if nobody can
    /// change them any more.
    pub async fn next(&mut self) -> Option<Overrides> {
        loop {
            let last = self.last;
            if self.state.changed().await.is_err() {
                return std::future::pending().await;
            }
            let overrides = self.now();
            if self.last != last {
                return overrides;
            }
        }
    }
}
