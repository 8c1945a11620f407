//! What is known of a container of a running task.

use std::net::SocketAddr;
use std::time::Duration;

use ecs::{Exit, Progress};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::runtime::container::Control;

/// A container.
#[derive(Default)]
pub struct State {
    /// `None` before the start and after the end.
    pub process: Option<Process>,
    /// The id of the last process.
    pub pid: u32,
    /// When the last process started.
    started_at: Option<Instant>,
    /// The port in the environment.
    pub program_port: u16,
    pub listens_at: Option<SocketAddr>,
    pub health_check: Option<AbortHandle>,
    pub is_healthy: bool,
    /// How it ended for ever.
    pub exit: Option<Exit>,
    /// Whether it has received SIGTERM.
    pub is_terminated: bool,
}

/// A running process.
pub struct Process {
    pub pid: u32,
    pub control: mpsc::UnboundedSender<Control>,
}

impl State {
    pub fn starts(&mut self, process: Process) {
        self.pid = process.pid;
        self.process = Some(process);
        self.started_at = Some(Instant::now());
        self.is_healthy = false;
    }

    /// Notes that the process has ended. Returns how long it ran.
    pub fn ends(&mut self) -> Option<Duration> {
        self.process = None;
        if let Some(check) = self.health_check.take() {
            check.abort();
        }
        self.running_for()
    }

    /// The time since the start of the last process.
    pub fn running_for(&self) -> Option<Duration> {
        self.started_at.map(|start| start.elapsed())
    }

    /// For other containers, a container has started when it listens, so that these can call it.
    pub fn progress(&self) -> Progress {
        let has_started = self.listens_at.is_some() || self.exit.is_some();
        Progress {
            running_for: self.running_for().filter(|_| has_started),
            is_healthy: self.is_healthy,
            exit: self.exit.clone(),
        }
    }

    /// Does something to the process. A container without a process receives nothing.
    pub fn control(&self, control: Control) {
        if let Some(process) = &self.process {
            // The process may just have ended.
            let _ = process.control.send(control);
        }
    }
}
