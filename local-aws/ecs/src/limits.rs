//! The limits of a service: how many tasks run during a deployment, when a deployment has failed, how long to wait after a
//! failure. Pure arithmetic.

use std::time::Duration;

use crate::model::DeploymentConfig;

/// How many tasks of a service may and must run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of tasks that the scheduler tries to reach.
    pub desired: usize,
    /// The scheduler stops no healthy task if fewer healthy ones would remain.
    pub lower: usize,
    /// The scheduler starts no task if more would run or start.
    pub upper: usize,
}

impl Limits {
    /// The limits of a service. Source: Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks": the lower
    /// limit is rounded up, the upper limit is rounded down.
    ///
    /// If `max_tasks` is what leaves no room for a replacement, the lower limit is one less than `max_tasks`: otherwise no
    /// deployment of as many tasks could ever make a step.
    pub fn new(desired_count: u32, config: &DeploymentConfig, max_tasks: u32) -> Self {
        let desired = desired_count.min(max_tasks);
        let lower = percent(desired, config.minimum_healthy_percent).div_ceil(100);
        let upper = percent(desired_count, config.maximum_percent) / 100;
        let is_capped = upper > u64::from(max_tasks);
        let upper = upper.min(u64::from(max_tasks));
        let lower = match is_capped {
            true => lower.min(upper.saturating_sub(1)),
            false => lower,
        };
        Self {
            desired: desired as usize,
            lower: lower as usize,
            upper: upper as usize,
        }
    }
}

fn percent(count: u32, percent: u32) -> u64 {
    u64::from(count) * u64::from(percent)
}

/// The number of failed tasks at which a deployment has failed. Source: ECS API reference, `ServiceDeploymentCircuitBreaker`.
pub fn failure_threshold(desired_count: u32) -> u32 {
    const MIN_THRESHOLD: u32 = 3;
    const MAX_THRESHOLD: u32 = 200;
    desired_count
        .div_ceil(2)
        .clamp(MIN_THRESHOLD, MAX_THRESHOLD)
}

/// Failed tasks in a row after which an event says that tasks do not start. AWS does not say after how many.
pub const IMPAIRED_AFTER: u32 = 3;

/// The first pause.
const MIN_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause. On AWS it is many minutes, which is too long for a workshop.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A pause is longer by up to this part of itself, so that services do not restart at the same time.
const JITTER: f64 = 0.1;

const _: () = assert!(
    !MIN_PAUSE.is_zero()
        && MIN_PAUSE.as_nanos() <= MAX_PAUSE.as_nanos()
        && JITTER >= 0.0
        && JITTER < 1.0
);

/// The pause before the next start after a number of failed tasks in a row. `fraction` is a random number from 0 to 1.
pub fn pause(failed_tasks: u32, fraction: f64) -> Duration {
    let doublings = failed_tasks.saturating_sub(1).min(31);
    let pause = MIN_PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE);
    pause.mul_f64(1.0 + JITTER * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(desired: u32, minimum: u32, maximum: u32, max_tasks: u32) -> (usize, usize) {
        let config = DeploymentConfig {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            circuit_breaker: false,
            rollback: false,
        };
        let limits = Limits::new(desired, &config, max_tasks);
        (limits.lower, limits.upper)
    }

    /// The examples of the developer guide, "Deploy Amazon ECS services by replacing tasks".
    #[test]
    fn limits_are_those_of_the_developer_guide() {
        assert_eq!(limits(4, 50, 200, 99), (2, 8));
        assert_eq!(limits(2, 75, 200, 99), (2, 4));
        assert_eq!(limits(3, 100, 125, 99), (3, 3));
        assert_eq!(limits(1, 50, 150, 99), (1, 1));
        assert_eq!(limits(0, 100, 200, 99), (0, 0));
        assert_eq!(limits(3, 0, 100, 99), (0, 3));
    }

    #[test]
    fn a_deployment_of_as_many_tasks_as_the_limit_can_replace_one_at_a_time() {
        assert_eq!(limits(20, 100, 200, 20), (19, 20));
        assert_eq!(limits(30, 100, 200, 20), (19, 20));
        assert_eq!(limits(11, 100, 200, 20), (11, 20));
        assert_eq!(limits(10, 100, 200, 20), (10, 20));
    }

    /// The table of the developer guide, "How the Amazon ECS deployment circuit breaker detects failures", and its limits.
    #[test]
    fn thresholds_are_those_of_the_developer_guide() {
        for (desired, threshold) in [(1, 3), (25, 13), (400, 200), (800, 200)] {
            assert_eq!(failure_threshold(desired), threshold, "desired {desired}");
        }
        assert_eq!(failure_threshold(0), 3);
        assert_eq!(failure_threshold(7), 4);
        assert_eq!(failure_threshold(u32::MAX), 200);
    }

    #[test]
    fn pauses_double_up_to_five_seconds() {
        let pauses: Vec<_> = (0..9).map(|n| pause(n, 0.0).as_millis()).collect();
        let expected = [100, 100, 200, 400, 800, 1600, 3200, 5000, 5000];
        assert_eq!(pauses, expected);
        assert_eq!(pause(u32::MAX, 1.0), Duration::from_millis(5_500));
    }
}
