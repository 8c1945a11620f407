//! An exam that has ended: what was expected, what was given, and the grades.

use serde_json::{Value, json};

use super::answer::Answer;
use super::grade::{Grade, explain};
use super::mitigation::{Mitigation, Seen};
use super::problem::{InnocentChange, Problem, Variant};
use super::run::{FaultStart, Observed, Run};
use super::times::rfc3339;

/// Trace ids that the expected answer has as evidence.
const EXPECTED_EVIDENCE: usize = 5;

/// An exam that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub variant: Variant,
    pub seed: u64,
    pub started_at: f64,
    pub ended_at: f64,
    pub hints: usize,
    /// Until the answer, or until the end without one.
    pub observed: Observed,
    pub changes: Changes,
    /// The number of resets at the end, if the lab was left as it was.
    pub kept_since: Option<u64>,
    /// Whether the exam has come to the time from which answers are accepted.
    pub accepted_answers: bool,
    pub answer: Option<Answer>,
    /// `None` without an answer.
    pub grade: Option<Grade>,
    /// `None` if no operation of AWS ends the trouble, and if the exam ended before answers were accepted.
    pub mitigation: Option<Result<Mitigation, String>>,
    /// What customers saw before the fault.
    pub baseline: Option<Seen>,
    /// What people could change, before the fault.
    pub fingerprint: Option<Value>,
    pub failure: Option<String>,
}

/// What a fault in the configuration has changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// ARNs.
    pub arns: Vec<String>,
    /// The name of the service whose events show the change.
    pub service: Option<String>,
    /// What the seed has drawn, and what was changed.
    pub parameters: Value,
}

impl Changes {
    /// The changes of a fault that may have begun.
    pub fn of(fault: Option<&FaultStart>) -> Self {
        let injected = fault.map(|fault| &fault.injected);
        injected.map_or_else(Self::default, |injected| Self {
            arns: injected.changed.clone(),
            service: injected.service.clone(),
            parameters: injected.parameters.clone(),
        })
    }
}

impl Ended {
    /// Keeps what people want to know of a run that ends now.
    pub fn new(
        run: &Run,
        mitigation: Option<Result<Mitigation, String>>,
        kept_since: Option<u64>,
        now: f64,
    ) -> Self {
        let progress = run.progress().clone();
        let baseline = progress.baseline.map(|(from, to)| run.seen(from, to));
        let changes = Changes::of(progress.fault.as_deref());
        let (hints, answer, observed, grade) = match progress.submission {
            Some(submission) => (
                submission.hints,
                Some(submission.answer),
                submission.observed,
                Some(submission.grade),
            ),
            None => (progress.hints, None, run.observe(now), None),
        };
        Self {
            variant: run.variant,
            seed: run.seed,
            started_at: run.started_at,
            ended_at: now,
            hints,
            observed,
            changes,
            kept_since,
            accepted_answers: progress.accepts_answers,
            answer,
            grade,
            mitigation,
            baseline,
            fingerprint: progress.fingerprint,
            failure: progress.failure,
        }
    }

    /// Grade and mitigation.
    pub fn result(&self) -> Value {
        json!({
            "exam": self.variant.id(),
            "grade": self.grade,
            "accepted_answers": self.accepted_answers,
            "mitigation": self.mitigation.as_ref().map(mitigation_json),
            "hints_used": self.hints,
            "failure": self.failure,
        })
    }

    /// Everything, with the cause.
    pub fn explanation(&self) -> Value {
        let problem = self.variant.problem;
        let is_healthy = self.variant.is_healthy;
        let mut explanation = self.result();
        explanation["seed"] = json!(self.seed);
        explanation["started"] = json!(rfc3339(self.started_at));
        explanation["ended"] = json!(rfc3339(self.ended_at));
        explanation["expected"] = self.expected_answer();
        explanation["parameters"] = self.changes.parameters.clone();
        let counted = self.observed.truth.causes.first();
        explanation["counted"] =
            json!(counted.map(|it| json!({ "likes": it.likes, "touched": it.touched })));
        explanation["comparison"] = json!(explain(&self.observed.truth, self.answer.as_ref()));
        let how_to_find = match is_healthy {
            true => &explain_healthy(problem),
            false => &problem.explanation,
        };
        let harmless = explain_innocent(problem.noise.innocent_change);
        explanation["how_to_find"] = json!(format!("{}\n\n{harmless}", how_to_find.trim_end()));
        explanation["how_to_mitigate"] = json!(problem.mitigation.as_ref().filter(|_| !is_healthy));
        explanation["baseline"] = json!(self.baseline);
        explanation["baseline_state"] = json!(self.fingerprint);
        explanation
    }

    /// The answer that gets all points.
    fn expected_answer(&self) -> Value {
        let causes = &self.observed.truth.causes;
        let traces = self.observed.traces.iter().take(EXPECTED_EVIDENCE);
        let traces: Vec<_> = traces
            .map(|id| json!({ "kind": "trace", "id": id }))
            .collect();
        let root_causes = causes.iter().map(|cause| {
            json!({
                "component": cause.component,
                "fault_mechanism": cause.mechanism,
                "occurrence_datetime": rfc3339(cause.occurred_at),
                "evidence": traces,
            })
        });
        let root_causes: Vec<_> = root_causes.collect();
        let mut answer = json!({ "detected": !causes.is_empty(), "root_causes": root_causes });
        if let Some(cause) = causes.first() {
            let percent = cause.touched as f64 * 100.0 / cause.likes.max(1) as f64;
            answer["quantities"] = json!({ "affected_percent": (percent * 10.0).round() / 10.0 });
        }
        answer
    }
}

/// What looks like a fault in a healthy twin, and how to be sure that it is none.
fn explain_healthy(problem: &Problem) -> String {
    let noise = &problem.noise;
    let unknown = noise.unknown_percent;
    let mut text = format!(
        "Nothing went wrong.\n\n- {unknown} % of the requests ask for mysfits that do not exist, or like them. The monolith answers 404, as it should.\n"
    );
    let [from, to] = noise.database_ms;
    text += &format!("- Each request to DynamoDB takes {from} to {to} ms longer, at all times.\n");
    if let Some(workers) = problem.workload.workers {
        let ms = workers.ms;
        text += &format!("- Each like needs {ms} ms in the Like service, at all times.\n");
    }
    text + "\nTo be sure, compare the likes after each change, and in the last minutes, with those of the first minute: their statuses, and their \
            times by mysfit and by task. Where they are the same, there is no fault, whatever has changed."
}

/// Why the harmless change is not the cause.
fn explain_innocent(change: InnocentChange) -> &'static str {
    match change {
        InnocentChange::LikeRevision => {
            "The deployment of the Like service is harmless: it changes only SHUTDOWN_GRACE_SECONDS, which matters when a task ends."
        }
        InnocentChange::MonolithRevision => {
            "The deployment of the monolith is harmless: it changes only SHUTDOWN_GRACE_SECONDS, which matters when a task ends."
        }
        InnocentChange::Scaling => {
            "The new maximum of the scalable target is harmless: the Like service has as many tasks as before."
        }
    }
}

/// The grade of a mitigation, or why it could not be graded.
pub fn mitigation_json(graded: &Result<Mitigation, String>) -> Value {
    match graded {
        Ok(graded) => json!(graded),
        Err(error) => json!({ "harness_error": error }),
    }
}
