//! Metrics, alarms and dashboards together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wire::Error;

use crate::Clock;
use crate::alarm::{AlarmAction, AlarmActions, AlarmConfig, Alarms, Due, Evaluation, Rule};
use crate::dashboard::{Dashboards, check_dashboard};
use crate::emf::parse_embedded_metrics;
use crate::metrics::{Distribution, Limits, Metric, Point, Query, Store, Unit, floor};
use crate::time::Timestamp;

/// Alarms are evaluated this time after the end of a minute and of every ten seconds, so that the values of that period are
/// complete.
const EVALUATION_DELAY_MILLIS: i64 = 5_000;

/// The interval of evaluations.
const EVALUATION_INTERVAL_MILLIS: i64 = 10_000;

/// A local CloudWatch without logs.
pub struct CloudWatch {
    clock: Clock,
    limits: Limits,
    store: Mutex<Store>,
    alarms: Mutex<Alarms>,
    dashboards: Mutex<Dashboards>,
    actions: Mutex<Option<Arc<dyn AlarmActions>>>,
    /// The last minute after whose end all alarms were evaluated, in seconds.
    evaluated_minute: AtomicI64,
}

impl fmt::Debug for CloudWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CloudWatch").finish_non_exhaustive()
    }
}

impl CloudWatch {
    /// A CloudWatch without metrics, alarms and dashboards. Alarms are evaluated by [`run`](Self::run).
    pub fn new(limits: Limits, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            clock,
            limits,
            store: Mutex::new(Store::new(limits)),
            alarms: Mutex::default(),
            dashboards: Mutex::default(),
            actions: Mutex::default(),
            evaluated_minute: AtomicI64::new(i64::MIN),
        })
    }

    /// Sets what runs the actions of alarms. Until then, and if there is nothing, every action fails.
    pub fn set_actions(&self, actions: Arc<dyn AlarmActions>) {
        *lock(&self.actions) = Some(actions);
    }

    /// Removes all metrics, alarms with their history, and dashboards.
    pub fn reset(&self) {
        self.store().clear();
        *self.alarms() = Alarms::default();
        *self.dashboards() = Dashboards::default();
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        (self.clock)().into()
    }

    /// Adds a value to a metric, in the minute that contains `time`. Values that are not finite are dropped.
    pub fn record(&self, metric: &Metric, unit: Unit, time: Timestamp, value: f64) {
        self.record_values(metric, unit, time, [(value, 1.0)]);
    }

    /// Adds values, each with the number of its occurrences.
    pub fn record_values(
        &self,
        metric: &Metric,
        unit: Unit,
        time: Timestamp,
        values: impl IntoIterator<Item = (f64, f64)>,
    ) {
        let mut all = Distribution::default();
        for (value, count) in values {
            if value.is_finite() && count > 0.0 {
                all.add(&Distribution::of(value, count));
            }
        }
        if all.count > 0.0 {
            self.store().add(metric, unit, time, 60, &all);
        }
    }

    /// Adds the metrics that a log line has in the embedded metric format. Returns the number of metrics.
    pub fn record_embedded_metrics(&self, line: &str) -> usize {
        let metrics = parse_embedded_metrics(line);
        for it in &metrics {
            self.store()
                .add(&it.metric, it.unit, it.time, it.resolution, &it.values);
        }
        metrics.len()
    }

    /// Creates an alarm, or replaces its configuration.
    ///
    /// # Errors
    ///
    /// Fails if the configuration is not valid.
    pub fn put_alarm(&self, config: AlarmConfig) -> Result<(), Error> {
        self.put_tagged_alarm(config, BTreeMap::new())
    }

    /// Creates an alarm with tags, or replaces its configuration.
    pub(crate) fn put_tagged_alarm(
        &self,
        config: AlarmConfig,
        tags: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        // The check reads all expressions, so it does not hold the lock.
        let rule = Rule::check(&config)?;
        let now = self.now();
        self.alarms().put(config, rule, tags, now)
    }

    /// Deletes an alarm, if there is one with the name.
    pub fn delete_alarm(&self, name: &str) {
        let now = self.now();
        self.alarms().delete(name, now);
    }

    /// The names and ARNs of the alarms that have this action.
    pub fn alarms_with_action(&self, action: &str) -> Vec<(String, String)> {
        let alarms = self.alarms().all();
        let with_action = alarms
            .iter()
            .filter(|alarm| alarm.config.has_action(|it| it == action));
        with_action
            .map(|it| (it.config.name.clone(), it.config.arn()))
            .collect()
    }

    /// Removes an action from all alarms. The alarms and their states stay.
    pub fn remove_action(&self, action: &str) {
        let now = self.now();
        self.alarms().remove_action(action, now);
    }

    /// Creates a dashboard, or replaces it.
    ///
    /// # Errors
    ///
    /// Fails if the name or the body is not valid.
    pub fn put_dashboard(&self, name: String, body: String) -> Result<(), Error> {
        check_dashboard(&name, &body)?;
        let now = self.now();
        self.dashboards().put(name, body, now)
    }

    /// Evaluates alarms five seconds after each ten seconds of the clock. Never ends.
    pub async fn run(self: &Arc<Self>) {
        loop {
            let past = self.now().0 - EVALUATION_DELAY_MILLIS;
            let wait = EVALUATION_INTERVAL_MILLIS - past.rem_euclid(EVALUATION_INTERVAL_MILLIS);
            tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
            let cloudwatch = Arc::clone(self);
            // A panic has been printed. The other alarms are evaluated at the next time.
            let _ = tokio::task::spawn_blocking(move || cloudwatch.tick()).await;
        }
    }

    /// Evaluates the alarms that are due, and runs their actions. [`run`](Self::run) calls this every ten seconds. The time that
    /// this takes grows with the alarms and their data, so it does not run on an async thread.
    pub fn tick(&self) {
        let now = self.now();
        let minute = floor((now.0 - EVALUATION_DELAY_MILLIS).div_euclid(1000), 60);
        let is_new_minute = self.evaluated_minute.swap(minute, Ordering::Relaxed) != minute;
        let due = match is_new_minute {
            true => Due::All,
            false => Due::ShortPeriods,
        };
        self.store().expire(now);
        let read = |metric: &Metric, query| self.points(metric, query);
        let mut actions = Vec::new();
        let alarms = self.alarms().all();
        for alarm in alarms.into_iter().filter(|alarm| due.includes(alarm)) {
            let evaluation = Evaluation::of(alarm, &read, now);
            actions.extend(self.alarms().apply(evaluation, due, now));
        }
        self.run_actions(&actions);
    }

    /// Runs actions, and records them in the history.
    pub(crate) fn run_actions(&self, actions: &[AlarmAction]) {
        if actions.is_empty() {
            return;
        }
        let runner = lock(&self.actions).clone();
        let results = match runner {
            Some(runner) => runner.run(actions),
            None => vec![Err("Actions are not implemented".to_owned()); actions.len()],
        };
        for (action, result) in actions.iter().zip(results) {
            self.alarms().record_action(action, &result);
        }
    }

    /// The selected values of a metric by period and unit, oldest first. They are computed without the lock of the store.
    pub(crate) fn points(&self, metric: &Metric, query: Query) -> Vec<Point> {
        let series = self.store().series(metric, query.start, query.end);
        series.points(query)
    }

    /// The metrics with values in a period that starts at `since` or later, in seconds.
    pub(crate) fn metrics_since(&self, since: i64) -> Vec<Arc<Metric>> {
        let store = self.store();
        let metrics = store.metrics().filter(|(_, newest)| *newest >= since);
        metrics.map(|(metric, _)| Arc::clone(metric)).collect()
    }

    /// The limits of the store.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    // No thread holds two of these locks, and none holds one while it computes something that grows with the data.

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn alarms(&self) -> MutexGuard<'_, Alarms> {
        lock(&self.alarms)
    }

    pub(crate) fn dashboards(&self) -> MutexGuard<'_, Dashboards> {
        lock(&self.dashboards)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
