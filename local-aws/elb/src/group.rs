//! A target group: the targets of one service, and the choice of the target for each request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::connections::Connections;
use crate::connector::Connector;
use crate::counters::Counters;
use crate::health::{Health, State};
use crate::health_check::HealthCheck;
use crate::names;
use crate::prober::{self, Prober};
use crate::target::{Clients, Picked, Target};

/// Time after which an idle connection to a target is closed: the idle timeout of an ALB. A target that closes idle
/// connections earlier sometimes causes a 502, as with an ALB. The services wait 75 s.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// Maximum time until a target sends the head of its response: the idle timeout of an ALB.
const TARGET_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum time until a target accepts a connection, as with an ALB.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A new target group.
#[derive(Clone, Debug)]
pub struct TargetGroupConfig {
    /// The group's name, a part of its ARN.
    pub name: String,
    /// The port in the group's description. Each target is registered with its own port.
    pub port: u16,
    /// The settings of health checks. They can change.
    pub health_check: HealthCheck,
    /// How long a deregistered target may finish its requests. It can change.
    pub deregistration_delay: Duration,
    /// Maximum time until a target sends the head of its response.
    pub target_timeout: Duration,
}

impl TargetGroupConfig {
    /// A group with this interval of health checks. The other settings are defaults.
    pub fn with_interval(name: &str, health_check_interval: Duration) -> Self {
        Self {
            name: name.to_owned(),
            port: 80,
            health_check: HealthCheck::with_interval(health_check_interval),
            deregistration_delay: Duration::from_secs(300),
            target_timeout: TARGET_TIMEOUT,
        }
    }
}

/// The targets of one service.
#[derive(Debug)]
pub struct TargetGroup {
    arn: String,
    targets: RwLock<Vec<Arc<Target>>>,
    next: AtomicUsize,
    clients: Clients,
    health_check: watch::Sender<HealthCheck>,
    deregistration_delay: watch::Sender<Duration>,
    /// The settings at the start, for [`TargetGroup::reset`].
    initial: TargetGroupConfig,
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
        let reusing = builder
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        let health_check = watch::Sender::new(config.health_check.clone());
        Arc::new(Self {
            arn: names::target_group_arn(&config.name),
            targets: RwLock::default(),
            next: AtomicUsize::new(0),
            clients: Clients {
                reusing,
                closing,
                timeout: config.target_timeout,
            },
            prober: Prober::new(health_check.subscribe()),
            health_check,
            deregistration_delay: watch::Sender::new(config.deregistration_delay),
            initial: config,
            counters: Counters::default(),
            connections,
        })
    }

    /// The name of the group.
    pub fn name(&self) -> &str {
        &self.initial.name
    }

    /// The ARN of the group.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The port in the group's description.
    pub(crate) fn port(&self) -> u16 {
        self.initial.port
    }

    /// The present settings of health checks.
    pub fn health_check(&self) -> HealthCheck {
        self.health_check.borrow().clone()
    }

    /// Changes the settings of health checks. All targets are checked at once. If `change` fails, the settings stay as they
    /// were. No other change is made meanwhile.
    pub(crate) fn change_health_check<E>(
        &self,
        change: impl FnOnce(&mut HealthCheck) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut result = Ok(());
        self.health_check.send_if_modified(|health_check| {
            let mut changed = health_check.clone();
            result = change(&mut changed);
            if result.is_ok() {
                *health_check = changed;
            }
            result.is_ok()
        });
        result
    }

    /// How long a deregistered target may finish its requests.
    pub fn deregistration_delay(&self) -> Duration {
        *self.deregistration_delay.borrow()
    }

    /// Changes the deregistration delay of targets that are deregistered from now on.
    pub(crate) fn set_deregistration_delay(&self, delay: Duration) {
        self.deregistration_delay.send_replace(delay);
    }

    /// Restores the settings that the API can change. Targets are checked at once only if their health check changes.
    pub(crate) fn reset(&self) {
        self.health_check.send_if_modified(|health_check| {
            let is_changed = *health_check != self.initial.health_check;
            health_check.clone_from(&self.initial.health_check);
            is_changed
        });
        self.set_deregistration_delay(self.initial.deregistration_delay);
    }

    /// All registered targets, including those that are draining.
    pub(crate) fn targets(&self) -> Vec<Arc<Target>> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.clone()
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

    /// The final portion of the ARN: `targetgroup/<name>/<id>`.
    pub fn full_name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }

    /// The states of all targets.
    pub(crate) fn states(&self) -> Vec<State> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.iter().map(|target| target.state()).collect()
    }

    /// Returns the next healthy target in turn. If no target is healthy, returns the next registered target. Returns `None` if
    /// no target is registered.
    pub(crate) fn pick(&self) -> Option<Picked> {
        // The lock is held until the request is in flight. `deregister` takes the same lock, so that it waits for all requests.
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

/// The target for a turn among those that fit.
fn in_turn<T>(targets: &[T], fits: impl Fn(&&T) -> bool, turn: usize) -> Option<&T> {
    let fitting = || targets.iter().filter(&fits);
    let index = turn.checked_rem(fitting().count())?;
    // A health check can change the state of a target at any time, also after the count.
    fitting().nth(index).or_else(|| fitting().next())
}

/// The registration of a target with its group. Dropping it removes the target from the group.
#[derive(Debug)]
pub struct Registration {
    group: Arc<TargetGroup>,
    target: Arc<Target>,
    prober: AbortHandle,
}

impl Registration {
    /// The state of the target.
    pub fn state(&self) -> State {
        self.target.state()
    }

    /// Resolves when the target is healthy.
    pub async fn healthy(&self) {
        self.target.healthy().await;
    }

    /// The changes of the target's state, beginning with the present state.
    pub fn changes(&self) -> TargetChanges {
        TargetChanges {
            health: self.target.watch_health(),
            last: None,
        }
    }

    /// Sends no new requests to the target, and waits until its running requests end, at most for the group's deregistration
    /// delay.
    pub async fn deregister(&self) {
        self.prober.abort();
        self.group.change(|_| self.target.drain());
        // Requests that still run after the delay are finished by the task itself.
        let _ = timeout(self.group.deregistration_delay(), self.target.idle()).await;
    }
}

/// The changes of a target's state.
#[derive(Debug)]
pub struct TargetChanges {
    health: watch::Receiver<Health>,
    last: Option<State>,
}

impl TargetChanges {
    /// Waits for the next change. Returns the state and, for an unhealthy target, the description of `DescribeTargetHealth`.
    /// Returns `None` after the registration was dropped.
    pub async fn next(&mut self) -> Option<(State, Option<String>)> {
        let last = self.last;
        let is_new = |health: &Health| Some(health.state()) != last;
        let health = *self.health.wait_for(is_new).await.ok()?;
        self.last = Some(health.state());
        let is_unhealthy = health.state() == State::Unhealthy;
        let description = is_unhealthy.then(|| health.describe_failure().1);
        Some((health.state(), description))
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_target_that_changes_its_state_after_the_count_does_not_hide_the_others() {
        let checks = Cell::new(0);
        // Both targets are counted. Then the second target no longer fits.
        let fits = |target: &&char| checks.replace(checks.get() + 1) < 2 || **target == 'a';
        assert_eq!(in_turn(&['a', 'b'], fits, 1), Some(&'a'));
    }
}
