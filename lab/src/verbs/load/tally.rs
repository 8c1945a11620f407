//! Counts the requests of a run. The memory does not grow with the number of requests.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};

use super::failure::Failure;

/// Longest latency that is distinguished, in microseconds. Longer ones count as this one.
const MAX_LATENCY_US: u64 = 120_000_000;

/// Latencies are stored with three significant digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// A request that starts this much later than planned is late: the machine does not keep the rate.
const LATE: Duration = Duration::from_millis(50);

/// How a request ended: with the status of a whole response, or without a whole response.
pub type Ending = Result<u16, Failure>;

/// The counts of a run.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Latencies of all requests that were sent, in microseconds.
    latencies: Histogram<u64>,
    /// Whole responses by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Failed requests by reason.
    pub failures: BTreeMap<Failure, u64>,
    /// Requests that have started, including those that were not sent.
    pub started: u64,
    /// Requests that started late.
    pub late: u64,
}

/// Latencies in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Latencies {
    pub average: f64,
    pub minimum: f64,
    pub median: f64,
    pub maximum: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Tally {
    /// A tally without requests.
    ///
    /// # Errors
    ///
    /// Fails if the bounds of the histogram are invalid. They are constants.
    pub fn new() -> Result<Self, CreationError> {
        Ok(Self {
            latencies: Histogram::new_with_bounds(1, MAX_LATENCY_US, SIGNIFICANT_DIGITS)?,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            started: 0,
            late: 0,
        })
    }

    /// Counts the start of a request, `delay` after the planned time.
    pub fn started(&mut self, delay: Duration) {
        self.started += 1;
        self.late += u64::from(delay >= LATE);
    }

    /// Counts a request that was sent and has ended.
    pub fn ended(&mut self, ending: Ending, latency: Duration) {
        let latency = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(latency);
        match ending {
            Ok(status) => {
                *self.statuses.entry(status).or_default() += 1;
                if let Some(failure) = Failure::of_status(status) {
                    self.failed(failure);
                }
            }
            Err(failure) => self.failed(failure),
        }
    }

    /// Counts a request that was not sent, because as many requests as permitted were open.
    pub fn not_sent(&mut self) {
        self.failed(Failure::NotSent);
    }

    fn failed(&mut self, failure: Failure) {
        *self.failures.entry(failure).or_default() += 1;
    }

    /// The number of requests, including those that were not sent.
    pub fn requests(&self) -> u64 {
        let not_sent = self.failures.get(&Failure::NotSent).copied();
        self.latencies.len() + not_sent.unwrap_or_default()
    }

    /// The number of failed requests.
    pub fn failed_requests(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Failed requests divided by all requests. Without requests the share is 0.
    pub fn failed_share(&self) -> f64 {
        self.failed_requests() as f64 / self.requests().max(1) as f64
    }

    /// The latencies of the requests that were sent and have ended. `None` without such a request.
    pub fn latencies(&self) -> Option<Latencies> {
        let histogram = &self.latencies;
        let quantile = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Latencies {
            average: histogram.mean() / 1000.0,
            minimum: histogram.min() as f64 / 1000.0,
            median: quantile(0.5),
            maximum: histogram.max() as f64 / 1000.0,
            p90: quantile(0.9),
            p95: quantile(0.95),
            p99: quantile(0.99),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn statuses_from_400_are_failures() {
        let mut tally = Tally::new().unwrap();
        for status in [200, 204, 304, 400, 404, 503, 503] {
            tally.ended(Ok(status), Duration::from_millis(1));
        }
        assert_eq!((tally.requests(), tally.failed_requests()), (7, 4));
        assert_eq!(tally.failures[&Failure::Status(503)], 2);
        assert_eq!(tally.statuses[&503], 2);
    }

    #[test]
    fn a_request_that_was_not_sent_is_failed_and_has_no_latency() {
        let mut tally = Tally::new().unwrap();
        tally.not_sent();
        assert_eq!((tally.requests(), tally.failed_share()), (1, 1.0));
        assert_eq!(tally.latencies(), None);
    }

    #[test]
    fn a_start_is_late_from_50_ms_after_the_planned_time() {
        let mut tally = Tally::new().unwrap();
        tally.started(Duration::from_micros(49_999));
        assert_eq!(tally.late, 0);
        tally.started(Duration::from_millis(50));
        assert_eq!((tally.late, tally.started), (1, 2));
    }

    #[test]
    fn a_latency_of_hours_counts_as_the_longest_one() {
        let mut tally = Tally::new().unwrap();
        tally.ended(Err(Failure::Timeout), Duration::from_secs(10_000));
        let maximum = tally.latencies().unwrap().maximum;
        assert!((maximum - 120_000.0).abs() < 120.0, "{maximum}");
    }

    /// The smallest value such that at least the share `quantile` of all values is not above it.
    fn nearest_rank(sorted: &[u64], quantile: f64) -> f64 {
        let rank = (quantile * sorted.len() as f64).ceil().max(1.0);
        sorted[rank as usize - 1] as f64 / 1000.0
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_sorted_list_to_three_digits(mut values in vec(1..60_000_000_u64, 1..300)) {
            let mut tally = Tally::new().unwrap();
            for &value in &values {
                tally.ended(Ok(200), Duration::from_micros(value));
            }
            values.sort_unstable();
            let found = tally.latencies().unwrap();
            let sum: u64 = values.iter().sum();
            for (found, expected) in [
                (found.minimum, nearest_rank(&values, 0.0)),
                (found.median, nearest_rank(&values, 0.5)),
                (found.p90, nearest_rank(&values, 0.9)),
                (found.p95, nearest_rank(&values, 0.95)),
                (found.p99, nearest_rank(&values, 0.99)),
                (found.maximum, nearest_rank(&values, 1.0)),
                (found.average, sum as f64 / values.len() as f64 / 1000.0),
            ] {
                prop_assert!((found - expected).abs() <= expected * 0.001 + 0.001, "{found} {expected}");
            }
        }
    }
}
