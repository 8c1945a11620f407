//! Parses what decides when a container starts, restarts and stops.

use std::time::Duration;

use wire::{Error, shorten};

use super::refused;
use crate::definition::request;
use crate::definition::{Condition, Dependency};
use crate::definition::{Container, RestartPolicy};

/// Maximum number of exit codes after which a container is not restarted.
const MAX_IGNORED_EXIT_CODES: usize = 50;

/// Time between SIGTERM and SIGKILL if the task definition has no `stopTimeout`.
const DEFAULT_STOP_TIMEOUT: i64 = 30;

pub fn parse_dependencies(
    dependencies: &[request::Dependency],
    names: &[String],
) -> Result<Vec<Dependency>, Error> {
    let dependencies = dependencies.iter().map(|dependency| {
        let name = &dependency.container_name;
        match names.iter().position(|known| known == name) {
            Some(container) => Ok(Dependency {
                container,
                condition: dependency.condition,
            }),
            None => Err(refused(format!(
                "Cannot depend on container + '{}' because it does not exist",
                shorten(name)
            ))),
        }
    });
    dependencies.collect()
}

pub fn check_dependencies(containers: &[Container]) -> Result<(), Error> {
    for dependency in containers.iter().flat_map(|it| &it.depends_on) {
        let other = &containers[dependency.container];
        match dependency.condition {
            Condition::Success | Condition::Complete if other.essential => {
                return Err(refused(
                    "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                ));
            }
            Condition::Healthy if other.health_check.is_none() => {
                return Err(refused(
                    "A dependency container with HEALTHY condition must have health check configured",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

pub fn parse_restart_policy(
    container: &str,
    policy: Option<request::RestartPolicy>,
) -> Result<Option<RestartPolicy>, Error> {
    let Some(policy) = policy.filter(|policy| policy.enabled) else {
        return Ok(None);
    };
    if policy.ignored_exit_codes.len() > MAX_IGNORED_EXIT_CODES {
        return Err(refused(format!(
            "The ignoredExitCodes of container '{container}' are more than {MAX_IGNORED_EXIT_CODES}."
        )));
    }
    let seconds = policy.restart_attempt_period.map_or(Ok(300), u64::try_from);
    match seconds {
        Ok(seconds @ 60..=1800) => Ok(Some(RestartPolicy {
            attempt_period: Duration::from_secs(seconds),
            ignored_exit_codes: policy.ignored_exit_codes,
        })),
        _ => Err(refused(format!(
            "The restartAttemptPeriod of container '{container}' must be from 60 to 1800 seconds."
        ))),
    }
}

pub fn check_start_timeout(
    container: &str,
    seconds: Option<i64>,
) -> Result<Option<Duration>, Error> {
    match seconds.map(u64::try_from) {
        None => Ok(None),
        Some(Ok(seconds @ 2..=120)) => Ok(Some(Duration::from_secs(seconds))),
        Some(_) => Err(refused(format!(
            "The startTimeout of container '{container}' must be from 2 to 120 seconds."
        ))),
    }
}

pub fn check_stop_timeout(container: &str, seconds: Option<i64>) -> Result<Duration, Error> {
    let seconds = seconds.unwrap_or(DEFAULT_STOP_TIMEOUT);
    if seconds > 120 {
        return Err(refused(
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        ));
    }
    match u64::try_from(seconds) {
        Ok(seconds) if seconds >= 2 => Ok(Duration::from_secs(seconds)),
        _ => Err(refused(format!(
            "Granular stop timeout on container '{container}' must be at least 2 seconds."
        ))),
    }
}
