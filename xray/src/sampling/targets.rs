//! What the services report, and what each may sample in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Report, Rules};
use crate::bounded::Object;
use crate::time::Time;

/// A service that has not reported for three intervals, in seconds, has no share any more.
const ACTIVE: f64 = 30.0;

/// How long a quota lasts: the guide says five minutes.
const QUOTA_LASTS: f64 = 300.0;

/// How often services are to report, in seconds.
const INTERVAL: i64 = 10;

/// So many windows of reports are kept: half an hour.
const MAX_WINDOWS: usize = 180;

/// So many services are remembered for a rule; more share what these have.
const MAX_CLIENTS: usize = 10_000;

/// Who takes part in which rule, and what they have told.
#[derive(Debug, Default)]
pub struct Targets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// For each rule, when a service last reported.
    clients: BTreeMap<String, BTreeMap<String, Time>>,
    windows: BTreeMap<(Time, String), Counts>,
}

/// What all services have done by one rule in one window.
#[derive(Debug, Default, Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Counts {
    request_count: i64,
    sampled_count: i64,
    borrow_count: i64,
}

impl Targets {
    /// Takes reports and answers with quotas, as `GetSamplingTargets` does. A rule's reservoir is shared
    /// evenly by the services that report; where it does not divide, the first by id have one more.
    pub fn report(&self, reports: &[Object<Report>], rules: &Rules) -> Value {
        let now = Time::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut targets, mut unprocessed) = (Vec::new(), Vec::new());
        for Object(report) in reports {
            let Some(rates) = rules.rates(&report.rule_name.0) else {
                unprocessed.push(json!({
                    "RuleName": report.rule_name.0,
                    // The SDKs read a status: 4 at the start is the caller's error, 5 the service's.
                    "ErrorCode": "400",
                    "Message": format!("There is no sampling rule {:?}", report.rule_name.0),
                }));
                continue;
            };
            state.count(report, now);
            let (place, clients) = state.share(report, now);
            let more = place < rates.reservoir % clients;
            targets.push(json!({
                "RuleName": report.rule_name.0,
                "FixedRate": rates.fixed,
                "ReservoirQuota": rates.reservoir / clients + u64::from(more),
                "ReservoirQuotaTTL": (now.seconds() + QUOTA_LASTS).floor(),
                "Interval": INTERVAL,
            }));
        }
        json!({
            "SamplingTargetDocuments": targets,
            "LastRuleModification": rules.modified(),
            "UnprocessedStatistics": unprocessed,
        })
    }

    /// What the services have reported, window by window, the newest first.
    pub fn summaries(&self) -> Value {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = state.windows.iter().rev();
        let summary = |((window, rule), counts): (&(Time, String), &Counts)| {
            let mut summary = json!(counts);
            summary["RuleName"] = json!(rule);
            summary["Timestamp"] = json!(window);
            summary
        };
        windows.map(summary).collect()
    }
}

impl State {
    fn count(&mut self, report: &Report, now: Time) {
        let window = now.period_start(INTERVAL);
        let key = (window, report.rule_name.0.clone());
        let counts = self.windows.entry(key).or_default();
        counts.request_count += report.request_count.0;
        counts.sampled_count += report.sampled_count.0;
        counts.borrow_count += report.borrow_count.map_or(0, |it| it.0);
        let times: BTreeSet<_> = self.windows.keys().map(|(time, _)| *time).collect();
        if times.len() > MAX_WINDOWS
            && let Some(oldest) = times.first()
        {
            self.windows.retain(|(time, _), _| time != oldest);
        }
    }

    /// Which one of how many services this is.
    fn share(&mut self, report: &Report, now: Time) -> (u64, u64) {
        let clients = self.clients.entry(report.rule_name.0.clone()).or_default();
        clients.retain(|_, seen| now.saturating_duration_since(*seen).seconds() <= ACTIVE);
        if clients.len() < MAX_CLIENTS {
            clients.insert(report.client_id.0.clone(), now);
        }
        let place = clients.range(..report.client_id.0.clone()).count();
        (place as u64, clients.len() as u64)
    }
}
