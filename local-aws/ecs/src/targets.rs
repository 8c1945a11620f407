//! The target groups of a load balancer. The program that uses this crate implements [`Targets`].

use std::net::SocketAddr;
use std::sync::Arc;

use crate::runtime::BoxFuture;

/// The target groups of a load balancer.
pub trait Targets: Send + Sync + 'static {
    /// Registers a task with the target group. `health` gets each change of the target's health until the target is
    /// deregistered or dropped. Returns `None` if there is no such group.
    fn register(
        &self,
        group_arn: &str,
        address: SocketAddr,
        health: HealthSink,
    ) -> Option<Box<dyn Target>>;
}

/// Gets changes of a target's health.
pub type HealthSink = Arc<dyn Fn(TargetHealth) + Send + Sync>;

/// A registered target. Dropping it removes it from its group.
pub trait Target: Send {
    /// Sends the target no new requests. Resolves when its requests have ended, or the deregistration delay has passed.
    fn deregister(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// The health of a target as its load balancer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHealth {
    /// Not yet checked.
    Initial,
    /// Passed.
    Healthy,
    /// Failed. The text is the load balancer's description, for example `Health checks failed with these codes: [503]`.
    Unhealthy(String),
}
