//! What the lab says to people, in words.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::console::Console;
use crate::tasks::Slot;

mod ready;

pub use ready::Ready;

/// Tells people what happens.
#[derive(Clone, Debug)]
pub struct Report(Console);

impl Report {
    /// Reports to `console`.
    pub fn new(console: Console) -> Self {
        Self(console)
    }

    /// Where it is said.
    pub fn console(&self) -> Console {
        self.0.clone()
    }

    /// Says what happened.
    pub fn say(&self, event: impl fmt::Display) {
        self.0.say(event);
    }
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The lab begins to start.
    Starting,
    /// The database is there.
    Database {
        /// How long that took.
        time: Duration,
    },
    /// Some tasks still are not healthy.
    Waiting {
        /// Where their log lines are.
        logs: String,
    },
    /// A task passed its first health check.
    Healthy {
        /// Which one.
        slot: Slot,
        /// Since its start.
        time: Duration,
    },
    /// A task ended without being asked to.
    Died {
        /// Which one.
        slot: Slot,
        /// How it ended.
        how: String,
        /// When the next one is started.
        pause: Duration,
    },
    /// A person asked for a task to stop.
    Stopping {
        /// Which one.
        slot: Slot,
    },
    /// That task has stopped.
    Replaced {
        /// Which one.
        slot: Slot,
    },
    /// Somebody has put another file where the endpoints file was.
    EndpointsTaken {
        /// Where.
        path: PathBuf,
    },
    /// The lab was asked to stop.
    LabStops,
    /// And has.
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
