//! The load balancer of a scenario, and its target groups.

use std::sync::Arc;
use std::time::Duration;

use elb::{
    Forward, LoadBalancer, LoadBalancerConfig, PathPattern, Rule, TargetGroup, TargetGroupConfig,
};
use wire::Timeouts;

use crate::exports::Export;
use crate::scenario::{Exported, Scenario};

/// The load balancer and its target groups.
pub struct Balancing {
    pub load_balancer: Arc<LoadBalancer>,
    groups: Vec<Arc<TargetGroup>>,
}

/// The settings of the load balancer that are not the scenario's.
pub struct Settings {
    pub port: u16,
    pub health_check_interval: Duration,
    pub deregistration_delay: Duration,
    pub timeouts: Timeouts,
    pub max_connections: usize,
    /// Receives the lines of the access log.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Balancing {
    /// The load balancer with the rules of `scenario`.
    pub fn new(scenario: &Scenario, settings: Settings) -> Self {
        let groups = scenario.target_groups.iter();
        let groups: Vec<_> = groups
            .map(|group| {
                TargetGroup::new(TargetGroupConfig {
                    port: group.port,
                    deregistration_delay: settings.deregistration_delay,
                    ..TargetGroupConfig::with_interval(group.name, settings.health_check_interval)
                })
            })
            .collect();
        let rules = scenario.rules.iter().map(|rule| {
            let weights = rule.weights.iter();
            let weights = weights.map(|(name, weight)| (find(&groups, name), *weight));
            Rule::new(
                rule.priority,
                PathPattern::new(rule.path),
                Forward::weighted(weights),
            )
        });
        let load_balancer = LoadBalancer::new(LoadBalancerConfig {
            name: scenario.load_balancer.to_owned(),
            port: settings.port,
            rules: rules.collect(),
            default: Forward::to(find(&groups, scenario.default_target_group)),
            log: settings.log,
            timeouts: settings.timeouts,
            max_connections: settings.max_connections,
        });
        Self {
            load_balancer,
            groups,
        }
    }

    /// The target group of this name, which is in the scenario.
    pub fn group(&self, name: &str) -> Arc<TargetGroup> {
        find(&self.groups, name)
    }

    /// All target groups.
    pub fn groups(&self) -> Vec<Arc<TargetGroup>> {
        self.groups.clone()
    }

    /// The shell variables that `env` prints. `url` is the URL of the load balancer.
    pub fn exports(&self, scenario: &Scenario, url: &str) -> Vec<Export> {
        let value = |exported: Exported| match exported {
            Exported::Text(text) => text.to_owned(),
            Exported::LoadBalancer => url.to_owned(),
            Exported::Listener => self.load_balancer.listener_arn(),
            Exported::Rule(priority) => self.load_balancer.rule_arn(priority).unwrap_or_default(),
            Exported::TargetGroup(name) => self.group(name).arn().to_owned(),
        };
        let exports = scenario.exports.iter();
        exports
            .map(|(name, exported)| Export::new(name, &value(*exported)))
            .collect()
    }
}

/// A test checks that all names of a scenario exist.
#[expect(
    clippy::expect_used,
    reason = "the names are constants of the scenario, and no input reaches them"
)]
fn find(groups: &[Arc<TargetGroup>], name: &str) -> Arc<TargetGroup> {
    let group = groups.iter().find(|group| group.name() == name);
    Arc::clone(group.expect("the scenario has the target group"))
}
