//! The result of a run, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::failure::Failure;
use super::runner::{Ended, Progress};
use super::tally::{Latencies, Tally};
use super::thresholds::{Checked, Thresholds};
use super::units::{format_ms, format_share};

/// The share of late starts above which the summary warns.
const MAX_LATE_SHARE: f64 = 0.01;

/// The result of a run. The fields are the members of the JSON document, which docs/load.md describes.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The length of the run in seconds, without the time in which the last requests ended.
    seconds: f64,
    /// All requests that have ended, and those that were not sent.
    requests: u64,
    requests_per_second: f64,
    failed: u64,
    failed_share: f64,
    latency_ms: Option<Latencies>,
    /// Whole responses by status.
    statuses: BTreeMap<u16, u64>,
    failures: Vec<Counted>,
    late: u64,
    /// Requests that were open when the run was stopped.
    unfinished: Option<usize>,
    thresholds: Vec<Checked>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Counted {
    reason: String,
    /// The status, if the reason is a status.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    count: u64,
}

impl Summary {
    /// Summarizes a run.
    pub fn new(ended: Ended, thresholds: &Thresholds, warnings: Vec<String>) -> Self {
        let Ended {
            tally,
            time,
            unfinished,
        } = ended;
        let (seconds, requests) = (time.as_secs_f64(), tally.requests());
        let failures = tally.failures.iter();
        Self {
            seconds,
            requests,
            requests_per_second: if seconds > 0.0 {
                requests as f64 / seconds
            } else {
                0.0
            },
            failed: tally.failed_requests(),
            failed_share: tally.failed_share(),
            latency_ms: tally.latencies(),
            failures: failures
                .map(|(failure, &count)| Counted {
                    reason: failure.to_string(),
                    status: match failure {
                        Failure::Status(status) => Some(*status),
                        _ => None,
                    },
                    count,
                })
                .collect(),
            late: tally.late,
            unfinished,
            thresholds: thresholds.check(&tally),
            warnings,
            statuses: tally.statuses,
        }
    }

    /// Whether no threshold has failed.
    pub fn has_passed(&self) -> bool {
        self.thresholds.iter().all(|threshold| threshold.passed)
    }

    /// Whether the run was stopped before its end.
    pub fn was_stopped(&self) -> bool {
        self.unfinished.is_some()
    }
}

/// The warning that this machine did not keep the rate.
pub fn late_warning(tally: &Tally) -> Option<String> {
    let (late, started) = (tally.late, tally.started);
    let is_late = late as f64 > MAX_LATE_SHARE * started as f64;
    is_late.then(|| {
        format!(
            "this machine did not keep the rate: {late} of {started} requests started 50 ms or more after their planned \
             time. Their latencies count from the planned time. Use a lower rate, or a release build (cargo run --release)"
        )
    })
}

/// The line that shows how far the run is.
pub fn progress_line(progress: Progress<'_>, seconds: f64) -> String {
    let Progress { tally, time, open } = progress;
    let time = time.as_secs_f64().min(seconds);
    let (requests, failed) = (tally.requests(), tally.failed_requests());
    let share = format_share(tally.failed_share());
    format!(
        "{time:.0} s of {seconds:.0} s: {requests} requests, {failed} failed ({share}), {open} open"
    )
}

/// Writes a label and its text in two columns.
fn line(f: &mut fmt::Formatter<'_>, label: &str, text: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {label:<11} {text}")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seconds,
            requests,
            requests_per_second,
            failed,
            ..
        } = self;
        let rate = format!("{requests} in {seconds:.1} s, {requests_per_second:.1} per second");
        line(f, "requests", rate)?;
        line(
            f,
            "failed",
            format!("{} ({failed})", format_share(self.failed_share)),
        )?;
        if let Some(latency) = &self.latency_ms {
            let values = |values: &[(&str, f64)]| {
                let values = values.iter();
                let values = values.map(|(name, ms)| format!("{name} {}", format_ms(*ms)));
                values.collect::<Vec<_>>().join(", ")
            };
            let Latencies {
                average,
                minimum,
                median,
                maximum,
                p90,
                p95,
                p99,
            } = *latency;
            let first = [
                ("average", average),
                ("minimum", minimum),
                ("median", median),
                ("maximum", maximum),
            ];
            line(f, "latency", values(&first))?;
            line(f, "", values(&[("p90", p90), ("p95", p95), ("p99", p99)]))?;
        }
        let mut label = "statuses";
        for (status, count) in &self.statuses {
            line(f, std::mem::take(&mut label), format!("{status}: {count}"))?;
        }
        let mut label = "failures";
        for Counted { reason, count, .. } in &self.failures {
            line(f, std::mem::take(&mut label), format!("{reason}: {count}"))?;
        }
        if let Some(open) = self.unfinished {
            line(
                f,
                "stopped",
                format!("{open} requests were open and are not counted"),
            )?;
        }
        let mut label = "thresholds";
        for threshold in &self.thresholds {
            line(f, std::mem::take(&mut label), threshold)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::time::Duration;

    fn ended(unfinished: Option<usize>) -> Ended {
        let mut tally = Tally::new().unwrap();
        for ms in 1..=98 {
            tally.ended(Ok(200), Duration::from_millis(ms));
        }
        tally.ended(Ok(404), Duration::from_millis(99));
        tally.ended(Err(Failure::ConnectionRefused), Duration::from_millis(100));
        let time = Duration::from_secs(4);
        Ended {
            tally,
            time,
            unfinished,
        }
    }

    fn thresholds() -> Thresholds {
        Thresholds {
            fail_above: Some(0.01),
            p95_below: Some(Duration::from_millis(500)),
        }
    }

    #[test]
    fn the_text_has_rate_failures_latencies_and_thresholds() {
        let summary = Summary::new(ended(Some(3)), &thresholds(), Vec::new());
        let expected = "  requests    100 in 4.0 s, 25.0 per second
  failed      2.00 % (2)
  latency     average 50.5 ms, minimum 1.00 ms, median 50.0 ms, maximum 100 ms
              p90 90.0 ms, p95 95.0 ms, p99 99.0 ms
  statuses    200: 98
              404: 1
  failures    status 404: 1
              connection refused: 1
  stopped     3 requests were open and are not counted
  thresholds  failed share at most 1.00 %: FAILED
              p95 below 500 ms: passed
";
        assert_eq!(summary.to_string(), expected);
        assert!(!summary.has_passed());
    }

    #[test]
    fn the_json_has_the_documented_members() {
        let summary = Summary::new(ended(None), &thresholds(), vec!["careful".to_owned()]);
        let mut json = serde_json::to_value(&summary).unwrap();
        let latency = json["latency_ms"].take();
        let names: Vec<_> = latency.as_object().unwrap().keys().cloned().collect();
        let expected = [
            "average", "maximum", "median", "minimum", "p90", "p95", "p99",
        ];
        assert_eq!(names, expected);
        assert!(latency.as_object().unwrap().values().all(Value::is_f64));
        let p95 = json["thresholds"][1]["value"].take();
        assert!(p95.is_f64());
        let expected = json!({
            "seconds": 4.0,
            "requests": 100,
            "requests_per_second": 25.0,
            "failed": 2,
            "failed_share": 0.02,
            "latency_ms": null,
            "statuses": { "200": 98, "404": 1 },
            "failures": [
                { "reason": "status 404", "status": 404, "count": 1 },
                { "reason": "connection refused", "count": 1 },
            ],
            "late": 0,
            "unfinished": null,
            "thresholds": [
                { "name": "failed_share", "limit": 0.01, "value": 0.02, "passed": false },
                { "name": "p95_ms", "limit": 500.0, "value": null, "passed": true },
            ],
            "warnings": ["careful"],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_run_without_requests_has_no_latencies() {
        let (tally, unfinished) = (Tally::new().unwrap(), Some(0));
        let time = Duration::ZERO;
        let ended = Ended {
            tally,
            time,
            unfinished,
        };
        let summary = Summary::new(ended, &Thresholds::default(), Vec::new());
        let text = summary.to_string();
        assert!(
            text.starts_with("  requests    0 in 0.0 s, 0.0 per second\n"),
            "{text}"
        );
        assert!(!text.contains("latency"), "{text}");
    }

    #[test]
    fn the_summary_warns_if_more_than_a_hundredth_of_the_requests_starts_late() {
        let mut tally = Tally::new().unwrap();
        for _ in 0..99 {
            tally.started(Duration::ZERO);
        }
        tally.started(Duration::from_secs(1));
        assert_eq!(late_warning(&tally), None);
        tally.started(Duration::from_secs(1));
        let warning = late_warning(&tally).unwrap();
        assert!(warning.contains("2 of 101 requests"), "{warning}");
    }

    #[test]
    fn the_progress_line_has_time_requests_failures_and_open_requests() {
        let Ended { tally, .. } = ended(None);
        let (tally, time, open) = (&tally, Duration::from_secs(12), 3);
        assert_eq!(
            progress_line(Progress { tally, time, open }, 30.0),
            "12 s of 30 s: 100 requests, 2 failed (2.00 %), 3 open"
        );
    }
}
