//! Why a request about exams is refused.

use http_shell::format_error;
use thiserror::Error;

use super::aws::Failed;
use super::grade::HarnessError;
use super::inject::NotInjected;
use super::times::rfc3339;

#[derive(Debug, Error)]
pub enum ExamError {
    #[error("there is no exam {0:?}: `exam list` shows the exams")]
    NoSuchExam(String),
    #[error("the exam {0} runs: end it with `exam stop` first")]
    Running(&'static str),
    #[error("the lab was started with options with which this exam cannot run: {0}")]
    Options(String),
    #[error("no exam runs: `exam list` shows the exams, and `exam start ID` starts one")]
    NotRunning,
    #[error("no exam has ended: `exam start ID` starts one, and `exam stop` ends it")]
    NotEnded,
    #[error("the exam that runs has not ended: `exam stop` ends it")]
    StillRunning,
    #[error("the last exam ended before answers were accepted, so there is nothing to explain")]
    EndedEarly,
    #[error("it is too early for an answer: {}", when(*.0))]
    TooEarly(Option<f64>),
    #[error("the exam has got another answer, and accepts only one: `exam stop` ends the exam")]
    OtherAnswer,
    /// A check or the exam itself could not run. The person has neither passed nor failed.
    #[error("a part of the exam could not run, which is neither a pass nor a failure: {0}")]
    Harness(String),
    #[error("the lab cannot be reset")]
    Reset(#[from] crate::error::Error),
}

fn when(answers_from: Option<f64>) -> String {
    match answers_from {
        Some(time) => format!("answers are accepted from {}", rfc3339(time)),
        None => "the exam is being prepared".to_owned(),
    }
}

impl From<HarnessError> for ExamError {
    fn from(error: HarnessError) -> Self {
        Self::Harness(error.to_string())
    }
}

impl From<Failed> for ExamError {
    fn from(error: Failed) -> Self {
        Self::Harness(error.to_string())
    }
}

impl From<NotInjected> for ExamError {
    fn from(error: NotInjected) -> Self {
        Self::Harness(format_error(&error))
    }
}
