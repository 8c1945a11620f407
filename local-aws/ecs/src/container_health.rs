//! The health of a container: what the results of its health check mean. Pure. The runtime performs the checks.
//!
//! The rules are those of the API reference (`HealthCheck`): failures during the start period do not count. After the first
//! success, all failures count, also during the start period.
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html>

use std::time::Duration;

use crate::definition::ContainerHealthCheck;

/// Time between two checks of a container that has not passed a check yet. On AWS it is the interval of the health check.
const FIRST_CHECKS_INTERVAL: Duration = Duration::from_millis(100);

/// The health of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerHealth {
    /// `None` until the first success, or until the container has become unhealthy.
    is_healthy: Option<bool>,
    /// Consecutive failures after the first success.
    failures: u32,
}

impl ContainerHealth {
    /// Applies the result of a check that ended at this time after the start of the container. Returns the new health if it
    /// has changed.
    pub fn observe(
        &mut self,
        has_passed: bool,
        check: &ContainerHealthCheck,
        since_start: Duration,
    ) -> Option<bool> {
        let before = self.is_healthy;
        self.failures = if has_passed { 0 } else { self.failures + 1 };
        let is_unhealthy = match before {
            // The first checks are more frequent than the interval, so the time counts instead of the failures.
            None => since_start >= check.time_to_unhealthy(),
            Some(_) => self.failures >= check.retries,
        };
        if has_passed {
            self.is_healthy = Some(true);
        } else if is_unhealthy {
            self.is_healthy = Some(false);
        }
        self.is_healthy.filter(|_| self.is_healthy != before)
    }

    /// Time from the start of a check to the start of the next one.
    pub fn interval(&self, check: &ContainerHealthCheck) -> Duration {
        match self.is_healthy {
            None => FIRST_CHECKS_INTERVAL.min(check.interval),
            Some(_) => check.interval,
        }
    }
}

impl ContainerHealthCheck {
    /// Time after the start when a container that has not passed a check is unhealthy.
    fn time_to_unhealthy(&self) -> Duration {
        self.start_period + self.interval.saturating_mul(self.retries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The health check of `infra/services.yml`.
    fn check() -> ContainerHealthCheck {
        ContainerHealthCheck {
            command: vec!["CMD".to_owned(), "/monolith".to_owned()],
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            retries: 3,
            start_period: Duration::from_secs(10),
        }
    }

    fn observe(health: &mut ContainerHealth, has_passed: bool, seconds: u64) -> Option<bool> {
        health.observe(has_passed, &check(), Duration::from_secs(seconds))
    }

    #[test]
    fn one_success_makes_a_container_healthy_and_as_many_failures_as_retries_make_it_unhealthy() {
        let mut health = ContainerHealth::default();
        assert_eq!(health.interval(&check()), FIRST_CHECKS_INTERVAL);
        assert_eq!(observe(&mut health, true, 1), Some(true));
        assert_eq!(health.interval(&check()), check().interval);
        // A success in the start period ends it: the following failures count.
        let changes = [2, 3, 4, 5].map(|seconds| observe(&mut health, false, seconds));
        assert_eq!(changes, [None, None, Some(false), None]);
        assert_eq!(observe(&mut health, true, 6), Some(true));
    }

    #[test]
    fn a_success_resets_the_count_of_failures() {
        let mut health = ContainerHealth::default();
        let results = [true, false, false, true, false, false, true];
        let changes: Vec<_> = results
            .into_iter()
            .filter_map(|has_passed| observe(&mut health, has_passed, 60))
            .collect();
        assert_eq!(changes, [true]);
    }

    #[test]
    fn a_container_that_never_passes_is_unhealthy_after_the_start_period_and_the_retries() {
        let mut health = ContainerHealth::default();
        let changes = [1, 9, 11, 39, 40].map(|seconds| observe(&mut health, false, seconds));
        assert_eq!(changes, [None, None, None, None, Some(false)]);
    }
}
