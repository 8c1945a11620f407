//! One task as its parent sees it: started, found by one of its first lines, stopped.

use std::io::Cursor;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use http_shell::env::EX_USAGE;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::environment::Variable;
use crate::error::Error;
use crate::logs::Logs;
use crate::service::Service;
use crate::task::LISTENING;
use crate::tasks::Slot;

/// How long a task may take to listen.
const START_TIME: Duration = Duration::from_secs(30);

/// How long a task may take to end once it is told: ECS' default `stopTimeout`.
const STOP_TIME: Duration = Duration::from_secs(30);

/// How long the last words of an ended task may take.
const LAST_WORDS_TIME: Duration = Duration::from_secs(1);

/// Longest first lines, and longest last words, in bytes.
const MAX_WORDS: u64 = 8 * 1024;

/// What is started, and where its lines go.
#[derive(Clone)]
pub struct Program {
    /// The lab's own binary.
    pub executable: PathBuf,
    pub logs: Logs,
}

/// A running task. Dropping it kills the process.
pub struct TaskProcess {
    pub address: SocketAddr,
    pub pid: u32,
    child: Child,
    /// When this end closes, by our death too, the task stops.
    _stdin: Option<ChildStdin>,
}

/// How a start went.
pub enum Started {
    Listening(Box<TaskProcess>),
    /// It ended or never said that it listens; the text says how.
    Ended(String),
}

impl TaskProcess {
    /// Starts the task of `slot` and waits until it listens.
    ///
    /// # Errors
    ///
    /// When the system refuses, or the task says that its environment makes no sense: trying
    /// again would not help.
    pub async fn start(
        program: &Program,
        slot: Slot,
        variables: Vec<Variable>,
    ) -> Result<Started, Error> {
        let service = slot.service;
        let mut child = command(program, slot, variables)
            .spawn()
            .map_err(|source| Error::Spawn { service, source })?;
        let pid = child.id().unwrap_or_default();
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut stdout = stdout.map(BufReader::new);
        let address = match &mut stdout {
            Some(stdout) => timeout(START_TIME, address(stdout)).await.ok().flatten(),
            None => None,
        };
        let Some((address, before)) = address else {
            return ended_early(child, stderr, service).await;
        };
        let name = slot.to_string();
        if let Some(stdout) = stdout {
            let logs = program.logs.clone();
            let lines = before.chain(stdout);
            tokio::spawn(logs.collect(service, name.clone(), lines));
        }
        if let Some(stderr) = stderr {
            tokio::spawn(program.logs.clone().collect(service, name, stderr));
        }
        Ok(Started::Listening(Box::new(Self {
            address,
            pid,
            child,
            _stdin: stdin,
        })))
    }

    /// Resolves once the process has ended, with how it did.
    pub async fn ended(&mut self) -> String {
        how(self.child.wait().await)
    }

    /// Asks the process to end, and kills it if it does not.
    pub async fn stop(&mut self) {
        // `id` is none only once the process has been waited for, and its number may be another's.
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(STOP_TIME, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn command(program: &Program, slot: Slot, variables: Vec<Variable>) -> Command {
    let mut command = Command::new(&program.executable);
    command.args(["task", slot.service.name()]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Out of reach of the terminal's Ctrl-C: the lab decides who stops when.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// The address in the line that names it, and the lines before it: threads of the telemetry may
/// have had something to say already.
async fn address(stdout: &mut BufReader<ChildStdout>) -> Option<(SocketAddr, Cursor<String>)> {
    let mut before = String::new();
    let mut bounded = stdout.take(MAX_WORDS);
    loop {
        let mut line = String::new();
        if bounded.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end().strip_prefix(LISTENING) {
            Some(address) => return Some((address.parse().ok()?, Cursor::new(before))),
            None => before += &line,
        }
    }
}

async fn ended_early(
    mut child: Child,
    stderr: Option<ChildStderr>,
    service: Service,
) -> Result<Started, Error> {
    // One that is still there has not kept to its word: it is of no use.
    let _ = child.start_kill();
    let status = child.wait().await;
    let mut words = Vec::new();
    if let Some(stderr) = stderr {
        // Its children, if it had any, might hold this open.
        let mut bounded = stderr.take(MAX_WORDS);
        let _ = timeout(LAST_WORDS_TIME, bounded.read_to_end(&mut words)).await;
    }
    let words = String::from_utf8_lossy(&words).trim().to_owned();
    let code = status.as_ref().ok().and_then(ExitStatus::code);
    if code == Some(EX_USAGE.into()) {
        return Err(Error::TaskConfig {
            service,
            stderr: words,
        });
    }
    Ok(Started::Ended(format!("{}: {words}", how(status))))
}

fn how(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
