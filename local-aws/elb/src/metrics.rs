//! All metrics of a load balancer at one moment.

use serde::Serialize;

use crate::counters::Counts;
use crate::group::TargetGroup;
use crate::health::State;
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
    /// The targets that are healthy now.
    pub healthy_host_count: u64,
    /// The targets that are unhealthy now. New targets and deregistered targets are neither healthy nor unhealthy.
    pub un_healthy_host_count: u64,
    /// All targets without deregistered ones. This is no metric of AWS.
    pub registered_host_count: u64,
}

impl TargetGroupMetrics {
    /// `RequestCountPerTarget`: the number of requests in `counts` for each healthy target, or for each registered target if
    /// none is healthy. Returns `None` if no target is registered.
    pub fn request_count_per_target(&self, counts: &Counts) -> Option<f64> {
        let hosts = match self.healthy_host_count {
            0 => self.registered_host_count,
            healthy => healthy,
        };
        (hosts > 0).then(|| counts.sum("RequestCount") as f64 / hosts as f64)
    }

    fn of(group: &TargetGroup) -> Self {
        let states = group.states();
        let count = |wanted| states.iter().filter(|state| **state == wanted).count() as u64;
        Self {
            target_group: group.full_name().to_owned(),
            counts: group.counters.counts(),
            healthy_host_count: count(State::Healthy),
            un_healthy_host_count: count(State::Unhealthy),
            registered_host_count: states.len() as u64 - count(State::Draining),
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
        let mut counts = self.counters.counts();
        counts.sums.insert("NewConnectionCount", opened);
        LoadBalancerMetrics {
            load_balancer: self.full_name().to_owned(),
            counts,
            active_connection_count: active,
            target_groups: groups.iter().map(|it| TargetGroupMetrics::of(it)).collect(),
        }
    }
}
