//! Registers tasks with the target groups of the load balancer.

use std::net::SocketAddr;
use std::sync::Arc;

use ecs::{BoxFuture, HealthSink, Target, TargetHealth, Targets};
use elb::{Registration, TargetChanges, TargetGroup, TargetState};
use tokio::task::AbortHandle;

/// The target groups of a load balancer.
pub struct TargetGroups(Vec<Arc<TargetGroup>>);

impl TargetGroups {
    /// These groups.
    pub fn new(groups: Vec<Arc<TargetGroup>>) -> Self {
        Self(groups)
    }
}

impl Targets for TargetGroups {
    fn register(
        &self,
        group_arn: &str,
        address: SocketAddr,
        health: HealthSink,
    ) -> Option<Box<dyn Target>> {
        let group = self.0.iter().find(|group| group.arn() == group_arn)?;
        let registration = group.register(address);
        let changes = registration.changes();
        Some(Box::new(RegisteredTask {
            registration,
            reporting: tokio::spawn(report(changes, health)).abort_handle(),
        }))
    }
}

/// A task that is registered with a target group.
struct RegisteredTask {
    registration: Registration,
    reporting: AbortHandle,
}

impl Target for RegisteredTask {
    fn deregister(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.reporting.abort();
        Box::pin(async move { self.registration.deregister().await })
    }
}

impl Drop for RegisteredTask {
    fn drop(&mut self) {
        self.reporting.abort();
    }
}

/// Passes each change of a target's health on.
async fn report(mut changes: TargetChanges, health: HealthSink) {
    while let Some((state, description)) = changes.next().await {
        health(match state {
            TargetState::Initial => TargetHealth::Initial,
            TargetState::Healthy => TargetHealth::Healthy,
            TargetState::Unhealthy => TargetHealth::Unhealthy(description.unwrap_or_default()),
            // A deregistered target has no health to report.
            TargetState::Draining => return,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use elb::TargetGroupConfig;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn the_changes_of_a_targets_health_are_reported_and_an_unknown_group_has_none() {
        let group = TargetGroup::new(TargetGroupConfig::with_interval(
            "group",
            Duration::from_millis(10),
        ));
        let arn = group.arn().to_owned();
        let groups = TargetGroups::new(vec![group]);
        let (sender, mut reports) = mpsc::unbounded_channel();
        let sink: HealthSink = Arc::new(move |health| {
            let _ = sender.send(health);
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(groups.register("arn", address, sink.clone()).is_none());
        let target = groups.register(&arn, address, sink).unwrap();
        assert_eq!(reports.recv().await, Some(TargetHealth::Initial));
        // Nothing listens any more.
        drop(listener);
        let unhealthy = TargetHealth::Unhealthy("Health checks failed".to_owned());
        assert_eq!(reports.recv().await, Some(unhealthy));
        target.deregister().await;
        assert_eq!(reports.recv().await, None);
    }
}
