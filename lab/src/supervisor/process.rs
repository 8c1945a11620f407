//! One task as its parent sees it: started, found by one of its first lines, stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_shell::env::EX_USAGE;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
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

/// How long a task that has closed its standard output may run, and how long an ended task's outputs may stay open.
const LAST_WORDS_TIME: Duration = Duration::from_secs(1);

/// How much of standard error is kept for the report of a task that ended early, in bytes.
const MAX_WORDS: usize = 8 * 1024;

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
        let mut outputs = Outputs::collect(&program.logs, slot, &mut child);
        let listening = timeout(START_TIME, &mut outputs.address).await;
        let Ok(Ok(address)) = listening else {
            return ended_early(child, outputs, service).await;
        };
        outputs.collecting.detach_all();
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

/// What is read of a task from its start on.
struct Outputs {
    /// Resolves once the task listens, or has closed its standard output.
    address: oneshot::Receiver<SocketAddr>,
    /// The first lines of standard error.
    words: Arc<Mutex<String>>,
    collecting: JoinSet<()>,
}

impl Outputs {
    /// Collects both outputs of `child`.
    fn collect(logs: &Logs, slot: Slot, child: &mut Child) -> Self {
        let log = slot.service.name();
        let mut collecting = JoinSet::new();
        let (found, address) = oneshot::channel();
        if let Some(stdout) = child.stdout.take() {
            let mut found = Some(found);
            let take = move |line: &str| {
                let address = line.strip_prefix(LISTENING);
                let address = address.and_then(|address| address.parse().ok());
                let found = address.and_then(|address| Some((found.take()?, address)));
                found.is_some_and(|(found, address)| found.send(address).is_ok())
            };
            let (logs, name) = (logs.clone(), slot.to_string());
            collecting.spawn(logs.collect(log, name, stdout, take));
        }
        let words = Arc::<Mutex<String>>::default();
        if let Some(stderr) = child.stderr.take() {
            let words = Arc::clone(&words);
            let note = move |line: &str| {
                let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
                if words.len() < MAX_WORDS {
                    *words += line;
                    words.push('\n');
                }
                false
            };
            let (logs, name) = (logs.clone(), slot.to_string());
            collecting.spawn(logs.collect(log, name, stderr, note));
        }
        Self {
            address,
            words,
            collecting,
        }
    }
}

async fn ended_early(
    mut child: Child,
    mut outputs: Outputs,
    service: Service,
) -> Result<Started, Error> {
    // A process closes its outputs a moment before it ends, and its own exit code is wanted.
    if timeout(LAST_WORDS_TIME, child.wait()).await.is_err() {
        let _ = child.start_kill();
    }
    let status = child.wait().await;
    // Its children, if it had any, might hold the outputs open.
    let all = async { while outputs.collecting.join_next().await.is_some() {} };
    let _ = timeout(LAST_WORDS_TIME, all).await;
    let words = outputs.words.lock().unwrap_or_else(PoisonError::into_inner);
    let words = words.trim();
    let code = status.as_ref().ok().and_then(ExitStatus::code);
    if code == Some(EX_USAGE.into()) {
        return Err(Error::TaskConfig {
            service,
            stderr: words.to_owned(),
        });
    }
    let how = how(status);
    Ok(Started::Ended(match words {
        "" => how,
        words => format!("{how}: {words}"),
    }))
}

fn how(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a program that is no task: it gets the arguments `task monolith`.
    async fn started(executable: &str) -> (String, String) {
        let logs = Logs::new(["monolith"], None);
        let program = Program {
            executable: executable.into(),
            logs: logs.clone(),
        };
        let slot = Slot {
            service: Service::Monolith,
            number: 0,
        };
        match TaskProcess::start(&program, slot, Vec::new()).await {
            Ok(Started::Ended(how)) => (how, logs.tail("monolith", usize::MAX)),
            _ => panic!("{executable} is no task"),
        }
    }

    #[tokio::test]
    async fn what_a_task_wrote_before_it_ended_early_is_in_the_logs() {
        let (how, lines) = started("/bin/echo").await;
        assert_eq!(how, "exit status: 0");
        assert_eq!(lines, "task monolith\n");
    }

    #[tokio::test]
    async fn what_it_wrote_to_standard_error_is_in_the_report_too() {
        let (how, lines) = started("/bin/ls").await;
        assert!(how.starts_with("exit status: "), "{how}");
        for text in [how, lines] {
            assert!(text.contains("task") && text.contains("monolith"), "{text}");
        }
    }
}
