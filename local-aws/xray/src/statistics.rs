//! Counts and response times of a node or an edge.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::time::Time;
use crate::trace::Entity;

/// Statistics of completed requests. Each request is counted once: as a fault if the flag `fault` is set,
/// else as throttled if the flag `throttle` is set, else as an error if the flag `error` is set, else as ok.
#[derive(Clone, Debug, Default)]
pub struct RequestStatistics {
    ok_count: u64,
    throttle_count: u64,
    error_count: u64,
    fault_count: u64,
    total_response_time_micros: i64,
    /// Number of requests for each response time. Response times are in microseconds, rounded to three
    /// significant digits.
    counts_by_response_time: BTreeMap<u64, u64>,
}

/// The API's types `ServiceStatistics` and `EdgeStatistics`. The two types have the same members.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SummaryStatistics {
    ok_count: u64,
    error_statistics: ErrorStatistics,
    fault_statistics: FaultStatistics,
    total_count: u64,
    total_response_time: Time,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorStatistics {
    throttle_count: u64,
    other_count: u64,
    total_count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct FaultStatistics {
    other_count: u64,
    total_count: u64,
}

/// The API's `HistogramEntry`: a response time and its number of requests.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HistogramEntry {
    value: Time,
    count: u64,
}

impl RequestStatistics {
    /// Adds a request. A request in progress is not counted.
    pub fn add(&mut self, request: &Entity) {
        let Some(duration) = request.duration() else {
            return;
        };
        if request.flags.fault {
            self.fault_count += 1;
        } else if request.flags.throttle {
            self.throttle_count += 1;
        } else if request.flags.error {
            self.error_count += 1;
        } else {
            self.ok_count += 1;
        }
        self.total_response_time_micros += duration.micros();
        let rounded_micros = round_to_three_digits(duration.micros() as u64);
        *self
            .counts_by_response_time
            .entry(rounded_micros)
            .or_default() += 1;
    }

    /// The counts of requests, and the sum of their response times.
    pub fn summary(&self) -> SummaryStatistics {
        SummaryStatistics {
            ok_count: self.ok_count,
            error_statistics: ErrorStatistics {
                throttle_count: self.throttle_count,
                other_count: self.error_count,
                total_count: self.throttle_count + self.error_count,
            },
            fault_statistics: FaultStatistics {
                other_count: self.fault_count,
                total_count: self.fault_count,
            },
            total_count: self.ok_count + self.throttle_count + self.error_count + self.fault_count,
            total_response_time: Time::from_micros(self.total_response_time_micros),
        }
    }

    /// The number of requests for each response time, sorted by response time.
    pub fn histogram(&self) -> Vec<HistogramEntry> {
        let to_entry = |(micros, count): (&u64, &u64)| HistogramEntry {
            value: Time::from_micros(*micros as i64),
            count: *count,
        };
        self.counts_by_response_time.iter().map(to_entry).collect()
    }
}

/// Rounds a response time to three significant digits. A histogram of rounded response times has at most 900
/// entries for each power of ten.
fn round_to_three_digits(micros: u64) -> u64 {
    let mut rounding_unit = 1;
    while micros / rounding_unit >= 1000 {
        rounding_unit *= 10;
    }
    (micros + rounding_unit / 2) / rounding_unit * rounding_unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_times_are_rounded_to_three_significant_digits() {
        for (micros, rounded) in [(0, 0), (7, 7), (999, 999), (1_234, 1_230), (9_999, 10_000)] {
            assert_eq!(round_to_three_digits(micros), rounded);
        }
    }
}
