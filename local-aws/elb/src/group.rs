//! A target group: the targets of one service, and which of them is next.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::TARGET_TIMEOUT;
use crate::connector::Connector;
use crate::counters::{Connections, Counters};
use crate::health::State;
use crate::prober::{self, Prober};
use crate::target::{Clients, Picked, Target};

/// Time after which an idle connection to a target is closed: the idle timeout of an ALB. A target that closes idle
/// connections earlier causes a 502 now and then, as with an ALB. The services wait 75 s.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// How long a target may take to accept a connection, before an ALB gives up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a group treats its targets.
#[derive(Clone, Copy, Debug)]
pub struct TargetGroupConfig {
    /// The group's name, for the access log.
    pub name: &'static str,
    /// Time between two health checks of a target.
    pub health_check_interval: Duration,
    /// How long a target may take for the head of its answer.
    pub target_timeout: Duration,
}

impl TargetGroupConfig {
    /// An ALB's timeout and this interval.
    pub fn with_interval(name: &'static str, health_check_interval: Duration) -> Self {
        Self {
            name,
            health_check_interval,
            target_timeout: TARGET_TIMEOUT,
        }
    }
}

/// The targets of one service.
#[derive(Debug)]
pub struct TargetGroup {
    name: &'static str,
    targets: RwLock<Vec<Arc<Target>>>,
    next: AtomicUsize,
    clients: Clients,
    prober: Prober,
    pub(crate) counters: Counters,
    /// The connections to targets, without those of health checks.
    pub(crate) connections: Arc<Connections>,
}

impl TargetGroup {
    /// A group without targets.
    pub fn new(config: TargetGroupConfig) -> Arc<Self> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connections = Arc::<Connections>::default();
        let connector = Connector {
            http,
            connections: Arc::clone(&connections),
        };
        let mut builder = Client::builder(TokioExecutor::new());
        let closing = builder
            .clone()
            .pool_max_idle_per_host(0)
            .build(connector.clone());
        let keeping = builder
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Arc::new(Self {
            name: config.name,
            targets: RwLock::default(),
            next: AtomicUsize::new(0),
            clients: Clients {
                keeping,
                closing,
                timeout: config.target_timeout,
            },
            prober: Prober::new(config.health_check_interval),
            counters: Counters::default(),
            connections,
        })
    }

    /// Adds a target and begins to check its health. Must be called inside a runtime.
    pub fn register(self: &Arc<Self>, address: SocketAddr) -> Registration {
        let target = Arc::new(Target::new(address, self.clients.clone()));
        let probing = prober::probe(self.prober.clone(), Arc::clone(&target));
        self.change(|targets| targets.push(Arc::clone(&target)));
        Registration {
            group: Arc::clone(self),
            target,
            prober: tokio::spawn(probing).abort_handle(),
        }
    }

    /// Its ARN, in the region and the account of the lab.
    pub(super) fn arn(&self) -> String {
        let name = self.name;
        format!(
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/{name}/0000000000000000"
        )
    }

    /// The final portion of the ARN: `targetgroup/NAME/ID`.
    pub(crate) fn full_name(&self) -> String {
        let arn = self.arn();
        arn.rsplit(':').next().unwrap_or_default().to_owned()
    }

    /// The states of all targets.
    pub(crate) fn states(&self) -> Vec<State> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.iter().map(|target| target.state()).collect()
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
