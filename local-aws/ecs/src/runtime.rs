//! How tasks run. The program that uses this crate implements [`Runtime`], for example with processes.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::definition::{Protocol, TaskDefinition};

/// A future whose type is not known.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs tasks.
pub trait Runtime: Send + Sync + 'static {
    /// Checks on registration whether tasks of the definition can run.
    ///
    /// # Errors
    ///
    /// The message names what cannot run, and says what is possible. The API returns it as `ClientException`.
    fn check(&self, definition: &TaskDefinition) -> Result<(), String>;

    /// Runs a task until all its containers have ended and every started container was reported as exited, or the start
    /// has failed. Dropping the future kills the containers.
    ///
    /// `signals` gives the signals for all containers. After the last signal it stays open until the future is dropped.
    fn run(
        &self,
        launch: Launch,
        reporter: Reporter,
        signals: mpsc::UnboundedReceiver<Signal>,
    ) -> BoxFuture<'static, ()>;
}

/// A task to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The name of the service.
    pub service: String,
    /// The lowest number that no other running task of the service has, from 0.
    pub ordinal: u32,
    /// The task definition.
    pub definition: Arc<TaskDefinition>,
    /// The ids of the containers, in the order of the task definition: 32 hexadecimal digits, a hyphen and ten digits.
    pub runtime_ids: Vec<String>,
}

/// A signal to the containers of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Asks them to end.
    Term,
    /// Ends them.
    Kill,
}

/// Tells the scheduler about one task.
#[derive(Clone)]
pub struct Reporter(pub(crate) Arc<dyn Fn(Report) + Send + Sync>);

impl Reporter {
    /// Passes each report to `report`.
    pub fn new(report: impl Fn(Report) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    /// Reports a change of the task.
    pub fn report(&self, report: Report) {
        (self.0)(report);
    }
}

/// A change of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// All containers have been started, and listen on their ports.
    Started(Started),
    /// The containers could not be started. The text begins with an error name of ECS, for example
    /// `CannotStartContainerError: `.
    StartFailed(String),
    /// A container has passed its health check, or has failed it as often as its definition allows.
    Health {
        /// The container's name.
        container: String,
        /// Whether it is healthy now.
        is_healthy: bool,
    },
    /// A container has ended.
    Exited {
        /// The container's name.
        container: String,
        /// How it ended.
        exit: Exit,
    },
}

/// Where a started task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The address of the task.
    pub address: IpAddr,
    /// Where the ports of its containers are.
    pub bindings: Vec<Binding>,
    /// Process ids, in the order of the containers.
    pub pids: Vec<u32>,
}

/// Where a port of a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The container's name.
    pub container: String,
    /// The port in the task definition.
    pub container_port: u16,
    /// The port at the task's address.
    pub host_port: u16,
    /// The protocol of the port.
    pub protocol: Protocol,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The exit code: 128 plus the number of the signal that killed the container, if a signal did.
    pub code: Option<i32>,
    /// For example `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
}
