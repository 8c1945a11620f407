//! The state of a target. The results of health checks change it. Pure: no clock, no network.

use std::time::Duration;

use crate::health_check::{CheckFailure, HealthCheck};

/// The state of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered recently; no check has passed yet.
    Initial,
    /// Receives requests.
    Healthy,
    /// Receives requests only if its group has no healthy target.
    Unhealthy,
    /// Deregistered: receives no new requests, and finishes its running requests.
    Draining,
}

/// A state, and the number of consecutive checks that contradict it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    state: State,
    contradicting_checks: u32,
    /// The failure of the last failed check.
    last_failure: Option<CheckFailure>,
}

impl Health {
    /// The health of a target that was just registered.
    pub fn new() -> Self {
        Self {
            state: State::Initial,
            contradicting_checks: 0,
            last_failure: None,
        }
    }

    /// The present state.
    pub fn state(self) -> State {
        self.state
    }

    /// The reason code and the description of an unhealthy target, as AWS's guide words them ("Target health reason codes").
    pub fn describe_failure(self) -> (&'static str, String) {
        let describe = |reason, description: &str| (reason, description.to_owned());
        match self.last_failure {
            Some(CheckFailure::Code(code)) => (
                "Target.ResponseCodeMismatch",
                format!("Health checks failed with these codes: [{code}]"),
            ),
            Some(CheckFailure::TimedOut) => describe("Target.Timeout", "Request timed out"),
            Some(CheckFailure::NoResponse) | None => {
                describe("Target.FailedHealthChecks", "Health checks failed")
            }
        }
    }

    /// Applies the result of a health check, which ended at this time after the registration. One success makes a new target
    /// healthy. Later the state changes after as many consecutive results as the threshold of `settings`.
    pub fn observe(
        &mut self,
        result: Result<(), CheckFailure>,
        settings: &HealthCheck,
        since_registration: Duration,
    ) {
        let passed = result.is_ok();
        self.last_failure = result.err().or(self.last_failure);
        let (is_confirmed, next_state, threshold) = match self.state {
            State::Initial if passed => (false, State::Healthy, 1),
            // A new target is checked more often than each interval, so the time counts instead of the failures.
            State::Initial => {
                let is_over = since_registration >= settings.time_to_unhealthy();
                (!is_over, State::Unhealthy, 1)
            }
            State::Healthy => (passed, State::Unhealthy, settings.unhealthy_threshold),
            State::Unhealthy => (!passed, State::Healthy, settings.healthy_threshold),
            State::Draining => return,
        };
        self.contradicting_checks = match is_confirmed {
            true => 0,
            false => self.contradicting_checks + 1,
        };
        if self.contradicting_checks >= threshold {
            self.state = next_state;
            self.contradicting_checks = 0;
        }
    }

    /// Deregisters the target. No later check changes the state.
    pub fn drain(&mut self) {
        self.state = State::Draining;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use proptest::prelude::*;

    fn settings() -> HealthCheck {
        HealthCheck::with_interval(Duration::from_secs(10))
    }

    fn observe(health: &mut Health, passed: bool) {
        let result = if passed {
            Ok(())
        } else {
            Err(CheckFailure::TimedOut)
        };
        health.observe(result, &settings(), Duration::from_secs(29));
    }

    fn after(checks: &[bool]) -> State {
        let mut health = Health::new();
        for passed in checks {
            observe(&mut health, *passed);
        }
        health.state()
    }

    #[test]
    fn a_new_target_is_healthy_after_one_success_however_often_it_failed_before() {
        assert_eq!(after(&[]), State::Initial);
        assert_eq!(after(&[true]), State::Healthy);
        assert_eq!(after(&[false; 50]), State::Initial);
        assert_eq!(after(&[false, false, false, false, true]), State::Healthy);
    }

    #[test]
    fn a_new_target_that_fails_is_unhealthy_after_as_many_intervals_as_the_threshold() {
        let mut health = Health::new();
        let failure = Err(CheckFailure::NoResponse);
        health.observe(failure, &settings(), Duration::from_millis(29_999));
        assert_eq!(health.state(), State::Initial);
        health.observe(failure, &settings(), Duration::from_secs(30));
        assert_eq!(health.state(), State::Unhealthy);
        assert_eq!(health.last_failure, Some(CheckFailure::NoResponse));
        for state in [State::Unhealthy, State::Unhealthy, State::Healthy] {
            health.observe(Ok(()), &settings(), Duration::from_secs(31));
            assert_eq!(health.state(), state);
        }
    }

    #[test]
    fn three_failures_in_a_row_make_a_target_unhealthy() {
        assert_eq!(after(&[true, false, false]), State::Healthy);
        assert_eq!(after(&[true, false, false, false]), State::Unhealthy);
        let interrupted = [true, false, false, true, false, false];
        assert_eq!(after(&interrupted), State::Healthy);
    }

    #[test]
    fn three_successes_in_a_row_make_a_target_healthy_again() {
        let unhealthy = [true, false, false, false];
        assert_eq!(
            after(&[&unhealthy[..], &[true; 2]].concat()),
            State::Unhealthy
        );
        assert_eq!(
            after(&[&unhealthy[..], &[true; 3]].concat()),
            State::Healthy
        );
        let interrupted = [&unhealthy[..], &[true, true, false, true, true]].concat();
        assert_eq!(after(&interrupted), State::Unhealthy);
    }

    #[test]
    fn the_thresholds_of_the_settings_count_and_the_last_failure_is_kept() {
        let settings = HealthCheck {
            healthy_threshold: 2,
            unhealthy_threshold: 4,
            ..settings()
        };
        let mut health = Health::new();
        health.observe(Ok(()), &settings, Duration::ZERO);
        assert_eq!(health.last_failure, None);
        for number in 1..=4 {
            assert_eq!(health.state(), State::Healthy, "{number}");
            health.observe(Err(CheckFailure::Code(500)), &settings, Duration::ZERO);
        }
        assert_eq!(health.state(), State::Unhealthy);
        health.observe(Ok(()), &settings, Duration::ZERO);
        assert_eq!(health.last_failure, Some(CheckFailure::Code(500)));
        assert_eq!(health.state(), State::Unhealthy);
        health.observe(Ok(()), &settings, Duration::ZERO);
        assert_eq!(health.state(), State::Healthy);
    }

    proptest! {
        #[test]
        fn no_check_changes_the_state_of_a_draining_target(
            before in proptest::collection::vec(any::<bool>(), 0..20),
            later in proptest::collection::vec(any::<bool>(), 0..20),
        ) {
            let mut health = Health::new();
            before.into_iter().for_each(|passed| observe(&mut health, passed));
            health.drain();
            later.into_iter().for_each(|passed| observe(&mut health, passed));
            prop_assert_eq!(health.state(), State::Draining);
        }

        #[test]
        fn after_the_first_success_three_equal_results_in_a_row_change_the_state(
            checks in proptest::collection::vec(any::<bool>(), 0..60)
        ) {
            let mut health = Health::new();
            observe(&mut health, true);
            let mut seen = vec![true];
            for passed in checks {
                let before = health.state();
                observe(&mut health, passed);
                seen.push(passed);
                if health.state() != before {
                    let last: Vec<_> = seen.iter().rev().take(3).collect();
                    let wanted = health.state() == State::Healthy;
                    prop_assert!(last.len() == 3 && last.iter().all(|passed| **passed == wanted));
                }
            }
        }
    }
}
