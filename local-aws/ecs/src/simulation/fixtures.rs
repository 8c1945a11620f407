//! Services and task definitions of the simulation.

use std::sync::Arc;
use std::time::Duration;

use super::{GROUP, SERVICE};
use crate::definition::{Container, ContainerHealthCheck, TaskDefinition};
use crate::model::{DeploymentConfig, ServiceConfig, ServiceLoadBalancer};

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
        depends_on: Vec::new(),
        start_timeout: None,
        restart_policy: None,
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
