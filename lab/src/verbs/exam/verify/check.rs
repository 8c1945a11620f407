//! What was checked.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Right,
    Wrong,
    /// The check could not run.
    NotChecked,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::NotChecked => "not_checked",
        }
    }
}

pub struct Check {
    pub exam: &'static str,
    pub outcome: Outcome,
    pub text: String,
}

/// Why a problem could not be checked to its end.
pub struct Stopped(pub String);

impl<E: std::error::Error> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self(http_shell::format_error(&error))
    }
}
