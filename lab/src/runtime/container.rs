//! A container: a process of the lab's own program, from its start to its end.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use http_shell::env::EX_USAGE;
use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use super::outputs::Outputs;
use crate::channel::{LabEnd, Link};
use crate::logs::{LogStream, Logs};

/// What is needed to start a container.
pub struct Spec<'a> {
    pub image: &'a str,
    /// The program that contains the code of the image.
    pub executable: PathBuf,
    /// The name in the log.
    pub task: String,
    /// The log stream of its lines, if it has one.
    pub log: Option<LogStream>,
    pub environment: Vec<(String, String)>,
    pub address: IpAddr,
    /// The port on which the process listens, if it is not the one in its environment (0: any free port).
    pub port: Option<u16>,
    /// What the channel of the process connects.
    pub link: Link,
}

/// What can be done to a running container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    Signal(ecs::Signal),
    /// The container has exceeded its memory limit.
    KillForMemory,
}

/// A running process. Dropping it kills the process.
pub struct Container {
    pub pid: u32,
    child: Child,
    /// When this end closes, also because the lab has ended, the process stops.
    channel: LabEnd,
    outputs: Outputs,
}

/// How a container ended.
#[derive(Debug)]
pub struct Ended {
    pub status: std::io::Result<ExitStatus>,
    /// The first lines of standard error.
    pub stderr: String,
    /// What was done to it last.
    pub control: Option<Control>,
}

impl Container {
    /// Starts the process. The receiver gets the address at which the process listens.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn start(
        logs: &Logs,
        spec: Spec<'_>,
    ) -> std::io::Result<(Self, oneshot::Receiver<SocketAddr>)> {
        let mut command = command(&spec);
        let (channel, stdin) = LabEnd::open(spec.link)?;
        let mut child = command.stdin(stdin).spawn()?;
        // The command holds the end of the process.
        drop(command);
        let (sender, listening) = oneshot::channel();
        let stream = spec.log.map(|stream| logs.create_stream(stream));
        let outputs = Outputs::collect(logs, stream, &spec.task, &mut child, sender);
        let container = Self {
            pid: child.id().unwrap_or_default(),
            channel,
            child,
            outputs,
        };
        Ok((container, listening))
    }

    /// Waits until the process has ended, and does to it what `controls` says.
    pub async fn run(mut self, mut controls: mpsc::UnboundedReceiver<Control>) -> Ended {
        let mut last = None;
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status,
                Some(control) = controls.recv() => {
                    last = Some(control);
                    self.apply(control);
                }
            }
        };
        let (stderr, ()) = tokio::join!(self.outputs.finish(), self.channel.finish());
        Ended {
            status,
            stderr,
            control: last,
        }
    }

    fn apply(&mut self, control: Control) {
        // After the process has been waited for there is no id, because the id can belong to another process.
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            return;
        };
        let signal = match control {
            Control::Signal(ecs::Signal::Term) => rustix::process::Signal::TERM,
            // A stopped process handles no signal but this one.
            Control::Signal(ecs::Signal::Kill) | Control::KillForMemory => {
                rustix::process::Signal::KILL
            }
        };
        let _ = kill_process(pid, signal);
    }
}

impl Ended {
    /// The exit code and the reason, as `DescribeTasks` shows them.
    pub fn exit(&self) -> ecs::Exit {
        use std::os::unix::process::ExitStatusExt;
        let code = |status: &ExitStatus| {
            status
                .code()
                .or_else(|| status.signal().map(|signal| 128 + signal))
        };
        ecs::Exit {
            code: self.status.as_ref().ok().and_then(code),
            // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
            reason: (self.control == Some(Control::KillForMemory))
                .then(|| "OutOfMemoryError: Container killed due to memory usage".to_owned()),
        }
    }

    /// Whether the program refused its environment.
    pub fn has_refused_its_environment(&self) -> bool {
        let code = self.status.as_ref().ok().and_then(ExitStatus::code);
        code == Some(EX_USAGE.into())
    }

    /// How the process ended although no signal was sent to it; for people. `None` if a signal was sent.
    pub fn death(&self) -> Option<String> {
        let status = match &self.status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        match self.control {
            Some(Control::Signal(_)) => None,
            Some(Control::KillForMemory) => Some(format!("{status}, out of memory")),
            None if self.stderr.is_empty() => Some(status),
            None => Some(format!("{status}: {}", self.stderr)),
        }
    }
}

fn command(spec: &Spec<'_>) -> Command {
    let mut command = Command::new(&spec.executable);
    command.args(["task", spec.image, "--address"]);
    command.arg(spec.address.to_string());
    if let Some(port) = spec.port {
        command.args(["--port", &port.to_string()]);
    }
    command
        // Nothing of the reader's environment reaches a task.
        .env_clear()
        .envs(spec.environment.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // The terminal's Ctrl-C does not reach tasks: the lab decides which one stops when.
        .process_group(0)
        .kill_on_drop(true);
    command
}
