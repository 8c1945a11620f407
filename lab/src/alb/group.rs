//! A target group: the targets of one service, and which of them is next.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Body;
use axum_reverse_proxy::{HostBehaviour, ProxyPolicy, ReverseProxy, XForwardedFor};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::TARGET_TIMEOUT;
use super::health::State;
use super::prober::{self, Prober};
use super::target::{Picked, Target};

/// How long an idle connection to a target is kept. Shorter than the 5 s that the services wait for the
/// first request of a connection: the client opens some that it then does not need at once, and a
/// request on one of them must not meet its closing.
const POOL_IDLE: Duration = Duration::from_secs(3);

/// How a group treats its targets.
#[derive(Clone, Copy, Debug)]
pub struct TargetGroupConfig {
    /// Time between two health checks of a target.
    pub health_check_interval: Duration,
    /// How long a target may take for the head of its answer.
    pub target_timeout: Duration,
}

impl TargetGroupConfig {
    /// An ALB's timeout and this interval.
    pub fn with_interval(health_check_interval: Duration) -> Self {
        Self {
            health_check_interval,
            target_timeout: TARGET_TIMEOUT,
        }
    }
}

/// The targets of one service.
#[derive(Debug)]
pub struct TargetGroup {
    targets: RwLock<Vec<Arc<Target>>>,
    next: AtomicUsize,
    client: Client<HttpConnector, Body>,
    policy: ProxyPolicy,
    prober: Prober,
}

impl TargetGroup {
    /// A group without targets.
    pub fn new(config: TargetGroupConfig) -> Arc<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        // An ALB forwards `Host` as it came; the other headers are set where the request is.
        let policy = ProxyPolicy::new()
            .with_host_behaviour(HostBehaviour::Preserve)
            .with_x_forwarded_for(XForwardedFor::Preserve)
            .with_upstream_timeout(config.target_timeout);
        Arc::new(Self {
            targets: RwLock::default(),
            next: AtomicUsize::new(0),
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(POOL_IDLE)
                .pool_timer(TokioTimer::new())
                .build(connector),
            policy,
            prober: Prober::new(config.health_check_interval),
        })
    }

    /// Adds a target and begins to check its health. Must be called inside a runtime.
    pub fn register(self: &Arc<Self>, address: SocketAddr) -> Registration {
        let proxy =
            ReverseProxy::new_with_client("", format!("http://{address}"), self.client.clone());
        let target = Arc::new(Target::new(address, proxy.with_policy(self.policy.clone())));
        let probing = prober::probe(self.prober.clone(), Arc::clone(&target));
        self.change(|targets| targets.push(Arc::clone(&target)));
        Registration {
            group: Arc::clone(self),
            target,
            prober: tokio::spawn(probing).abort_handle(),
        }
    }

    /// The next target in turn among the healthy ones; among all if none is healthy; none only if
    /// none is registered.
    pub(super) fn pick(&self) -> Option<Picked> {
        // Held until the request counts, so that who drains a target misses none.
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let healthy = |target: &&Arc<Target>| target.state() == State::Healthy;
        let registered = |target: &&Arc<Target>| target.state() != State::Draining;
        let chosen =
            in_turn(&targets, healthy, turn).or_else(|| in_turn(&targets, registered, turn))?;
        Some(Picked::new(Arc::clone(chosen)))
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Target>>)) {
        let mut targets = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut targets);
    }
}

fn in_turn(
    targets: &[Arc<Target>],
    fits: impl Fn(&&Arc<Target>) -> bool,
    turn: usize,
) -> Option<&Arc<Target>> {
    let count = targets.iter().filter(&fits).count();
    let index = turn.checked_rem(count)?;
    targets.iter().filter(&fits).nth(index)
}

/// A target's place in its group; dropping it takes the target out.
#[derive(Debug)]
pub struct Registration {
    group: Arc<TargetGroup>,
    target: Arc<Target>,
    prober: AbortHandle,
}

impl Registration {
    /// What the load balancer thinks of the target.
    pub fn state(&self) -> State {
        self.target.state()
    }

    /// Resolves once the target is healthy.
    pub async fn healthy(&self) {
        self.target.healthy().await;
    }

    /// Sends no more requests to the target and waits until it has none, at most `delay`.
    pub async fn deregister(&self, delay: Duration) {
        self.prober.abort();
        self.group.change(|_| self.target.drain());
        // What is still running after the delay is the task's own to finish.
        let _ = timeout(delay, self.target.idle()).await;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.prober.abort();
        let gone = &self.target;
        self.group
            .change(|targets| targets.retain(|target| !Arc::ptr_eq(target, gone)));
    }
}
