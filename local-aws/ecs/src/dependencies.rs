//! The order in which the containers of a task start and stop.
//!
//! Source: the API reference, `ContainerDependency` and `startTimeout` of `ContainerDefinition`; where it is silent, the ECS
//! agent (`aws/amazon-ecs-agent`, commit 8dfceca6, `agent/engine/dependencygraph/graph.go`).

use std::time::Duration;

use crate::definition::{Condition, TaskDefinition};
use crate::runtime::Exit;

/// What a container of a task has reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The time since its start. `None` if it has not started.
    pub running_for: Option<Duration>,
    /// Whether it has passed its health check.
    pub is_healthy: bool,
    /// How it ended. A container that will never start has ended.
    pub exit: Option<Exit>,
}

/// Whether a container can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// It starts now.
    Now,
    /// It waits for another container.
    Wait,
    /// It will never start. Its exit is this one.
    Never(Exit),
}

/// The exit code of a container that will never start, as the agent reports it: the one of a container that receives SIGTERM.
const NEVER_STARTED: i32 = 143;

impl TaskDefinition {
    /// Decides whether a container that has not started can start. `progress` has all containers of the task.
    pub fn start(&self, container: usize, progress: &[Progress]) -> Start {
        let Some(container) = self.containers.get(container) else {
            return Start::Wait;
        };
        let mut result = Start::Now;
        for dependency in &container.depends_on {
            let index = dependency.container;
            let (Some(other), Some(reached)) = (self.containers.get(index), progress.get(index))
            else {
                return Start::Wait;
            };
            let failure = match resolve(dependency.condition, reached, other.start_timeout) {
                Resolution::Resolved => continue,
                Resolution::Open => {
                    result = Start::Wait;
                    continue;
                }
                Resolution::Failed(failure) => failure,
            };
            let reason = format!(
                "CannotStartContainerError: the container depends on '{}', which {failure}",
                other.name
            );
            return Start::Never(Exit {
                code: Some(NEVER_STARTED),
                reason: Some(reason),
            });
        }
        result
    }

    /// Whether a container receives SIGTERM now, in a task that stops. Containers stop in the reverse order: one that others
    /// depend on stops after these.
    pub fn can_stop(&self, container: usize, has_ended: impl Fn(usize) -> bool) -> bool {
        let mut others = self.containers.iter().enumerate();
        others.all(|(index, other)| {
            let mut dependencies = other.depends_on.iter();
            has_ended(index) || !dependencies.any(|dependency| dependency.container == container)
        })
    }

    /// Whether containers depend on each other in a circle.
    pub(crate) fn has_dependency_cycle(&self) -> bool {
        // Whoever depends only on resolved containers is resolved.
        let mut resolved = vec![false; self.containers.len()];
        loop {
            let next = self
                .containers
                .iter()
                .enumerate()
                .position(|(index, container)| {
                    let mut dependencies = container.depends_on.iter();
                    let is_resolved = |index: usize| resolved.get(index) == Some(&true);
                    !is_resolved(index) && dependencies.all(|it| is_resolved(it.container))
                });
            match next {
                Some(index) => resolved[index] = true,
                None => return resolved.contains(&false),
            }
        }
    }
}

enum Resolution {
    Resolved,
    Open,
    /// Why the condition will never be fulfilled.
    Failed(&'static str),
}

fn resolve(
    condition: Condition,
    reached: &Progress,
    start_timeout: Option<Duration>,
) -> Resolution {
    let is_fulfilled = match (condition, &reached.exit) {
        (_, Some(_)) if reached.running_for.is_none() => {
            return Resolution::Failed("will never start");
        }
        (Condition::Success, Some(exit)) if exit.code != Some(0) => {
            return Resolution::Failed("did not exit successfully");
        }
        // The condition is confirmed only while the task starts.
        (Condition::Healthy, Some(_)) if !reached.is_healthy => {
            return Resolution::Failed("ended before it was healthy");
        }
        (Condition::Start, _) => reached.running_for.is_some(),
        (Condition::Complete | Condition::Success, exit) => exit.is_some(),
        (Condition::Healthy, _) => reached.is_healthy,
    };
    if is_fulfilled {
        return Resolution::Resolved;
    }
    let has_timed_out = match (condition, reached.running_for, start_timeout) {
        (Condition::Start, _, _) => false,
        (_, Some(running), Some(timeout)) => running > timeout,
        _ => false,
    };
    if has_timed_out {
        return Resolution::Failed("did not reach the condition within its startTimeout");
    }
    Resolution::Open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{Container, Dependency};

    /// A definition whose containers are named by their indexes.
    fn definition(dependencies: &[&[(usize, Condition)]]) -> TaskDefinition {
        let container = |(index, depends_on): (usize, &&[(usize, Condition)])| Container {
            name: index.to_string(),
            image: "image".to_owned(),
            essential: true,
            memory: None,
            environment: Vec::new(),
            port_mappings: Vec::new(),
            health_check: None,
            depends_on: depends_on
                .iter()
                .map(|&(container, condition)| Dependency {
                    container,
                    condition,
                })
                .collect(),
            start_timeout: Some(Duration::from_secs(10)),
            restart_policy: None,
            stop_timeout: Duration::from_secs(30),
        };
        TaskDefinition {
            family: "family".to_owned(),
            revision: 1,
            cpu: 256,
            memory: 512,
            containers: dependencies.iter().enumerate().map(container).collect(),
            document: serde_json::Map::new(),
        }
    }

    fn running(seconds: u64) -> Progress {
        Progress {
            running_for: Some(Duration::from_secs(seconds)),
            ..Progress::default()
        }
    }

    fn healthy() -> Progress {
        Progress {
            is_healthy: true,
            ..running(1)
        }
    }

    fn exited(code: i32) -> Progress {
        Progress {
            exit: Some(Exit {
                code: Some(code),
                reason: None,
            }),
            ..running(1)
        }
    }

    /// The second container, which depends on the first.
    fn start(condition: Condition, first: Progress) -> Start {
        let definition = definition(&[&[], &[(0, condition)]]);
        definition.start(1, &[first, Progress::default()])
    }

    fn never(why: &str) -> Start {
        Start::Never(Exit {
            code: Some(143),
            reason: Some(format!(
                "CannotStartContainerError: the container depends on '0', which {why}"
            )),
        })
    }

    #[test]
    fn a_container_without_dependencies_starts_at_once() {
        let definition = definition(&[&[]]);
        assert_eq!(definition.start(0, &[Progress::default()]), Start::Now);
    }

    #[test]
    fn a_container_waits_for_the_condition() {
        for (condition, open, fulfilled) in [
            (Condition::Start, Progress::default(), running(0)),
            (Condition::Complete, running(1), exited(1)),
            (Condition::Success, running(1), exited(0)),
            (Condition::Healthy, running(1), healthy()),
        ] {
            assert_eq!(start(condition, Progress::default()), Start::Wait);
            assert_eq!(start(condition, open), Start::Wait, "{condition:?}");
            assert_eq!(start(condition, fulfilled), Start::Now, "{condition:?}");
        }
    }

    /// The agent resolves START for a container that has already ended: pull request 3927 of `aws/amazon-ecs-agent`.
    #[test]
    fn a_container_that_has_started_and_ended_has_started() {
        assert_eq!(start(Condition::Start, exited(1)), Start::Now);
    }

    #[test]
    fn a_container_never_starts_if_its_condition_can_no_longer_be_fulfilled() {
        let failed = start(Condition::Success, exited(1));
        assert_eq!(failed, never("did not exit successfully"));
        let failed = start(Condition::Healthy, exited(0));
        assert_eq!(failed, never("ended before it was healthy"));
        let never_started = Progress {
            running_for: None,
            ..exited(143)
        };
        for condition in [Condition::Start, Condition::Complete, Condition::Success] {
            let failed = start(condition, never_started.clone());
            assert_eq!(failed, never("will never start"), "{condition:?}");
        }
    }

    #[test]
    fn a_container_never_starts_if_another_one_needs_longer_than_its_start_timeout() {
        for condition in [Condition::Complete, Condition::Success, Condition::Healthy] {
            assert_eq!(start(condition, running(10)), Start::Wait);
            let failed = start(condition, running(11));
            let why = "did not reach the condition within its startTimeout";
            assert_eq!(failed, never(why), "{condition:?}");
        }
        assert_eq!(start(Condition::Start, running(11)), Start::Now);
    }

    #[test]
    fn all_dependencies_must_be_resolved() {
        let definition = definition(&[
            &[],
            &[],
            &[(0, Condition::Healthy), (1, Condition::Complete)],
        ]);
        let start = |first, second| definition.start(2, &[first, second, Progress::default()]);
        assert_eq!(start(running(1), exited(0)), Start::Wait);
        assert_eq!(start(healthy(), running(1)), Start::Wait);
        assert_eq!(start(healthy(), exited(0)), Start::Now);
    }

    #[test]
    fn containers_stop_in_the_reverse_order() {
        let definition = definition(&[&[], &[(0, Condition::Start)], &[(1, Condition::Start)]]);
        let can_stop = |ended: &'static [usize]| {
            [0, 1, 2].map(|it| definition.can_stop(it, |index| ended.contains(&index)))
        };
        assert_eq!(can_stop(&[]), [false, false, true]);
        assert_eq!(can_stop(&[2]), [false, true, true]);
        assert_eq!(can_stop(&[1, 2]), [true, true, true]);
    }

    #[test]
    fn a_cycle_is_found_and_a_chain_is_none() {
        let chain = definition(&[&[(1, Condition::Start)], &[(2, Condition::Start)], &[]]);
        assert!(!chain.has_dependency_cycle());
        let cycle = definition(&[&[(1, Condition::Start)], &[(0, Condition::Start)]]);
        assert!(cycle.has_dependency_cycle());
        let own = definition(&[&[(0, Condition::Start)]]);
        assert!(own.has_dependency_cycle());
    }
}
