//! The channel between the lab and a process of a task: a socket, which is the standard input of the process.
//!
//! Both sides write lines of JSON. The lab sends [`Order`]s, the first one before the process starts. The task sends
//! [`Message`]s. Either side ignores lines that it does not know or that are too long. When the lab's end closes, the process
//! stops.

use like_service::chaos::{FaultReport, Overrides};
use serde::{Deserialize, Serialize};

mod lab_end;
mod task_end;

pub use lab_end::{LabEnd, Link};
pub use task_end::TaskEnd;

/// Longest line in bytes. Longer ones are cut, so that they are no JSON.
const MAX_LINE: usize = 64 * 1024;

/// A line from the lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The faults of the task; `None`: those of its environment.
    Faults(Option<Overrides>),
}

/// A line from a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The number of reports that the task could not send since its last message.
    lost: u64,
    like: Option<FaultReport>,
}

/// The value as a line.
fn line_of(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests;
