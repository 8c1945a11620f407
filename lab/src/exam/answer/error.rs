//! Why an answer is invalid.

/// An invalid answer. It is shown to the person or program that gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", if path.is_empty() { "the answer" } else { path })]
pub struct InvalidAnswer {
    /// The member, for example `root_causes[0].component`. Empty for the whole answer.
    path: String,
    /// What is wrong, and what is expected.
    problem: String,
}

impl InvalidAnswer {
    pub(super) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }
}
