//! Grades the answer and the mitigation of an exam with what the lab has seen and what its services show.

use std::collections::HashSet;

use super::answer::Answer;
use super::ended::Changes;
use super::error::ExamError;
use super::evidence::Touched;
use super::grade::{Grade, grade};
use super::inject::Injector;
use super::integrity;
use super::mitigation::{self, Mitigation};
use super::problem::Variant;
use super::run::{Observed, Run};

impl Injector {
    /// Grades an answer.
    ///
    /// # Errors
    ///
    /// If a check could not run.
    pub async fn grade(
        &self,
        variant: Variant,
        observed: &Observed,
        changes: &Changes,
        answer: &Answer,
    ) -> Result<Grade, ExamError> {
        if answer.detected && observed.has_lost_records {
            let lost = "the ledger has lost records, so the share of touched likes is not known";
            return Err(ExamError::Harness(lost.to_owned()));
        }
        let holds = self.evidence(variant, observed, changes, answer).await?;
        Ok(grade(&observed.truth, answer, &holds)?)
    }

    /// Whether an item of the evidence of each root cause holds. The items are looked at until one holds, and only for the right
    /// components.
    async fn evidence(
        &self,
        variant: Variant,
        observed: &Observed,
        changes: &Changes,
        answer: &Answer,
    ) -> Result<Vec<bool>, ExamError> {
        let causes = &observed.truth.causes;
        let from = causes.first().map_or(observed.until, |it| it.occurred_at);
        let touched = Touched {
            problem: variant.problem,
            traces: &observed.traces,
            changed: &changes.arns,
            service: changes.service.as_deref(),
            from,
            to: observed.until,
        };
        let mut holds = vec![false; answer.root_causes.len()];
        let mut components = HashSet::new();
        for (given, holds) in answer.root_causes.iter().zip(&mut holds) {
            let is_right = causes.iter().any(|it| it.component == given.component);
            // Of several root causes in the same component, the first counts.
            if is_right && components.insert(&given.component) {
                for item in &given.evidence {
                    *holds = *holds || touched.is_shown_by(item, &self.aws).await?;
                }
            }
        }
        Ok(holds)
    }

    /// Grades the mitigation until `now`, in Unix seconds. `None` before answers are accepted, and if the mitigation of this exam
    /// is not graded.
    pub async fn mitigation(&self, run: &Run, now: f64) -> Option<Result<Mitigation, String>> {
        let is_healthy = run.variant.is_healthy;
        if !is_healthy {
            run.variant.problem.mitigation.as_ref()?;
        }
        let (from, to) = {
            let progress = run.progress();
            progress.baseline.filter(|_| progress.accepts_answers)?
        };
        let seen = (!is_healthy).then(|| (run.seen(from, to), run.seen_lately(now)));
        let integrity = match integrity::look(run, &self.aws, &self.ecs).await {
            Ok(integrity) => integrity,
            Err(failed) => return Some(Err(failed.to_string())),
        };
        Some(match seen {
            None => Ok(mitigation::grade_healthy(&integrity)),
            Some((baseline, last)) => {
                mitigation::grade(&baseline, &last, &integrity).map_err(|error| error.to_string())
            }
        })
    }
}
