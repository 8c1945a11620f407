//! The grade of an answer: pure, so that the same answer always gets the same grade.
//!
//! docs/exams.md says how points are given.

use serde::Serialize;

use super::answer::Answer;

mod explain;
mod matching;
mod points;
mod quantity;
#[cfg(test)]
mod tests;

pub use explain::explain;
use matching::Matching;
pub use points::{Category, Points, total};

/// What really happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Empty for the healthy twin.
    pub causes: Vec<Cause>,
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// As in an answer.
    pub component: String,
    /// The name of a mechanism of the vocabulary.
    pub mechanism: String,
    /// Unix time in seconds.
    pub occurred_at: f64,
    /// Likes from the first to the last one that the fault touched.
    pub likes: u64,
    /// Those of the likes that the fault touched.
    pub touched: u64,
}

/// Why an exam cannot be graded. It is no fault of the person or program that takes the exam, who neither passes nor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarnessError {
    #[error("the fault touched no like")]
    UntouchedCause,
    #[error(
        "a check needs {expected} likes before the fault and at the end, and there were {given}"
    )]
    TooFewLikes { expected: u64, given: u64 },
}

/// Points of an answer, with a sentence for each category. The sentences do not say what was expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grade {
    /// At most 100.
    pub total: Points,
    pub categories: Vec<Category>,
}

const DETECTION: u32 = 15;
const LOCALIZATION: u32 = 30;
const MECHANISM: u32 = 25;
const TIME: u32 = 10;
const QUANTITIES: u32 = 10;
const EVIDENCE: u32 = 10;

/// The names of the categories and their maxima.
const CATEGORIES: [(&str, u32); 6] = [
    ("detection", DETECTION),
    ("localization", LOCALIZATION),
    ("mechanism", MECHANISM),
    ("time", TIME),
    ("quantities", QUANTITIES),
    ("evidence", EVIDENCE),
];

/// The largest difference between the time of a cause and that of the answer.
const MAX_DIFFERENCE_MS: f64 = 60_000.0;

/// Grades an answer. `evidence_holds` says for each root cause of the answer whether an item of its evidence holds.
///
/// # Errors
///
/// Returns an error if the answer reports a fault, and the fault touched no like.
pub fn grade(
    truth: &Truth,
    answer: &Answer,
    evidence_holds: &[bool],
) -> Result<Grade, HarnessError> {
    let is_untouched = |cause: &Cause| cause.touched == 0 || cause.likes == 0;
    if answer.detected && truth.causes.iter().any(is_untouched) {
        return Err(HarnessError::UntouchedCause);
    }
    let categories = match (truth.causes.is_empty(), answer.detected) {
        (true, false) => all(true, "There was no fault, and the answer says so."),
        (true, true) => all(false, "The answer reports a fault, and there was none."),
        (false, false) => all(false, "The answer reports no fault, and there was one."),
        (false, true) => faulty(truth, answer, evidence_holds),
    };
    Ok(Grade {
        total: total(&categories),
        categories,
    })
}

/// All categories with all points or with none.
fn all(is_full: bool, reason: &str) -> Vec<Category> {
    CATEGORIES
        .map(|(name, maximum)| Category::new(name, maximum, f64::from(is_full), reason))
        .to_vec()
}

/// The categories of an answer that reports a fault in a system with a fault.
fn faulty(truth: &Truth, answer: &Answer, evidence_holds: &[bool]) -> Vec<Category> {
    let matching = Matching::new(truth, answer);
    let located = &matching.located;
    let detection = Category::new(
        "detection",
        DETECTION,
        1.0,
        "There was a fault, and the answer says so.",
    );
    let mean = |name, maximum, is_right: &dyn Fn(&matching::Located<'_>) -> bool, what: &str| {
        let right = located.iter().filter(|located| is_right(located)).count();
        let reason = match located.len() {
            0 => "It counts only for a cause whose component is right.".to_owned(),
            given if right == given => format!("{what} is right."),
            _ if right == 0 => format!("{what} is not right."),
            given => format!("{what} is right for {right} of {given} located causes."),
        };
        let share = right as f64 / located.len().max(1) as f64;
        Category::new(name, maximum, share, reason)
    };
    let time_is_right = |located: &matching::Located<'_>| {
        let difference = located.given.occurred_at - located.cause.occurred_at;
        (difference * 1_000.0).round().abs() <= MAX_DIFFERENCE_MS
    };
    let has_evidence =
        |located: &matching::Located<'_>| evidence_holds.get(located.index) == Some(&true);
    vec![
        detection,
        matching.localization(LOCALIZATION),
        mean(
            "mechanism",
            MECHANISM,
            &|located| located.given.mechanism.name == located.cause.mechanism,
            "The mechanism",
        ),
        mean("time", TIME, &time_is_right, "The time (within 60 seconds)"),
        quantity::category(QUANTITIES, answer.affected_percent, located),
        mean(
            "evidence",
            EVIDENCE,
            &has_evidence,
            "The evidence (one item is enough)",
        ),
    ]
}
