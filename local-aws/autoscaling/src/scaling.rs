//! The service: it owns the state, acts on alarms, and follows changes of the desired count until they are fulfilled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::time::sleep;

use crate::alarms::{AlarmAction, AlarmState, Alarms};
use crate::capacity::{Capacity, DesiredCount, ServiceId};
use crate::decision::{Outcome, decide};
use crate::policy::{Kind, LowAction, Policy};
use crate::state::State;
use crate::target::Target;

/// Time between two looks at the capacity of a service whose desired count has changed.
const OBSERVE_INTERVAL: Duration = Duration::from_secs(1);

/// Returns the present time.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A local Application Auto Scaling. Clones are the same service.
#[derive(Clone)]
pub struct AutoScaling {
    pub(crate) shared: Arc<Shared>,
    actions: mpsc::UnboundedSender<Vec<AlarmAction>>,
}

pub struct Shared {
    /// Locked while a decision is made and applied, so that two alarms do not change the same capacity. The traits' methods
    /// run under the lock, and must not wait for this service.
    pub state: Mutex<State>,
    pub desired_count: Arc<dyn DesiredCount>,
    pub alarms: Arc<dyn Alarms>,
    clock: Clock,
    /// The state has a change of the desired count to follow.
    changed: Notify,
}

impl AutoScaling {
    /// Starts the service. It ends when all its clones are dropped.
    pub fn start(
        desired_count: Arc<dyn DesiredCount>,
        alarms: Arc<dyn Alarms>,
        clock: Clock,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            desired_count,
            alarms,
            clock,
            changed: Notify::new(),
        });
        let (actions, receiver) = mpsc::unbounded_channel();
        tokio::spawn(run(Arc::clone(&shared), receiver));
        Self { shared, actions }
    }

    /// Takes the actions of one evaluation of all alarms, which are decided together. Returns a result for each action; the
    /// error is why the action fails. The capacity changes after that.
    pub async fn on_alarms(&self, actions: Vec<AlarmAction>) -> Vec<Result<(), String>> {
        let state = self.shared.state.lock().await;
        let (mut accepted, mut results) = (Vec::new(), Vec::new());
        for action in actions {
            let result = check(&state, &action).map_err(str::to_owned);
            if result.is_ok() {
                accepted.push(action);
            }
            results.push(result);
        }
        // The receiver lives as long as the sender.
        let _ = self.actions.send(accepted);
        results
    }

    /// Deletes all targets, policies, activities, the alarms of target tracking policies, and the actions of other alarms that
    /// name a policy.
    pub async fn reset(&self) {
        let mut state = self.shared.state.lock().await;
        let State { targets, .. } = std::mem::take(&mut *state);
        for target in targets.into_values() {
            self.shared.delete_policies(target).await;
        }
    }
}

async fn run(shared: Arc<Shared>, mut receiver: mpsc::UnboundedReceiver<Vec<AlarmAction>>) {
    loop {
        let is_waiting = !shared.state.lock().await.waiting().is_empty();
        tokio::select! {
            actions = receiver.recv() => match actions {
                Some(actions) => shared.act(actions).await,
                None => return,
            },
            () = sleep(OBSERVE_INTERVAL), if is_waiting => shared.observe().await,
            () = shared.changed.notified() => {}
        }
    }
}

impl Shared {
    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Acts on actions that arrived together.
    async fn act(&self, actions: Vec<AlarmAction>) {
        let now = self.now();
        let mut state = self.state.lock().await;
        for (service, actions) in by_service(&mut state, actions, now) {
            let Some(capacity) = self.desired_count.get(&service).await else {
                continue;
            };
            let State { targets, history } = &mut *state;
            let Some(target) = targets.get_mut(&service) else {
                continue;
            };
            observe(target, &capacity, now);
            history.observe(&service, &capacity, now);
            let Some(decision) = decide(target, &actions, &capacity, now) else {
                continue;
            };
            match decision.outcome {
                Outcome::NotScaled(reason) => {
                    history.add_not_scaled(&service, reason, decision.cause, now);
                }
                Outcome::Set(desired) => {
                    let result = self.desired_count.set(&service, desired).await;
                    if result.is_ok() {
                        target.record_change(&decision.policy, capacity.desired, desired, now);
                    }
                    history.add_change(&service, desired, decision.cause, result, now);
                }
            }
        }
    }

    /// Sets the desired count of a service whose bounds exclude it.
    pub async fn enforce_bounds(&self, state: &mut State, service: &ServiceId, current: u32) {
        let Some(target) = state.targets.get(service) else {
            return;
        };
        let desired = current.clamp(target.min, target.max);
        if desired == current {
            return;
        }
        let bound = if desired > current {
            "minimum"
        } else {
            "maximum"
        };
        let cause = format!("{bound} capacity was set to {desired}");
        let result = self.desired_count.set(service, desired).await;
        state
            .history
            .add_change(service, desired, cause, result, self.now());
        self.changed.notify_one();
    }

    /// Looks at the capacity of the services that the state waits for.
    pub async fn observe(&self) {
        let mut state = self.state.lock().await;
        for service in state.waiting() {
            // A service that does not exist has no tasks.
            let capacity = self.desired_count.get(&service).await.unwrap_or_default();
            let now = self.now();
            if let Some(target) = state.targets.get_mut(&service) {
                observe(target, &capacity, now);
            }
            state.history.observe(&service, &capacity, now);
        }
    }

    /// Deletes all policies of a target that was removed from the state.
    pub async fn delete_policies(&self, target: Target) {
        for policy in target.policies.into_values() {
            self.remove_from_alarms(policy).await;
        }
    }

    /// Removes a deleted policy from CloudWatch. A target tracking policy's own alarms are deleted. Other alarms lose the action,
    /// and stay (AWS, API reference of `DeleteScalingPolicy`).
    pub async fn remove_from_alarms(&self, policy: Policy) {
        if let Kind::Tracking { alarms, .. } = &policy.kind {
            self.alarms.delete(alarms.all().cloned().collect()).await;
        }
        self.alarms.remove_action(&policy.arn).await;
    }
}

fn observe(target: &mut Target, capacity: &Capacity, now: SystemTime) {
    if capacity.is_settled() {
        target.settle(now);
    }
}

/// Checks that an action can be executed.
///
/// # Errors
///
/// Without data, AWS executes no step: the text is that of a history of 2026-09-17 (github.com/radkawar/stackd,
/// `testdata/aws/applicationautoscaling/alarm_signals.json`). AWS's text for an unknown policy is not known.
fn check(state: &State, action: &AlarmAction) -> Result<(), &'static str> {
    let mut policies = state.targets.values().flat_map(|it| it.policies.values());
    if !policies.any(|policy| policy.is_named_by(&action.action)) {
        return Err("No scaling policy found");
    }
    match action.datapoints.is_empty() {
        true => Err("Metric data points must be provided"),
        false => Ok(()),
    }
}

/// Groups actions by the service whose policy they name, and records the actions of alarms for scaling in. An action is left
/// out if its policy was deleted in the meantime.
fn by_service(
    state: &mut State,
    actions: Vec<AlarmAction>,
    now: SystemTime,
) -> BTreeMap<ServiceId, Vec<AlarmAction>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for action in actions {
        let found = state.targets.iter_mut().find_map(|(service, target)| {
            let mut policies = target.policies.values_mut();
            let policy = policies.find(|policy| policy.is_named_by(&action.action))?;
            Some((service, policy))
        });
        let Some((service, policy)) = found else {
            continue;
        };
        if let Kind::Tracking { alarms, .. } = &policy.kind
            && alarms.low.as_ref() == Some(&action.alarm)
        {
            policy.low = (action.state == AlarmState::Alarm).then(|| LowAction {
                at: now,
                datapoints: action.datapoints.clone(),
            });
        }
        groups.entry(service.clone()).or_default().push(action);
    }
    groups
}
