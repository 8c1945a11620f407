//! Starts and stops the services of a scenario in the order of their dependencies, and joins the local AWS services: ECS runs
//! its tasks as processes, and registers them with the target groups of the load balancer; CloudWatch gets metrics of both;
//! alarms change desired counts by Application Auto Scaling.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use ecs::{
    Binding, ContainerOverview, Ecs, Overview, ServiceConfig, ServiceLoadBalancer, TaskOverview,
};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::endpoints::TaskInfo;
use crate::error::Error;
use crate::report::Report;
use crate::runtime::Metadata;
use crate::scenario::{Scenario, Service};

mod announcer;
mod balancing;
mod metering;
mod monitoring;
mod scaling;
mod stop_order;
mod targets;

pub use balancing::{Balancing, Settings as BalancingSettings};
pub use metering::{Counted, Meter};
pub use monitoring::Monitoring;
pub use scaling::start_scaling;
pub use targets::TargetGroups;

use stop_order::stop_order;

/// The services of a scenario in a cluster.
pub struct Stage {
    ecs: Ecs,
    services: Vec<Service>,
    /// The ARNs of the services' target groups, in the same order.
    target_groups: Vec<String>,
    /// The last overview whose news have been printed.
    announced: watch::Sender<Arc<Overview>>,
    metadata: Metadata,
}

impl Stage {
    /// The services of `scenario`, which do not run yet.
    pub fn new(ecs: Ecs, scenario: &Scenario, balancing: &Balancing, metadata: Metadata) -> Self {
        let services = scenario.services.clone();
        let target_groups = services.iter();
        let target_groups = target_groups
            .map(|service| balancing.group(service.target_group).arn().to_owned())
            .collect();
        Self {
            ecs,
            services,
            target_groups,
            announced: watch::Sender::default(),
            metadata,
        }
    }

    /// Registers the task definitions, and creates each service as soon as the services that it calls have a healthy task.
    ///
    /// # Errors
    ///
    /// When a task definition is refused.
    pub async fn start(&self) -> Result<(), Error> {
        let mut configs = Vec::new();
        for (service, target_group_arn) in self.services.iter().zip(&self.target_groups) {
            let definition = self
                .ecs
                .register_task_definition(&service.task_definition)
                .await;
            let definition = definition.map_err(|error| Error::Scenario {
                service: service.short_name,
                message: error.message,
            })?;
            configs.push(ServiceConfig {
                name: service.name.to_owned(),
                definition,
                desired_count: service.desired_count,
                deployment: service.deployment,
                grace_period: service.grace_period,
                load_balancers: vec![ServiceLoadBalancer {
                    target_group_arn: target_group_arn.clone(),
                    container: service.container.to_owned(),
                    container_port: service.container_port,
                }],
            });
        }
        for (service, config) in self.services.iter().zip(configs) {
            self.wait_for_dependencies(service).await;
            self.ecs.create_service(config).await;
        }
        Ok(())
    }

    /// Resolves with all healthy tasks when all services are steady, and the tasks are others than `known`. They are in the
    /// order of the services and of their ordinals. [`announce`](Self::announce) must run, and has reported them.
    pub async fn steady(&self, known: Option<&[TaskInfo]>) -> Vec<TaskInfo> {
        let mut overview = self.announced.subscribe();
        loop {
            let tasks = self.tasks_if_steady(&overview.borrow_and_update());
            if let Some(tasks) = tasks
                && known != Some(&tasks)
            {
                return tasks;
            }
            // An error means that the cluster has ended.
            if overview.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn tasks_if_steady(&self, overview: &Overview) -> Option<Vec<TaskInfo>> {
        let mut tasks = Vec::new();
        for service in &self.services {
            let state = overview.service(service.name)?;
            if !state.is_steady {
                return None;
            }
            let healthy = state.tasks.iter().filter(|task| task.is_healthy);
            tasks.extend(healthy.filter_map(|task| TaskInfo::new(service, task, &self.metadata)));
        }
        Some(tasks)
    }

    /// Stops the services that call others. They need the load balancer and the services that they call until their requests
    /// have ended.
    pub async fn stop_callers(&self) {
        let mut groups = stop_order(&self.services);
        groups.pop();
        for group in groups {
            self.drain(group).await;
        }
    }

    /// Stops the other services.
    pub async fn stop_others(&self) {
        if let Some(group) = stop_order(&self.services).pop() {
            self.drain(group).await;
        }
    }

    async fn wait_for_dependencies(&self, service: &Service) {
        let mut overview = self.ecs.watch();
        let is_needed = |other: &&Service| service.depends_on.contains(&other.short_name);
        let are_healthy = |overview: &Arc<Overview>| {
            let mut needed = self.services.iter().filter(is_needed);
            needed.all(|service| has_healthy_task(overview, service))
        };
        // An error means that the cluster has ended.
        if overview.wait_for(are_healthy).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The short name of the first service of which no task is healthy.
    pub fn first_without_healthy_task(&self) -> Option<&'static str> {
        let overview = self.ecs.watch().borrow().clone();
        let mut services = self.services.iter();
        let service = services.find(|service| !has_healthy_task(&overview, service))?;
        Some(service.short_name)
    }

    /// Reports what ECS does until this is dropped.
    pub async fn announce(&self, report: &Report) -> Infallible {
        announcer::announce(&self.ecs, &self.services, report, &self.announced).await
    }

    /// Stops services that do not depend on each other.
    async fn drain(&self, services: Vec<&'static str>) {
        let mut draining = JoinSet::new();
        for service in services {
            let ecs = self.ecs.clone();
            draining.spawn(async move { ecs.drain(service).await });
        }
        while draining.join_next().await.is_some() {}
    }
}

fn has_healthy_task(overview: &Overview, service: &Service) -> bool {
    let service = overview.service(service.name);
    service.is_some_and(|service| service.tasks.iter().any(|task| task.is_healthy))
}

impl TaskInfo {
    /// What tools know of a started task.
    fn new(service: &Service, task: &TaskOverview, metadata: &Metadata) -> Option<Self> {
        let started = task.started.as_ref()?;
        let is_served = |binding: &&Binding| {
            binding.container == service.container
                && binding.container_port == service.container_port
        };
        let port = started.bindings.iter().find(is_served)?.host_port;
        let is_named = |container: &ContainerOverview| container.name == service.container;
        let index = task.containers.iter().position(is_named)?;
        Some(Self {
            id: task.id.clone(),
            service: service.short_name,
            url: format!("http://{}", SocketAddr::new(started.address, port)),
            pid: started.pids.get(index).copied()?,
            metadata: metadata.url(&task.containers[index].runtime_id),
        })
    }
}
