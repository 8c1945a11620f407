//! Thresholds of a run, which decide its exit code.

use std::fmt;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::tally::Tally;
use super::units::{format_ms, format_share, parse_duration, parse_share};

/// The exit code of a run in which a threshold has failed, as of k6.
pub const EXIT_CODE: u8 = 99;

/// The thresholds.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Thresholds {
    /// Exit with code 99 if more than this share of the requests fails, for example 1%
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    pub fail_above: Option<f64>,
    /// Exit with code 99 unless 95 % of the requests end within less than this time, for example 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub p95_below: Option<Duration>,
}

/// A threshold after a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Checked {
    name: Name,
    /// The value of the option: a share from 0 to 1, or milliseconds.
    limit: f64,
    /// The value of the run. `None` if the run has no value, because no request has ended.
    value: Option<f64>,
    pub passed: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    FailedShare,
    P95Ms,
}

impl Thresholds {
    /// Compares the run with the thresholds. Without a value a threshold has failed.
    pub fn check(&self, tally: &Tally) -> Vec<Checked> {
        let share = (tally.requests() > 0).then(|| tally.failed_share());
        let failed_share = self.fail_above.map(|limit| Checked {
            name: Name::FailedShare,
            limit,
            value: share,
            passed: share.is_some_and(|share| share <= limit),
        });
        let p95 = tally.latencies().map(|latencies| latencies.p95);
        let p95_ms = self.p95_below.map(|limit| {
            let limit = limit.as_secs_f64() * 1000.0;
            Checked {
                name: Name::P95Ms,
                limit,
                value: p95,
                passed: p95.is_some_and(|p95| p95 < limit),
            }
        });
        failed_share.into_iter().chain(p95_ms).collect()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Name::FailedShare => write!(f, "failed share at most {}", format_share(self.limit))?,
            Name::P95Ms => write!(f, "p95 below {}", format_ms(self.limit))?,
        }
        f.write_str(if self.passed { ": passed" } else { ": FAILED" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(thresholds: Thresholds, tally: &Tally) -> bool {
        let [checked] = thresholds.check(tally)[..] else {
            panic!("one threshold is set");
        };
        checked.passed
    }

    #[test]
    fn a_share_of_failures_at_the_limit_passes_and_a_p95_at_the_limit_fails() {
        let mut tally = Tally::new().unwrap();
        for status in [200, 200, 200, 500] {
            tally.ended(Ok(status), Duration::from_micros(1000));
        }
        for (share, passed) in [(0.25, true), (0.24, false)] {
            let fail_above = Some(share);
            let thresholds = Thresholds {
                fail_above,
                p95_below: None,
            };
            assert_eq!(check(thresholds, &tally), passed, "{share}");
        }
        for (us, passed) in [(1001, true), (1000, false)] {
            let p95_below = Some(Duration::from_micros(us));
            let thresholds = Thresholds {
                fail_above: None,
                p95_below,
            };
            assert_eq!(check(thresholds, &tally), passed, "{us}");
        }
    }

    #[test]
    fn a_run_without_requests_fails_every_threshold() {
        let tally = Tally::new().unwrap();
        let thresholds = Thresholds {
            fail_above: Some(1.0),
            p95_below: Some(Duration::from_secs(60)),
        };
        let checked = thresholds.check(&tally);
        assert_eq!(checked.len(), 2);
        assert!(checked.iter().all(|threshold| !threshold.passed));
    }
}
