//! The order in which services stop. Pure.

use crate::scenario::Service;

/// Groups of services. Those of a group stop together, after all groups before it. A service stops before the services on which
/// it depends. The last group contains all services that depend on no other: they stop after the load balancer.
pub fn stop_order(services: &[Service]) -> Vec<Vec<&'static str>> {
    let mut groups = Vec::new();
    let mut remaining: Vec<&Service> = services.iter().collect();
    while !remaining.is_empty() {
        let is_needed = |service: &Service| {
            let mut others = remaining.iter();
            others.any(|other| other.depends_on.contains(&service.short_name))
        };
        let (needed, group): (Vec<_>, Vec<_>) = remaining
            .iter()
            .copied()
            .partition(|service| service.depends_on.is_empty() || is_needed(service));
        if group.is_empty() {
            // All of them depend on no other, or there is a circle of dependencies: then its services stop together.
            groups.push(names(&needed));
            break;
        }
        groups.push(names(&group));
        remaining = needed;
    }
    groups
}

fn names(services: &[&Service]) -> Vec<&'static str> {
    services.iter().map(|service| service.name).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ecs::DeploymentConfig;
    use serde_json::Value;

    use super::*;

    fn service(name: &'static str, depends_on: &'static [&'static str]) -> Service {
        Service {
            name,
            short_name: name,
            task_definition: Value::Null,
            log_group: "",
            desired_count: 1,
            deployment: DeploymentConfig {
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                circuit_breaker: false,
                rollback: false,
            },
            grace_period: Duration::ZERO,
            target_group: name,
            container: name,
            container_port: 8080,
            depends_on,
        }
    }

    #[test]
    fn a_service_stops_before_those_on_which_it_depends() {
        let services = [service("monolith", &[]), service("like", &["monolith"])];
        assert_eq!(stop_order(&services), [["like"], ["monolith"]]);
    }

    #[test]
    fn services_that_do_not_depend_on_each_other_stop_together() {
        let services = [
            service("orders", &[]),
            service("iridium", &["orders"]),
            service("magnesite", &["orders"]),
        ];
        let order = stop_order(&services);
        assert_eq!(order, [vec!["iridium", "magnesite"], vec!["orders"]]);
    }

    #[test]
    fn a_service_that_neither_calls_another_nor_is_called_by_one_stops_in_the_last_group() {
        let services = [
            service("site", &[]),
            service("like", &["monolith"]),
            service("monolith", &[]),
        ];
        let order = stop_order(&services);
        assert_eq!(order, [vec!["like"], vec!["site", "monolith"]]);
    }

    #[test]
    fn services_that_depend_on_each_other_stop_together() {
        let services = [service("a", &["b"]), service("b", &["a"])];
        assert_eq!(stop_order(&services), [["a", "b"]]);
    }
}
