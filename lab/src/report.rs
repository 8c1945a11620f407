//! The messages that the lab prints while it runs.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::console::Console;
use crate::tasks::Slot;

mod ready;

pub use ready::Ready;

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
    Starting,
    /// The database is ready.
    Database {
        /// The time from the start of the database until it was ready.
        time: Duration,
    },
    /// Some tasks are still not healthy.
    Waiting {
        /// The URL of the monolith's log lines.
        logs: String,
    },
    /// A task passed its first health check.
    Healthy {
        /// The place of the task in its service.
        slot: Slot,
        /// The time since the start of the task.
        time: Duration,
    },
    /// A task ended although the lab did not stop it.
    Died {
        /// The place of the task in its service.
        slot: Slot,
        /// The exit code, the signal, or the reason why the task could not start.
        how: String,
        /// The time until the replacement is started.
        pause: Duration,
    },
    /// A task is being stopped, because a person requested this at `/lab/tasks/<id>/stop`.
    Stopping {
        /// The place of the task in its service.
        slot: Slot,
    },
    /// A task that a person stopped has ended, and its replacement starts.
    Replaced {
        /// The place of the task in its service.
        slot: Slot,
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
            Self::Starting => f.write_str("Starting Mythical Mysfits ..."),
            Self::Database { time } => {
                write!(f, "  {:<16}  ready in {} ms", "database", time.as_millis())
            }
            Self::Waiting { logs } => {
                write!(f, "  still waiting for healthy tasks; their logs: {logs}")
            }
            Self::Healthy { slot, time } => {
                let slot = slot.to_string();
                write!(f, "  {slot:<16}  healthy after {} ms", time.as_millis())
            }
            Self::Died { slot, how, pause } => {
                let slot = slot.to_string();
                let pause = pause.as_millis();
                write!(f, "  {slot:<16}  died ({how}); its replacement starts in {pause} ms")
            }
            Self::Stopping { slot } => {
                let slot = slot.to_string();
                write!(f, "  {slot:<16}  is stopping and gets no new requests")
            }
            Self::Replaced { slot } => {
                let slot = slot.to_string();
                write!(f, "  {slot:<16}  has stopped; its replacement starts")
            }
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
