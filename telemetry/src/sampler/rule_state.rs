//! The part of a sampling rule that changes between refreshes: reservoir, rate, counts and report times.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::api::SamplingTargetDocument;
use super::reservoir::{Reservoir, ReservoirGrant};

/// Time between two reports of a rule until X-Ray assigns another interval.
pub(super) const DEFAULT_REPORT_INTERVAL: Duration = Duration::from_secs(10);

/// Shortest report interval that is accepted from X-Ray.
const MIN_REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Longest report interval that is accepted from X-Ray.
const MAX_REPORT_INTERVAL: Duration = Duration::from_secs(3600);

/// The state of one rule. Times are measured from the start of the sampler.
#[derive(Debug)]
pub(super) struct RuleState {
    pub reservoir: Reservoir,
    /// Fraction of requests, from 0 to 1, that are sampled when the reservoir is used up.
    pub fixed_rate: f64,
    pub counts: RequestCounts,
    pub report_interval: Duration,
    /// The time when the next report is due.
    pub next_report: Duration,
}

/// The number of requests that a rule has matched since its last report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestCounts {
    pub matched: u64,
    /// The number of all sampled requests, including borrowed requests.
    pub sampled: u64,
    pub borrowed: u64,
}

/// A shared [`RuleState`]. Clones of a `SharedRuleState` refer to the same state. A refreshed rule shares the
/// state of its predecessor.
#[derive(Clone, Debug)]
pub(super) struct SharedRuleState(Arc<Mutex<RuleState>>);

impl SharedRuleState {
    pub fn new(reservoir_size: u64, fixed_rate: f64, now: Duration) -> Self {
        Self(Arc::new(Mutex::new(RuleState {
            reservoir: Reservoir::new(reservoir_size),
            fixed_rate,
            counts: RequestCounts::default(),
            report_interval: DEFAULT_REPORT_INTERVAL,
            next_report: now.saturating_add(DEFAULT_REPORT_INTERVAL),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, RuleState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RuleState {
    /// Decides whether to sample a request at `now`, and counts the request. `random` is a random number in
    /// `0.0..1.0`. After the reservoir is used up, a request is sampled if `random` is below the fixed rate.
    pub fn decide(&mut self, now: Duration, random: f64) -> bool {
        let grant = self.reservoir.grant_request(now);
        let is_sampled = grant.is_some() || random < self.fixed_rate;
        self.counts.matched += 1;
        self.counts.sampled += u64::from(is_sampled);
        self.counts.borrowed += u64::from(grant == Some(ReservoirGrant::Borrowed));
        is_sampled
    }

    /// Changes the state to the values that X-Ray assigns in `target`. `unix_now` is the system time in
    /// seconds since 1970.
    pub fn apply_target(&mut self, target: &SamplingTargetDocument, now: Duration, unix_now: f64) {
        if let Some(rate) = target.fixed_rate.filter(|rate| (0.0..=1.0).contains(rate)) {
            self.fixed_rate = rate;
        }
        let expires_at = target.reservoir_quota_ttl.map(|unix_expiry| {
            let validity = Duration::try_from_secs_f64(unix_expiry - unix_now);
            now.saturating_add(validity.unwrap_or_default())
        });
        self.reservoir
            .assign_quota(target.reservoir_quota, expires_at);
        if let Some(seconds) = target.interval.filter(|seconds| *seconds > 0.0) {
            let interval = Duration::try_from_secs_f64(seconds).unwrap_or(MAX_REPORT_INTERVAL);
            self.report_interval = interval.clamp(MIN_REPORT_INTERVAL, MAX_REPORT_INTERVAL);
        }
    }

    /// Sets the next report to one report interval after `now`.
    pub fn postpone_report(&mut self, now: Duration) {
        self.next_report = now.saturating_add(self.report_interval);
    }
}
