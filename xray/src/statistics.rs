//! Counts and response times of a node or an edge.

use std::collections::HashMap;

use serde::Serialize;

use crate::time::Time;
use crate::trace::Entity;

/// What became of completed requests. Each is counted once: as a fault, else as throttled, else as an
/// error, else as fine.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    ok: u64,
    throttled: u64,
    errors: u64,
    faults: u64,
    micros: i64,
    /// Response times in microseconds, to three digits.
    histogram: HashMap<u64, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Summary {
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

/// How many requests took about this long.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bar {
    value: Time,
    count: u64,
}

impl Statistics {
    /// Counts a request, unless it is in progress.
    pub fn add(&mut self, request: &Entity) {
        let Some(duration) = request.duration() else {
            return;
        };
        let flags = request.flags;
        *match (flags.fault, flags.throttle, flags.error) {
            (true, ..) => &mut self.faults,
            (_, true, _) => &mut self.throttled,
            (_, _, true) => &mut self.errors,
            _ => &mut self.ok,
        } += 1;
        self.micros += duration.micros();
        *self
            .histogram
            .entry(rounded(duration.micros() as u64))
            .or_default() += 1;
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        Summary {
            ok_count: self.ok,
            error_statistics: ErrorStatistics {
                throttle_count: self.throttled,
                other_count: self.errors,
                total_count: self.throttled + self.errors,
            },
            fault_statistics: FaultStatistics {
                other_count: self.faults,
                total_count: self.faults,
            },
            total_count: self.ok + self.throttled + self.errors + self.faults,
            total_response_time: Time::from_micros(self.micros),
        }
    }

    /// The response times, the shortest first.
    pub fn histogram(&self) -> Vec<Bar> {
        let mut bars: Vec<_> = self.histogram.iter().collect();
        bars.sort_unstable();
        let bar = |(micros, count): (&u64, &u64)| Bar {
            value: Time::from_micros(*micros as i64),
            count: *count,
        };
        bars.into_iter().map(bar).collect()
    }
}

/// To three digits, so that a histogram has at most 900 bars for each power of ten.
fn rounded(micros: u64) -> u64 {
    let mut unit = 1;
    while micros / unit >= 1000 {
        unit *= 10;
    }
    (micros + unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_times_are_kept_to_three_digits() {
        for (micros, kept) in [(0, 0), (7, 7), (999, 999), (1_234, 1_230), (9_999, 10_000)] {
            assert_eq!(rounded(micros), kept);
        }
    }
}
