//! The counters of a load balancer, under the names of the metrics of the CloudWatch namespace `AWS/ApplicationELB`.
//!
//! Source: AWS's guide to Application Load Balancers, "CloudWatch metrics". The counts never decrease.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::access_log::Entry;
use crate::failure::Failure;

/// The counts of a load balancer, or of one of its target groups, since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Sums by the name of the metric. A metric whose sum is 0 is absent.
    pub sums: BTreeMap<&'static str, u64>,
    /// `TargetResponseTime`: the number of requests by response time in microseconds. The times have at most three
    /// significant digits, so the map has a limited size.
    pub target_response_micros: BTreeMap<u64, u64>,
}

impl Counts {
    /// The sum of a metric.
    pub fn sum(&self, metric: &str) -> u64 {
        self.sums.get(metric).copied().unwrap_or_default()
    }

    /// Adds to the sum of a metric.
    pub(crate) fn add(&mut self, metric: &'static str, count: u64) {
        if count > 0 {
            *self.sums.entry(metric).or_default() += count;
        }
    }

    /// Adds the counts of a request that have only the dimension `LoadBalancer`.
    fn add_request(&mut self, entry: &Entry) {
        self.add("ProcessedBytes", entry.received_bytes + entry.sent_bytes);
        if entry.classification.is_some() {
            self.add("DesyncMitigationMode_NonCompliant_Request_Count", 1);
        }
        if entry.target_status.is_some() {
            return;
        }
        let metrics: &[_] = match entry.status.as_u16() {
            300..400 => &["HTTPCode_ELB_3XX_Count"],
            400..500 => &["HTTPCode_ELB_4XX_Count"],
            500 => &["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_500_Count"],
            502 => &["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_502_Count"],
            503 => &["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_503_Count"],
            504 => &["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_504_Count"],
            501..600 => &["HTTPCode_ELB_5XX_Count"],
            _ => &[],
        };
        for metric in metrics {
            self.add(metric, 1);
        }
    }

    /// Adds the counts of a request that also have the dimension `TargetGroup`.
    fn add_target(&mut self, entry: &Entry) {
        if entry.target.is_none() {
            return;
        }
        self.add("RequestCount", 1);
        if entry.failure.is_some_and(Failure::is_of_connection) {
            self.add("TargetConnectionErrorCount", 1);
        }
        if let Some(time) = entry.target_time {
            let count = self.target_response_micros.entry(rounded_micros(time));
            *count.or_default() += 1;
        }
        let metric = match entry.target_status.map(|status| status.as_u16()) {
            Some(200..300) => "HTTPCode_Target_2XX_Count",
            Some(300..400) => "HTTPCode_Target_3XX_Count",
            Some(400..500) => "HTTPCode_Target_4XX_Count",
            Some(500..600) => "HTTPCode_Target_5XX_Count",
            _ => return,
        };
        self.add(metric, 1);
    }
}

/// Rounds a time to three significant digits of a number of microseconds.
fn rounded_micros(time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let digits = micros.checked_ilog10().unwrap_or_default();
    let unit = 10_u64.pow(digits.saturating_sub(2));
    (micros / unit + micros % unit * 2 / unit) * unit
}

/// The counters of a load balancer or of a target group.
#[derive(Debug, Default)]
pub struct Counters(Mutex<Counts>);

impl Counters {
    /// What was counted since the start.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// Counts a request for the load balancer.
    pub fn count_request(&self, entry: &Entry) {
        let mut counts = self.lock();
        counts.add_request(entry);
        counts.add_target(entry);
    }

    /// Counts a request for its target group.
    pub fn count_target(&self, entry: &Entry) {
        self.lock().add_target(entry);
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
