//! What the task metadata endpoint shows of the tasks that run.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use ecs::metadata::{ContainerView, Found, HealthView, TaskView, router};
use ecs::{Clock, Launch, SystemClock, Timestamp};

/// The tasks of the endpoint. Clones are the same.
#[derive(Clone)]
pub struct Metadata {
    /// By the ids of the tasks.
    tasks: Arc<Mutex<HashMap<String, TaskView>>>,
    address: SocketAddr,
    cluster: &'static str,
    clock: SystemClock,
}

/// A task of the endpoint, which removes it when this is dropped.
pub struct Entry {
    metadata: Metadata,
    id: String,
}

impl Metadata {
    /// An endpoint at `address` without tasks. `cluster` is the name of the cluster.
    pub fn new(address: SocketAddr, cluster: &'static str) -> Self {
        Self {
            tasks: Arc::default(),
            address,
            cluster,
            clock: SystemClock::start(),
        }
    }

    /// The endpoint.
    pub fn into_router(self) -> Router {
        router(move |token| self.find(token))
    }

    /// The address of a container's own metadata. The id of a container is also its token, as on Fargate.
    pub fn url(&self, runtime_id: &str) -> String {
        format!("http://{}/v4/{runtime_id}", self.address)
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds a task whose containers do not run yet.
    pub fn add(&self, launch: &Launch, address: IpAddr) -> Entry {
        let containers = launch.definition.containers.iter();
        let containers = containers.zip(&launch.runtime_ids).map(|(definition, id)| {
            let health = definition.health_check.as_ref();
            ContainerView {
                runtime_id: id.clone(),
                health: health.map(|_| HealthView::default()),
                ..ContainerView::default()
            }
        });
        let view = TaskView {
            cluster: self.cluster.to_owned(),
            id: launch.id.clone(),
            service: launch.service.clone(),
            definition: Arc::clone(&launch.definition),
            is_stopping: false,
            created_at: self.now(),
            execution_stopped_at: None,
            address: Some(address),
            bindings: Vec::new(),
            containers: containers.collect(),
        };
        self.lock().insert(launch.id.clone(), view);
        Entry {
            metadata: self.clone(),
            id: launch.id.clone(),
        }
    }

    /// All tasks that have not ended.
    pub fn tasks(&self) -> Vec<TaskView> {
        self.lock().values().cloned().collect()
    }

    fn find(&self, token: &str) -> Option<Found> {
        let (task, _) = token.split_once('-')?;
        let task = self.lock().get(task)?.clone();
        let mut containers = task.containers.iter();
        let container = containers.position(|container| container.runtime_id == token)?;
        Some(Found { task, container })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, TaskView>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Changes what the endpoint shows of the task.
    pub fn update(&self, change: impl FnOnce(&mut TaskView)) {
        if let Some(view) = self.metadata.lock().get_mut(&self.id) {
            change(view);
        }
    }

    /// Changes what the endpoint shows of a container. `change` gets the present time.
    pub fn update_container(
        &self,
        index: usize,
        change: impl FnOnce(&mut ContainerView, Timestamp),
    ) {
        let now = self.metadata.now();
        self.update(|view| {
            if let Some(container) = view.containers.get_mut(index) {
                change(container, now);
            }
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.metadata.lock().remove(&self.id);
    }
}
