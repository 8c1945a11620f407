//! An exam that runs: its times, what customers saw, and what the fault has touched.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::draw::Drawn;
use super::grade::{Cause, Grade, Truth};
use super::inject::Injected;
use super::mitigation::Seen;
use super::problem::Variant;
use super::workload::{Route, Sample, Samples};
use crate::ledger::{Kind, Ledger};

/// From the start of the last fault that the seed can draw to the time from which answers are accepted.
const MIN_OBSERVATION: Duration = Duration::from_secs(60);

/// Length of the time span that shows what customers see now. It ended [`UNFINISHED_SECONDS`] ago.
const VIEW_SECONDS: f64 = 10.0;

/// Requests that started later may still be in progress, in seconds.
const UNFINISHED_SECONDS: f64 = 2.0;

/// A touched like that comes later than this after the one before, in seconds, does not belong to the fault.
const MAX_GAP_SECONDS: f64 = 60.0;

/// The times of an exam.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub warm_up: Duration,
    pub baseline: Duration,
    /// From the end of the baseline to the fault.
    pub delay: Duration,
    /// From the end of the baseline to the change that harms nobody.
    pub innocent_delay: Duration,
    /// From the end of the baseline to the time from which answers are accepted.
    pub observation: Duration,
    /// From the start to the end.
    pub limit: Duration,
}

impl Schedule {
    /// The times of a problem. For a quick check of the problem itself, `seconds` replaces the times of baseline and observation. Then
    /// warm-up and delay of the fault take one second, and the harmless change is made at once.
    pub fn new(variant: Variant, drawn: &Drawn, seconds: Option<u64>) -> Self {
        let workload = &variant.problem.workload;
        let limit = Duration::from_secs(variant.problem.time_limit_minutes * 60);
        if let Some(seconds) = seconds {
            let (second, seconds) = (Duration::from_secs(1), Duration::from_secs(seconds));
            return Self {
                warm_up: second,
                baseline: seconds,
                delay: second,
                innocent_delay: Duration::ZERO,
                observation: second + seconds,
                limit,
            };
        }
        let [_, latest] = workload.fault_delay_seconds;
        Self {
            warm_up: Duration::from_secs(workload.warm_up_seconds),
            baseline: Duration::from_secs(workload.baseline_seconds),
            delay: Duration::from_secs(drawn.delay_seconds),
            innocent_delay: Duration::from_secs(drawn.innocent_delay_seconds),
            observation: Duration::from_secs(latest) + MIN_OBSERVATION,
            limit,
        }
    }

    /// From the first request of a customer to the time from which answers are accepted.
    pub fn until_answers(&self) -> Duration {
        self.warm_up + self.baseline + self.observation
    }
}

/// An exam that runs.
pub struct Run {
    pub variant: Variant,
    pub seed: u64,
    /// Unix seconds.
    pub started_at: f64,
    /// The items of the table before the first request.
    pub items: Vec<Map<String, Value>>,
    pub drawn: Drawn,
    pub schedule: Schedule,
    pub samples: Samples,
    pub ledger: Ledger,
    /// Ends the exam.
    pub stop: CancellationToken,
    /// The exam makes no further change to the system.
    pub finished: CancellationToken,
    pub progress: Mutex<Progress>,
}

/// How far an exam is. Times are Unix seconds.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub baseline: Option<(f64, f64)>,
    /// What people can change, at the end of the baseline.
    pub fingerprint: Option<Value>,
    /// From when on answers will be accepted.
    pub answers_from: Option<f64>,
    /// Whether answers are accepted: the fault has begun some time ago, if there is one.
    pub accepts_answers: bool,
    pub fault: Option<Arc<FaultStart>>,
    pub hints: usize,
    pub submission: Option<Submission>,
    /// Why the exam cannot go on.
    pub failure: Option<String>,
}

/// A fault that was made.
#[derive(Debug)]
pub struct FaultStart {
    pub injected: Injected,
    /// The number of the last record of the ledger before.
    pub ledger_before: u64,
    /// The number of records that the ledger had lost before.
    pub lost_before: u64,
    /// A like that takes longer than this, in milliseconds, has waited for a task.
    pub slow_ms: f64,
}

/// An answer, and what it was graded against.
#[derive(Clone, Debug)]
pub struct Submission {
    pub answer: Answer,
    /// The number of hints that were shown before.
    pub hints: usize,
    pub observed: Observed,
    pub grade: Grade,
}

/// What the fault has touched until a moment.
#[derive(Clone, Debug)]
pub struct Observed {
    pub truth: Truth,
    /// Trace ids.
    pub traces: BTreeSet<String>,
    /// Unix seconds.
    pub until: f64,
    /// Whether the ledger has lost records since the start of the fault.
    pub has_lost_records: bool,
}

impl Observed {
    /// Whether the share of touched likes is known, if there is a fault.
    pub fn can_be_graded(&self) -> bool {
        let mut causes = self.truth.causes.iter();
        !self.has_lost_records && causes.all(|cause| cause.touched > 0)
    }
}

impl Run {
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The likes of a time span, which customers saw.
    pub fn seen(&self, from: f64, to: f64) -> Seen {
        seen(&self.samples.all(), from, to)
    }

    /// What customers see now.
    pub fn seen_lately(&self, now: f64) -> Seen {
        let to = now - UNFINISHED_SECONDS;
        self.seen(to - VIEW_SECONDS, to)
    }

    /// The number of requests for the list of mysfits in a time span, and the 95th percentile of their times in milliseconds.
    pub fn lists(&self, from: f64, to: f64) -> (usize, f64) {
        let samples = self.samples.finished();
        let lists = samples
            .iter()
            .filter(|it| it.route == Route::List && is_in(it, from, to));
        let mut times: Vec<_> = lists.map(|it| it.ms).collect();
        let p95_ms = percentile_95(&mut times);
        (times.len(), p95_ms)
    }

    /// What the fault has touched until now.
    pub fn observe(&self, now: f64) -> Observed {
        let Some(fault) = self.progress().fault.clone() else {
            return Observed {
                truth: Truth { causes: Vec::new() },
                traces: BTreeSet::new(),
                until: now,
                has_lost_records: false,
            };
        };
        let (records, lost) = self.ledger.records(fault.ledger_before);
        let entries = records.into_iter().map(|record| record.entry);
        let requests = entries.filter(|entry| entry.kind == Kind::Request);
        let traces: BTreeSet<_> = requests.filter_map(|entry| entry.trace_id).collect();
        let samples = self.samples.finished();
        let (likes, touched) = affected(&samples, &traces, fault.injected.at, now);
        Observed {
            truth: Truth {
                causes: vec![Cause {
                    component: fault.injected.component.clone(),
                    mechanism: fault.injected.mechanism.to_owned(),
                    occurred_at: fault.injected.at,
                    likes,
                    touched,
                }],
            },
            traces,
            until: now,
            has_lost_records: lost > fault.lost_before,
        }
    }
}

fn is_in(sample: &Sample, from: f64, to: f64) -> bool {
    (from..to).contains(&sample.at)
}

/// The likes of a time span.
fn seen(samples: &[Arc<Sample>], from: f64, to: f64) -> Seen {
    let likes = samples
        .iter()
        .filter(|it| it.is_like() && is_in(it, from, to));
    let mut times: Vec<_> = likes.clone().map(|it| it.ms).collect();
    let p95_ms = percentile_95(&mut times);
    Seen {
        likes: times.len() as u64,
        succeeded: likes.filter(|it| it.has_succeeded()).count() as u64,
        p95_ms,
    }
}

/// The nearest rank; 0 without values.
fn percentile_95(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * 95).div_ceil(100);
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// The number of likes from the first to the last one that was touched in a time span, and how many of them were touched. What
/// follows after [`MAX_GAP_SECONDS`] without a touched like is left out: the fault had ended, and the like had another reason.
fn affected(samples: &[Arc<Sample>], traces: &BTreeSet<String>, from: f64, to: f64) -> (u64, u64) {
    let likes = samples
        .iter()
        .filter(|it| it.is_like() && is_in(it, from, to));
    let touched = likes.clone().filter(|it| traces.contains(&it.trace_id));
    let mut times: Vec<_> = touched.map(|it| it.at).collect();
    times.sort_by(f64::total_cmp);
    let is_gap = |pair: &[f64]| pair[1] - pair[0] > MAX_GAP_SECONDS;
    let count = times
        .windows(2)
        .position(is_gap)
        .map_or(times.len(), |last| last + 1);
    let (Some(first), Some(last)) = (times.first(), times[..count].last()) else {
        return (0, 0);
    };
    let between = likes.filter(|it| (*first..=*last).contains(&it.at));
    (between.count() as u64, count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: f64, ms: f64, status: u16) -> Arc<Sample> {
        Arc::new(Sample {
            at,
            route: Route::Like,
            mysfit: "a".to_owned(),
            trace_id: at.to_string(),
            status: Some(status),
            ms,
        })
    }

    #[test]
    fn a_time_span_has_its_share_of_success_and_its_95th_percentile() {
        let samples: Vec<_> = (0..100_i32)
            .map(|number| {
                let status = if number % 10 == 0 { 404 } else { 200 };
                sample(number.into(), number.into(), status)
            })
            .collect();
        let all = seen(&samples, 0.0, 100.0);
        assert_eq!((all.likes, all.succeeded), (100, 90));
        assert!((all.p95_ms - 94.0).abs() < f64::EPSILON, "{all:?}");
        assert_eq!(seen(&samples, 200.0, 300.0).likes, 0);
    }

    #[test]
    fn the_share_is_that_between_the_first_and_the_last_touched_like() {
        let samples: Vec<_> = (0..10_i32).map(|at| sample(at.into(), 1.0, 200)).collect();
        let traces = BTreeSet::from(["2".to_owned(), "4".to_owned(), "7".to_owned()]);
        assert_eq!(affected(&samples, &traces, 0.0, 10.0), (6, 3));
        assert_eq!(affected(&samples, &traces, 3.0, 10.0), (4, 2));
        assert_eq!(affected(&samples, &BTreeSet::new(), 0.0, 10.0), (0, 0));
    }

    #[test]
    fn a_touched_like_a_minute_after_the_others_does_not_count() {
        let samples: Vec<_> = (0..200_i32).map(|at| sample(at.into(), 1.0, 200)).collect();
        let touched = |times: [u8; 3]| BTreeSet::from(times.map(|time| time.to_string()));
        assert_eq!(
            affected(&samples, &touched([10, 20, 80]), 0.0, 200.0),
            (71, 3)
        );
        assert_eq!(
            affected(&samples, &touched([10, 20, 81]), 0.0, 200.0),
            (11, 2)
        );
    }
}
