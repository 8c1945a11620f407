//! How simulated tasks behave.

use std::time::Duration;

/// How the tasks of a revision behave.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// When the start succeeds, or fails.
    pub start: Result<Duration, Duration>,
    /// When the checks pass (`Ok`) or fail (`Err`), after the registration. Never without.
    pub check: Option<Result<Duration, Duration>>,
    /// When the container ends by itself, after the launch.
    pub exit: Option<Duration>,
    /// When the container ends after SIGTERM. Never without.
    pub term: Option<Duration>,
    /// When a deregistration ends.
    pub deregistration: Duration,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            start: Ok(Duration::from_millis(300)),
            check: Some(Ok(Duration::from_secs(1))),
            exit: None,
            term: Some(Duration::from_millis(100)),
            deregistration: Duration::from_secs(2),
        }
    }
}

impl Behavior {
    pub fn fails_to_start() -> Self {
        let start = Err(Duration::from_millis(100));
        Self {
            start,
            ..Self::default()
        }
    }

    pub fn is_unhealthy() -> Self {
        let check = Some(Err(Duration::from_secs(3)));
        Self {
            check,
            ..Self::default()
        }
    }

    pub fn crashes_after(lifetime: Duration) -> Self {
        let exit = Some(lifetime);
        Self {
            exit,
            ..Self::default()
        }
    }
}
