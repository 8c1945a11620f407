//! The messages that the lab prints while it runs.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::console::Console;

mod ready;

pub use ready::{Ready, Words};

/// Prints the lab's messages on the console.
#[derive(Clone, Debug)]
pub struct Report(Console);

impl Report {
    /// Creates a report that prints to `console`.
    pub fn new(console: Console) -> Self {
        Self(console)
    }

    /// The console to which this report prints.
    pub fn console(&self) -> Console {
        self.0.clone()
    }

    /// Prints a message about an event.
    pub fn say(&self, event: impl fmt::Display) {
        self.0.say(event);
    }
}

/// An event of the lab that is printed.
#[derive(Debug)]
pub enum Event {
    /// The lab begins to start.
    Starting {
        /// The name of the workshop.
        title: &'static str,
    },
    /// The database is ready.
    Database {
        /// The time from the start of the database until it was ready.
        time: Duration,
    },
    /// Some tasks are still not healthy.
    Waiting {
        /// The URL of the log lines of a service without a healthy task.
        logs: String,
    },
    /// A task has become healthy for the first time.
    Healthy {
        /// The short name of the service, and the ordinal.
        task: String,
        /// The time since ECS decided to start the task.
        time: Duration,
    },
    /// A task that was healthy no longer is.
    Unhealthy {
        /// The short name of the service, and the ordinal.
        task: String,
    },
    /// A task is healthy that was unhealthy after it had been healthy.
    HealthyAgain {
        /// The short name of the service, and the ordinal.
        task: String,
    },
    /// ECS stops a task.
    Stops {
        /// The short name of the service, and the ordinal.
        task: String,
    },
    /// A process ended although ECS did not stop it.
    Died {
        /// The short name of the service, and the ordinal.
        task: String,
        /// The exit code or the signal, and the first lines of standard error.
        how: String,
    },
    /// The tasks of a task definition send their traces to an X-Ray daemon that they do not have.
    NoDaemon {
        /// The short name of the service.
        service: &'static str,
        /// Family and revision of the task definition.
        definition: String,
    },
    /// The desired count of a service has changed.
    Scaled {
        /// The short name of the service.
        service: &'static str,
        /// The desired count before.
        from: u32,
        /// The desired count now.
        to: u32,
    },
    /// A deployment has begun.
    Deploys {
        /// The short name of the service.
        service: &'static str,
        /// The id of the deployment.
        id: String,
        /// Family and revision of the task definition.
        definition: String,
    },
    /// An event of ECS about a task.
    Task {
        /// The short name of the service, and the ordinal.
        task: String,
        /// The message of ECS in short.
        message: String,
    },
    /// An event of ECS about a service.
    Service {
        /// The short name of the service.
        service: &'static str,
        /// The message of ECS in short. Names of tasks replace their ids.
        message: String,
    },
    /// Another program has replaced the endpoints file by a different file.
    EndpointsTaken {
        /// The path of the endpoints file.
        path: PathBuf,
    },
    /// The lab received a signal and starts to stop.
    LabStops,
    /// All parts of the lab have stopped.
    Stopped,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting { title } => write!(f, "Starting {title} ..."),
            Self::Database { time } => {
                write!(f, "  {:<16}  ready in {} ms", "database", time.as_millis())
            }
            Self::Waiting { logs } => {
                write!(f, "  still waiting for healthy tasks; their logs: {logs}")
            }
            Self::Healthy { task, time } => {
                write!(f, "  {task:<16}  healthy after {} ms", time.as_millis())
            }
            Self::Unhealthy { task } => write!(f, "  {task:<16}  is unhealthy"),
            Self::HealthyAgain { task } => write!(f, "  {task:<16}  is healthy again"),
            Self::Stops { task } => {
                write!(f, "  {task:<16}  is stopping and gets no new requests")
            }
            Self::Died { task, how } => write!(f, "  {task:<16}  died ({how})"),
            Self::NoDaemon {
                service,
                definition,
            } => write!(
                f,
                "  {service:<16}  WARN: the traces of {definition} are lost: OTEL_TRACES_EXPORTER is xray, and no container \
                 has the image x-ray-daemon"
            ),
            Self::Scaled { service, from, to } => {
                write!(f, "  {service:<16}  desired count {from} -> {to}")
            }
            Self::Deploys {
                service,
                id,
                definition,
            } => write!(f, "  {service:<16}  deployment ecs-svc/{id} of {definition} started"),
            Self::Task { task, message } => write!(f, "  {task:<16}  {message}"),
            Self::Service { service, message } => write!(f, "  {service:<16}  {message}"),
            Self::EndpointsTaken { path } => {
                let path = path.display();
                write!(
                    f,
                    "  {path} was replaced by another file; the lab no longer writes it"
                )
            }
            Self::LabStops => f.write_str(
                "\nStopping. Requests in progress are finished; press Ctrl-C again to stop at once.",
            ),
            Self::Stopped => f.write_str("Stopped."),
        }
    }
}
