//! The capacity of a service. The program that uses this crate implements [`DesiredCount`].

use std::fmt::{self, Display};
use std::pin::Pin;

/// A future whose type is not known.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Reads and changes the desired count of services.
pub trait DesiredCount: Send + Sync + 'static {
    /// The present capacity of a service. `None` if there is no such service.
    fn get<'a>(&'a self, service: &'a ServiceId) -> BoxFuture<'a, Option<Capacity>>;

    /// Sets the desired count of a service.
    ///
    /// # Errors
    ///
    /// The message says why the count was not changed. The activity shows it.
    fn set<'a>(&'a self, service: &'a ServiceId, desired: u32)
    -> BoxFuture<'a, Result<(), String>>;
}

/// The capacity of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The desired number of tasks.
    pub desired: u32,
    /// The number of running tasks.
    pub running: u32,
    /// The number of tasks that are starting.
    pub pending: u32,
    /// Whether a deployment is in progress.
    pub is_deploying: bool,
    /// The ARNs of the target groups that have the service's tasks as targets.
    pub target_groups: Vec<String>,
}

impl Capacity {
    /// Whether no more tasks start or stop because of the desired count: as many tasks run as desired, or fewer and none is
    /// starting.
    pub(crate) fn is_settled(&self) -> bool {
        self.running == self.desired || (self.running < self.desired && self.pending == 0)
    }
}

/// The cluster and the name of a service. Displayed as the id of the resource, for example `service/cluster/web`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceId {
    /// The name of the cluster.
    pub cluster: String,
    /// The name of the service.
    pub service: String,
}

impl ServiceId {
    /// Parses the id of a resource. Returns `None` if it is not the id of a service.
    pub(crate) fn parse(resource_id: &str) -> Option<Self> {
        let (cluster, service) = resource_id.strip_prefix("service/")?.split_once('/')?;
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', ':']);
        (is_name(cluster) && is_name(service)).then(|| Self {
            cluster: cluster.to_owned(),
            service: service.to_owned(),
        })
    }
}

impl Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service/{}/{}", self.cluster, self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_a_service_is_parsed() {
        let id = ServiceId::parse("service/default/web-app").unwrap();
        assert_eq!((&*id.cluster, &*id.service), ("default", "web-app"));
        assert_eq!(id.to_string(), "service/default/web-app");
        for other in [
            "",
            "service/default",
            "service//web-app",
            "service/default/",
            "service/default/web/app",
            "table/default/web-app",
            "arn:aws:ecs:us-east-1:000000000000:service/default/web-app",
            "service/arn:aws:ecs:us-east-1:000000000000:cluster/web-app",
        ] {
            assert_eq!(ServiceId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_capacity_is_settled_unless_tasks_start_or_stop() {
        let capacity = |desired, running, pending| Capacity {
            desired,
            running,
            pending,
            ..Capacity::default()
        };
        assert!(capacity(2, 2, 0).is_settled());
        assert!(!capacity(12, 2, 10).is_settled());
        assert!(!capacity(2, 12, 0).is_settled());
        // No more tasks can start.
        assert!(capacity(22, 20, 0).is_settled());
    }
}
