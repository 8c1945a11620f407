//! The state of a target, as its health checks move it. Pure: no clock, no network.

/// Checks in a row that make a healthy target unhealthy.
const UNHEALTHY_THRESHOLD: u32 = 3;

/// Checks in a row that make an unhealthy target healthy again.
const HEALTHY_THRESHOLD: u32 = 3;

/// What a load balancer thinks of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered, and no check has passed yet.
    Initial,
    /// Gets requests.
    Healthy,
    /// Gets none, unless no target is better.
    Unhealthy,
    /// Deregistered: gets no new requests, finishes those it has.
    Draining,
}

/// A state and the checks in a row that speak against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    state: State,
    against: u32,
}

impl Health {
    /// The health of a target that was just registered.
    pub fn new() -> Self {
        Self {
            state: State::Initial,
            against: 0,
        }
    }

    /// Where it stands.
    pub fn state(self) -> State {
        self.state
    }

    /// Takes note of one health check. One success makes a new target healthy; afterwards it takes
    /// several in a row to change its state.
    pub fn observe(&mut self, passed: bool) {
        let (confirmed, other, threshold) = match self.state {
            // The checks of a new target follow each other so quickly that failures mean nothing.
            State::Initial => (!passed, State::Healthy, 1),
            State::Healthy => (passed, State::Unhealthy, UNHEALTHY_THRESHOLD),
            State::Unhealthy => (!passed, State::Healthy, HEALTHY_THRESHOLD),
            State::Draining => return,
        };
        self.against = if confirmed { 0 } else { self.against + 1 };
        if self.against >= threshold {
            self.state = other;
            self.against = 0;
        }
    }

    /// Takes note of the deregistration, from which there is no way back.
    pub fn drain(&mut self) {
        self.state = State::Draining;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(checks: &[bool]) -> State {
        let mut health = Health::new();
        for passed in checks {
            health.observe(*passed);
        }
        health.state()
    }

    #[test]
    fn a_new_target_is_healthy_after_one_success_however_often_it_failed() {
        assert_eq!(after(&[]), State::Initial);
        assert_eq!(after(&[true]), State::Healthy);
        assert_eq!(after(&[false; 50]), State::Initial);
        assert_eq!(after(&[false, false, false, false, true]), State::Healthy);
    }

    #[test]
    fn three_failures_in_a_row_make_it_unhealthy() {
        assert_eq!(after(&[true, false, false]), State::Healthy);
        assert_eq!(after(&[true, false, false, false]), State::Unhealthy);
        let interrupted = [true, false, false, true, false, false];
        assert_eq!(after(&interrupted), State::Healthy);
    }

    #[test]
    fn three_successes_in_a_row_make_it_healthy_again() {
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

    proptest! {
        #[test]
        fn nothing_brings_a_draining_target_back(
            before in proptest::collection::vec(any::<bool>(), 0..20),
            later in proptest::collection::vec(any::<bool>(), 0..20),
        ) {
            let mut health = Health::new();
            before.into_iter().for_each(|passed| health.observe(passed));
            health.drain();
            later.into_iter().for_each(|passed| health.observe(passed));
            prop_assert_eq!(health.state(), State::Draining);
        }

        #[test]
        fn after_its_first_success_a_target_changes_only_with_the_third_of_three(
            checks in proptest::collection::vec(any::<bool>(), 0..60)
        ) {
            let mut health = Health::new();
            health.observe(true);
            let mut seen = vec![true];
            for passed in checks {
                let before = health.state();
                health.observe(passed);
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
