//! The tasks that run now: what the endpoints file lists and what can be asked to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Notify, watch};

use crate::service::Service;

/// A place that the lab keeps filled with one task, as ECS keeps a service's desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub service: Service,
    pub number: u16,
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.service, self.number)
    }
}

/// What tools are told of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskInfo {
    pub id: String,
    pub service: Service,
    pub url: String,
    pub pid: u32,
}

#[derive(Debug)]
struct Entry {
    info: TaskInfo,
    healthy: bool,
    stop: Arc<Notify>,
}

/// All tasks. Clones share them.
#[derive(Clone, Debug)]
pub struct Tasks {
    entries: Arc<watch::Sender<BTreeMap<Slot, Entry>>>,
    desired: usize,
}

impl Tasks {
    /// No tasks yet, of `desired`.
    pub fn new(desired: usize) -> Self {
        Self {
            entries: Arc::default(),
            desired,
        }
    }

    /// Adds a task that has started; what is returned tells when it is asked to stop.
    pub fn add(&self, slot: Slot, info: TaskInfo) -> Arc<Notify> {
        let stop = Arc::new(Notify::new());
        let entry = Entry {
            info,
            healthy: false,
            stop: Arc::clone(&stop),
        };
        self.entries.send_modify(|entries| {
            entries.insert(slot, entry);
        });
        stop
    }

    /// Notes that the task in `slot` has become healthy.
    pub fn set_healthy(&self, slot: Slot) {
        self.entries.send_modify(|entries| {
            if let Some(entry) = entries.get_mut(&slot) {
                entry.healthy = true;
            }
        });
    }

    /// Notes that the task in `slot` gets no more requests.
    pub fn remove(&self, slot: Slot) {
        self.entries.send_modify(|entries| {
            entries.remove(&slot);
        });
    }

    /// Asks the task of that id to stop; false if there is none.
    pub fn stop(&self, id: &str) -> bool {
        let entries = self.entries.borrow();
        let found = entries.values().find(|entry| entry.info.id == id);
        found.inspect(|entry| entry.stop.notify_one()).is_some()
    }

    /// Resolves once a task of `service` is healthy.
    pub async fn one_healthy(&self, service: Service) {
        let mut entries = self.entries.subscribe();
        let healthy = |entries: &BTreeMap<Slot, Entry>| {
            let mut of_service = entries.iter().filter(|(slot, _)| slot.service == service);
            of_service.any(|(_, entry)| entry.healthy)
        };
        // The sender is our own, so that there is no error to meet.
        let _ = entries.wait_for(healthy).await;
    }

    /// Resolves with all tasks once each slot has a healthy one and they are others than `known`.
    pub async fn all_healthy(&self, known: Option<&[TaskInfo]>) -> Vec<TaskInfo> {
        let mut entries = self.entries.subscribe();
        loop {
            if let Some(tasks) = self.healthy(&entries.borrow_and_update())
                && known != Some(&tasks)
            {
                return tasks;
            }
            let _ = entries.changed().await;
        }
    }

    fn healthy(&self, entries: &BTreeMap<Slot, Entry>) -> Option<Vec<TaskInfo>> {
        let healthy = entries.values().filter(|entry| entry.healthy);
        let tasks: Vec<_> = healthy.map(|entry| entry.info.clone()).collect();
        (tasks.len() == self.desired).then_some(tasks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn slot(number: u16) -> Slot {
        Slot {
            service: Service::LikeService,
            number,
        }
    }

    fn info(id: &str) -> TaskInfo {
        TaskInfo {
            id: id.to_owned(),
            service: Service::LikeService,
            url: "http://127.0.0.1:1".to_owned(),
            pid: 1,
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime
            .block_on(async { tokio::time::timeout(Duration::ZERO, future).await })
            .ok()
    }

    #[test]
    fn all_are_healthy_when_each_slot_is_and_again_only_after_a_change() {
        let tasks = Tasks::new(2);
        tasks.add(slot(0), info("a"));
        tasks.set_healthy(slot(0));
        tasks.add(slot(1), info("b"));
        assert_eq!(now(tasks.all_healthy(None)), None);
        tasks.set_healthy(slot(1));
        let first = vec![info("a"), info("b")];
        assert_eq!(now(tasks.all_healthy(None)), Some(first.clone()));
        assert_eq!(now(tasks.all_healthy(Some(&first))), None);
        tasks.remove(slot(0));
        assert_eq!(now(tasks.all_healthy(Some(&first))), None);
        tasks.add(slot(0), info("c"));
        tasks.set_healthy(slot(0));
        let second = vec![info("c"), info("b")];
        assert_eq!(now(tasks.all_healthy(Some(&first))), Some(second));
    }

    #[test]
    fn one_healthy_task_of_the_service_is_enough() {
        let tasks = Tasks::new(2);
        tasks.add(slot(0), info("a"));
        assert_eq!(now(tasks.one_healthy(Service::LikeService)), None);
        tasks.set_healthy(slot(0));
        assert_eq!(now(tasks.one_healthy(Service::LikeService)), Some(()));
        assert_eq!(now(tasks.one_healthy(Service::Monolith)), None);
    }

    #[test]
    fn only_a_task_that_runs_can_be_asked_to_stop() {
        let tasks = Tasks::new(1);
        assert!(!tasks.stop("a"));
        let asked = tasks.add(slot(0), info("a"));
        assert_eq!(now(asked.notified()), None);
        assert!(tasks.stop("a"));
        assert_eq!(now(asked.notified()), Some(()));
        tasks.remove(slot(0));
        assert!(!tasks.stop("a"));
    }
}
