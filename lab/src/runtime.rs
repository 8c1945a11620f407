//! Runs tasks as processes: each container is a process of the lab's own program, which contains the code of all images.
//!
//! The environment of a process is that of its task definition, and what the lab adds. Nothing else is ever executed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ecs::{BoxFuture, Launch, Reporter, Runtime, Signal, TaskDefinition};
use tokio::sync::mpsc;

use crate::error::Error;
use crate::faults::TaskFaults;
use crate::ledger::Ledger;
use crate::logs::Logs;
use crate::report::Report;
use crate::worktree::Worktree;

mod addresses;
mod container;
mod executable;
mod image;
mod log_stream;
mod memory;
mod metadata;
mod outputs;
mod probe;
mod refusals;
mod relay;
mod running;
mod sidecars;

pub use addresses::Addresses;
pub use executable::path as executable;
pub use image::{Added, Image, Surroundings};
pub use metadata::Metadata;
pub use sidecars::{METADATA_PROXY, X_RAY_DAEMON};

use running::Running;

/// The programs that run in tasks, and where the lines of tasks go.
#[derive(Clone)]
pub struct Program {
    /// The lab's own program.
    pub executable: PathBuf,
    /// Has the program of the images that are in the worktree, once it is built.
    pub worktree: Worktree,
    pub logs: Logs,
}

impl Program {
    /// The program with the code of an image.
    ///
    /// # Errors
    ///
    /// If it is not built. The text begins with an error name of ECS.
    fn executable(&self, image: &Image) -> Result<PathBuf, String> {
        if !image.is_in_worktree {
            return Ok(self.executable.clone());
        }
        let program = self.worktree.program();
        if program.is_file() {
            return Ok(program);
        }
        // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
        Err(format!(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {}: not found: \
             the program {} is not built. Run `cargo build` in {}",
            image.name,
            program.display(),
            self.worktree.path().display(),
        ))
    }
}

/// The tasks of a lab. Clones are the same.
#[derive(Clone)]
pub struct Processes(Arc<Config>);

/// What all tasks have in common.
pub struct Config {
    pub program: Program,
    pub images: &'static [Image],
    /// The names that people and tools use, by the names of the services.
    pub short_names: BTreeMap<String, &'static str>,
    pub addresses: Addresses,
    /// For the variables that the lab adds.
    pub surroundings: Surroundings,
    pub metadata: Metadata,
    pub report: Report,
    /// Gets the reports of tasks.
    pub ledger: Ledger,
    /// The faults of tasks instead of those of their environment.
    pub faults: TaskFaults,
    /// The task definitions for which the lab has said that their traces are lost.
    pub warned: Mutex<BTreeSet<String>>,
    /// The scenario's own revisions of task definitions, as `<family>:<revision>`.
    pub own_definitions: BTreeSet<String>,
    /// Gets the errors of tasks of these revisions that could not start or that refused their environment. The lab ends with the
    /// first one before it is ready. ECS deals with the revisions of readers.
    pub failures: mpsc::UnboundedSender<Error>,
}

impl Processes {
    /// Runs tasks with these settings.
    pub fn new(config: Config) -> Self {
        Self(Arc::new(config))
    }
}

impl Config {
    /// The name of a service that people and tools use.
    fn short_name(&self, service: &str) -> &'static str {
        self.short_names.get(service).copied().unwrap_or("task")
    }

    /// Notes that the lab warns of a task definition. Returns whether it has not done so before.
    fn warns_first(&self, definition: &TaskDefinition) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.insert(definition.arn())
    }

    /// Reports that a task could not start or refused its environment.
    fn fail(&self, definition: &TaskDefinition, error: Error) {
        let name = format!("{}:{}", definition.family, definition.revision);
        if self.own_definitions.contains(&name) {
            let _ = self.failures.send(error);
        }
    }

    fn image(&self, name: &str) -> Option<&'static Image> {
        self.images.iter().find(|image| image.name == name)
    }
}

impl Runtime for Processes {
    fn check(&self, definition: &TaskDefinition) -> Result<(), String> {
        refusals::check(definition, self.0.images)
    }

    fn run(
        &self,
        launch: Launch,
        reporter: Reporter,
        signals: mpsc::UnboundedReceiver<Signal>,
    ) -> BoxFuture<'static, ()> {
        let config = Arc::clone(&self.0);
        Box::pin(async move {
            if let Some(running) = Running::start(config, launch, reporter) {
                running.run(signals).await;
            }
        })
    }
}

#[cfg(test)]
mod tests;
