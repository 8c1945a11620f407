//! What people and programs may know of exams: the list, and the exam that runs. Nothing here tells the cause.

use serde_json::{Value, json};

use super::ended::mitigation_json;
use super::engine::{Exams, State};
use super::mitigation::Seen;
use super::problem::Variant;
use super::run::Run;
use super::times::rfc3339;
use super::vocabulary::TERMS;
use crate::clock::unix_time;

/// Without noise, 95 % of the requests for the list take at most this time on a machine that is not busy, in milliseconds.
const QUICK_LIST_MS: f64 = 60.0;

/// The time span from which a warning follows, in seconds.
const WARNING_SECONDS: f64 = 60.0;

/// A percentile of fewer requests says little.
const MIN_LISTS: usize = 10;

/// All exams, and the mechanisms of answers.
pub fn listing() -> Value {
    let exams = Variant::all().into_iter().map(|variant| {
        json!({
            "id": variant.id(),
            "statement": variant.statement(),
            "time_limit_minutes": variant.problem.time_limit_minutes,
        })
    });
    let terms = TERMS.iter().map(|term| {
        json!({ "name": term.name, "definition": term.definition, "component": term.component })
    });
    json!({ "exams": exams.collect::<Vec<_>>(), "mechanisms": terms.collect::<Vec<_>>() })
}

/// The exam that runs, or the result of the last one.
pub async fn status(exams: &Exams) -> Value {
    match exams.state() {
        State::None => json!({ "state": "none" }),
        State::Starting => json!({ "state": "starting" }),
        State::Ended(ended) => {
            let mut result = ended.result();
            result["state"] = json!("ended");
            result["kept"] = json!(exams.is_kept(&ended));
            result
        }
        State::Running(run) => running(exams, &run).await,
    }
}

async fn running(exams: &Exams, run: &Run) -> Value {
    let now = unix_time();
    let ends_at = run.started_at + run.schedule.limit.as_secs_f64();
    let mitigation = exams.mitigation(run).await;
    // Before the answer, this would tell whether there is a fault.
    let has_answer = run.progress().submission.is_some();
    let customers = has_answer.then(|| customers(run.seen_lately(now)));
    let warning = warning(run, now);
    let progress = run.progress();
    json!({
        "state": "running",
        "exam": run.variant.id(),
        "statement": run.variant.statement(),
        "started": rfc3339(run.started_at),
        "ends": rfc3339(ends_at),
        "seconds_left": (ends_at - now).max(0.0).round(),
        "answers_from": progress.answers_from.map(rfc3339),
        "answers_after_seconds": run.schedule.until_answers().as_secs(),
        "accepts_answers": progress.accepts_answers,
        "hints_used": progress.hints,
        "hints": run.variant.problem.hints.len(),
        "customers": customers,
        "warning": warning,
        "grade": progress.submission.as_ref().map(|submission| &submission.grade),
        "mitigation": mitigation.as_ref().map(mitigation_json),
        "failure": progress.failure,
    })
}

/// Says that the machine is too busy for a fair exam. No fault makes the list of mysfits slower.
fn warning(run: &Run, now: f64) -> Option<String> {
    let [_, longest_ms] = run.variant.problem.noise.database_ms;
    let usual_ms = longest_ms as f64 + QUICK_LIST_MS;
    let (lists, p95_ms) = run.lists(now - WARNING_SECONDS, now);
    let is_busy = lists >= MIN_LISTS && p95_ms > usual_ms;
    is_busy.then(|| {
        format!(
            "This machine is busy: in the last minute, 95 % of the requests for the list of mysfits took up to {p95_ms:.0} ms, and at most \
             {usual_ms:.0} ms are usual. End other programs, or the exam is not fair."
        )
    })
}

/// The likes of the last ten seconds.
fn customers(seen: Seen) -> Seen {
    Seen {
        p95_ms: seen.p95_ms.round(),
        ..seen
    }
}
