//! Statistics that clients report, and the sampling targets in the responses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::requests::SamplingStatistics;
use super::rules::SamplingRules;
use crate::bounded::Object;
use crate::time::Time;

/// Maximum age of a client's last report in seconds: three reporting intervals. A client with an older last
/// report gets no share of a rule's reservoir.
const CLIENT_TIMEOUT_SECONDS: f64 = 30.0;

/// Lifetime of a sampling quota in seconds. The X-Ray developer guide states a lifetime of five minutes.
const QUOTA_TTL_SECONDS: f64 = 300.0;

/// Interval at which clients report, and length of a statistics window.
const REPORT_INTERVAL_SECONDS: i64 = 10;

/// Maximum number of stored statistics windows. The stored windows together cover half an hour.
const MAX_WINDOWS: usize = 180;

/// Maximum number of clients that are stored for a rule. A client beyond the maximum number also gets a
/// quota, but does not reduce the quotas of other clients.
const MAX_CLIENTS_PER_RULE: usize = 10_000;

/// Stores the reports of the clients, and calculates the sampling targets of the clients.
#[derive(Debug, Default)]
pub struct SamplingTargets(Mutex<Reports>);

#[derive(Debug, Default)]
struct Reports {
    /// Time of each client's last report, by rule name and client id.
    clients: BTreeMap<String, BTreeMap<String, Time>>,
    /// Statistics by start of the window and rule name.
    windows: BTreeMap<(Time, String), Counts>,
}

/// Sums of the reports of all clients for one rule in one window.
#[derive(Debug, Default, Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Counts {
    request_count: i64,
    sampled_count: i64,
    borrow_count: i64,
}

impl SamplingTargets {
    /// The operation `GetSamplingTargets` adds the reports to the statistics and returns a target for each
    /// report. The reservoir of a rule is divided evenly among the clients that report for the rule. The
    /// clients with the lowest ids get the remainder of the division.
    pub fn get_targets(
        &self,
        reports: &[Object<SamplingStatistics>],
        rules: &SamplingRules,
    ) -> Value {
        let now = Time::now();
        let mut stored_reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut targets, mut unprocessed) = (Vec::new(), Vec::new());
        for Object(report) in reports {
            let Some(rates) = rules.rates(&report.rule_name.0) else {
                unprocessed.push(json!({
                    "RuleName": report.rule_name.0,
                    // The SDKs expect an HTTP status as `ErrorCode`. A 4xx status means an error of the
                    // client, and a 5xx status means an error of the service.
                    "ErrorCode": "400",
                    "Message": format!("There is no sampling rule {:?}", report.rule_name.0),
                }));
                continue;
            };
            stored_reports.add_counts(report, now);
            let (client_index, client_count) = stored_reports.add_client(report, now);
            let gets_remainder = client_index < rates.reservoir_size % client_count;
            targets.push(json!({
                "RuleName": report.rule_name.0,
                "FixedRate": rates.fixed_rate,
                "ReservoirQuota": rates.reservoir_size / client_count + u64::from(gets_remainder),
                "ReservoirQuotaTTL": (now.seconds() + QUOTA_TTL_SECONDS).floor(),
                "Interval": REPORT_INTERVAL_SECONDS,
            }));
        }
        json!({
            "SamplingTargetDocuments": targets,
            "LastRuleModification": rules.last_modification(),
            "UnprocessedStatistics": unprocessed,
        })
    }

    /// Removes all reports.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Reports::default();
    }

    /// The operation `GetSamplingStatisticSummaries` returns the sums of each window and rule. The newest
    /// window is first.
    pub fn summaries(&self) -> Value {
        let reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = reports.windows.iter().rev();
        let build_summary = |((window_start, rule), counts): (&(Time, String), &Counts)| {
            let mut summary = json!(counts);
            summary["RuleName"] = json!(rule);
            summary["Timestamp"] = json!(window_start);
            summary
        };
        windows.map(build_summary).collect()
    }
}

impl Reports {
    fn add_counts(&mut self, report: &SamplingStatistics, now: Time) {
        let window_start = now.period_start(REPORT_INTERVAL_SECONDS);
        let key = (window_start, report.rule_name.0.clone());
        let counts = self.windows.entry(key).or_default();
        counts.request_count += report.request_count.0;
        counts.sampled_count += report.sampled_count.0;
        counts.borrow_count += report.borrow_count.map_or(0, |it| it.0);
        let window_starts: BTreeSet<_> = self.windows.keys().map(|(start, _)| *start).collect();
        if window_starts.len() > MAX_WINDOWS
            && let Some(oldest) = window_starts.first()
        {
            self.windows.retain(|(start, _), _| start != oldest);
        }
    }

    /// Stores the time of the client's report. Returns the client's index among the active clients of the
    /// rule, and the number of active clients.
    fn add_client(&mut self, report: &SamplingStatistics, now: Time) -> (u64, u64) {
        let clients = self.clients.entry(report.rule_name.0.clone()).or_default();
        clients.retain(|_, last_report| {
            now.saturating_duration_since(*last_report).seconds() <= CLIENT_TIMEOUT_SECONDS
        });
        if clients.len() < MAX_CLIENTS_PER_RULE {
            clients.insert(report.client_id.0.clone(), now);
        }
        let index = clients.range(..report.client_id.0.clone()).count();
        (index as u64, clients.len() as u64)
    }
}
