//! The order in which services stop. Pure.

use crate::scenario::Service;

/// Groups of services. Those of a group stop together, after all groups before it. A service stops before the services on which
/// it depends. The last group contains no service that depends on another.
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
            .partition(|service| is_needed(service));
        if group.is_empty() {
            // Services that depend on each other stop together.
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
    fn services_that_depend_on_each_other_stop_together() {
        let services = [service("a", &["b"]), service("b", &["a"])];
        assert_eq!(stop_order(&services), [["a", "b"]]);
    }
}
