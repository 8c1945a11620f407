//! All metrics of a load balancer at one moment.

use std::sync::Arc;

use serde::Serialize;

use crate::counters::Counts;
use crate::group::TargetGroup;
use crate::health::State;
use crate::listener::Listener;
use crate::load_balancer::LoadBalancer;

/// The metrics of a load balancer and of its target groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancerMetrics {
    /// The value of the dimension `LoadBalancer`: the final portion of the ARN.
    pub load_balancer: String,
    /// The counts of all requests.
    pub counts: Counts,
    /// The connections of clients and to targets now.
    pub active_connection_count: u64,
    /// The metrics that also have the dimension `TargetGroup`.
    pub target_groups: Vec<TargetGroupMetrics>,
}

/// The metrics of a target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroupMetrics {
    /// The value of the dimension `TargetGroup`: the final portion of the ARN.
    pub target_group: String,
    /// The counts of the requests for which a target of the group was selected.
    pub counts: Counts,
    /// The targets that are healthy now; 0 if no action contains the group.
    pub healthy_host_count: u64,
    /// The targets that are unhealthy now; 0 if no action contains the group. An initial or draining target is neither
    /// healthy nor unhealthy.
    pub un_healthy_host_count: u64,
}

impl TargetGroupMetrics {
    fn of(group: &Arc<TargetGroup>, listener: &Listener) -> Self {
        let states = match listener.uses(group) {
            true => group.states(),
            false => Vec::new(),
        };
        let count = |wanted| states.iter().filter(|state| **state == wanted).count() as u64;
        Self {
            target_group: group.full_name().to_owned(),
            counts: group.counters.counts(),
            healthy_host_count: count(State::Healthy),
            un_healthy_host_count: count(State::Unhealthy),
        }
    }
}

impl LoadBalancer {
    /// The metrics now. The counts start with the load balancer.
    pub fn metrics(&self) -> LoadBalancerMetrics {
        let groups = &self.target_groups;
        let connections = groups.iter().map(|group| &group.connections);
        let connections = connections.chain([&self.connections]);
        let (opened, active) = connections.fold((0, 0), |(opened, active), it| {
            (opened + it.opened(), active + it.active())
        });
        let mut counts = self.recorder.counters.counts();
        counts.add("NewConnectionCount", opened);
        let listener = self.listener();
        let target_groups = groups.iter();
        let target_groups = target_groups.map(|it| TargetGroupMetrics::of(it, &listener));
        LoadBalancerMetrics {
            load_balancer: self.full_name().to_owned(),
            counts,
            active_connection_count: active,
            target_groups: target_groups.collect(),
        }
    }
}
