//! A lab in a process of its own, on free ports.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use serde::Deserialize;

use crate::{PATIENCE, POLL_INTERVAL, eventually};

/// Deadlines that no busy machine misses, for tests that count requests and not time.
pub const PATIENT: &[(&str, &str)] = &[
    ("DDB_TIMEOUT_MS", "20000"),
    ("MONOLITH_TIMEOUT_MS", "25000"),
];

/// The endpoints file, every key of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    pub lab: LabProcess,
    pub site: String,
    pub alb: String,
    pub console: String,
    pub dynamodb: String,
    pub table: String,
    pub aws: String,
    pub xray: Xray,
    pub otlp: String,
    pub tasks: Vec<Task>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabProcess {
    pub pid: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Xray {
    pub udp: String,
    pub api: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    pub id: String,
    pub service: String,
    pub url: String,
    pub pid: i32,
    pub metadata: String,
}

impl Endpoints {
    /// The tasks of one service.
    pub fn of(&self, service: &str) -> Vec<&Task> {
        let tasks = self.tasks.iter();
        tasks.filter(|task| task.service == service).collect()
    }
}

/// A directory that is removed with the test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lab-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running lab. Dropping it kills the process, and its tasks notice.
pub struct Lab {
    child: Child,
    directory: Directory,
    printed: Arc<Mutex<String>>,
}

impl Lab {
    /// A lab with these options, once it says that all is healthy.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(&[], arguments)
    }

    /// The same, with variables set.
    pub fn start_with(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_command(variables, command(arguments))
    }

    /// The same in a process group of its own, as a shell starts a job, for [`Self::ctrl_c`]. Others
    /// stay in the test's group, so that they end with a test run that is cut off.
    pub fn start_job(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.process_group(0);
        Self::start_command(variables, command)
    }

    /// A lab whose processes may not open more files than this.
    pub fn start_with_open_files(files: u32, arguments: &[&str]) -> Self {
        let script = format!("ulimit -n {files} && exec \"$0\" \"$@\"");
        Self::start_by_shell(&script, arguments)
    }

    /// A patient lab that a shell script starts with `exec "$0" "$@"`.
    pub fn start_by_shell(script: &str, arguments: &[&str]) -> Self {
        let lab = command(arguments);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).arg(lab.get_program());
        shell.args(lab.get_args()).stdin(Stdio::null()).env_clear();
        Self::start_command(PATIENT, shell)
    }

    /// A lab that may not be ready.
    pub fn spawn(variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::spawn_command(variables, command(arguments))
    }

    fn start_command(variables: &[(&str, &str)], command: Command) -> Self {
        let mut lab = Self::spawn_command(variables, command);
        lab.wait_until_ready();
        lab
    }

    fn spawn_command(variables: &[(&str, &str)], mut command: Command) -> Self {
        let directory = Directory::new();
        let mut child = command
            .envs(variables.iter().copied())
            .arg("--endpoints-file")
            .arg(directory.path("endpoints.json"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let printed = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                *sink.lock().unwrap() += &(line + "\n");
            }
        });
        Self {
            child,
            directory,
            printed,
        }
    }

    pub fn wait_until_ready(&mut self) {
        eventually("the endpoints file is there", || {
            assert!(!self.has_ended(), "the lab ended");
            self.endpoints_file().exists()
        });
    }

    pub fn endpoints_file(&self) -> PathBuf {
        self.directory.path("endpoints.json")
    }

    pub fn endpoints(&self) -> Endpoints {
        let json = std::fs::read_to_string(self.endpoints_file()).unwrap();
        serde_json::from_str(&json).unwrap()
    }

    /// The endpoints once they no longer name the task of that id.
    pub fn endpoints_without(&self, id: &str) -> Endpoints {
        eventually("the task is replaced", || {
            let known = self.endpoints();
            known.tasks.iter().all(|task| task.id != id)
        });
        self.endpoints()
    }

    /// Waits until the lab has printed `text`.
    pub fn wait_for(&self, text: &str) {
        eventually(text, || self.printed().contains(text));
    }

    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What a terminal does: the signal reaches the lab's whole process group.
    pub fn ctrl_c(&self) {
        kill_process_group(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// The same, where the lab may have ended meanwhile.
    pub fn ctrl_c_if_there(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::INT);
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until the lab has ended.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the lab ends", || self.has_ended());
        self.child.wait().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a lab that is expected to end by itself, after few words.
pub fn output(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = command(arguments);
    command.envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
        }
        std::thread::park_timeout(POLL_INTERVAL);
    }
    child.wait_with_output().unwrap()
}

/// A lab whose endpoints file is there from an earlier one; it is killed as soon as it speaks.
pub fn killed_at_once(stale: &Path) {
    let mut command = command(&["--endpoints-file", stale.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("Starting"), "{line}");
}

/// The lab's program. `LAB_BIN` names another build of it, for instance an optimised one.
fn command(arguments: &[&str]) -> Command {
    let other_build = std::env::var_os("LAB_BIN");
    let mut command = Command::new(other_build.unwrap_or(env!("CARGO_BIN_EXE_lab").into()));
    for port in [
        "--site-port",
        "--alb-port",
        "--dynamodb-port",
        "--aws-port",
        "--xray-port",
        "--otlp-port",
    ] {
        if !arguments.contains(&port) {
            command.args([port, "0"]);
        }
    }
    command.args(arguments).stdin(Stdio::null()).env_clear();
    command
}

/// Sends a signal to a process that is not the test's own child.
pub fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Waits until none of the tasks runs.
pub fn assert_gone(tasks: &[Task]) {
    for task in tasks {
        eventually("the task's process is gone", || !runs(task.pid));
    }
}

/// A process that has ended but that nobody has waited for does not run.
pub fn runs(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !stat.contains(") Z")
}
