//! Programs of this machine in the place of the lab's own: they get the arguments `task server --address …`.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};

use cloudwatch::{CloudWatch, Limits};
use ecs::{
    Condition, Container, ContainerHealthCheck, Dependency, Exit, PortMapping, Protocol, Report,
    RestartPolicy,
};
use rustix::process::{Pid, kill_process};
use serde_json::{Value, json};

use super::*;
use crate::console::Console;
use crate::scenario::EXERCISE;

mod channel;

/// An image that only the names of tasks need.
pub const IMAGES: &[Image] = &[
    SERVER,
    Image {
        name: "server:worktree",
        is_in_worktree: true,
        ..SERVER
    },
];

const SERVER: Image = Image {
    name: "server",
    is_in_worktree: false,
    run: |_, _| Ok(()),
    added: &[("AWS_CONFIG_FILE", Added::Text("/dev/null"))],
};

/// A task definition with one container.
pub fn definition(image: &str, environment: &[(&str, &str)]) -> TaskDefinition {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TaskDefinition {
        family: "server".to_owned(),
        revision: 1,
        cpu: 256,
        memory: 512,
        containers: vec![Container {
            name: "server".to_owned(),
            image: image.to_owned(),
            essential: true,
            memory: Some(128),
            environment: environment.iter().map(owned).collect(),
            port_mappings: vec![PortMapping {
                container_port: 8080,
                protocol: Protocol::Tcp,
            }],
            health_check: Some(ContainerHealthCheck {
                command: ["CMD", "/server", "--health-check"]
                    .map(str::to_owned)
                    .to_vec(),
                interval: std::time::Duration::from_secs(10),
                timeout: std::time::Duration::from_secs(5),
                retries: 3,
                start_period: std::time::Duration::ZERO,
            }),
            depends_on: Vec::new(),
            start_timeout: None,
            restart_policy: None,
            stop_timeout: std::time::Duration::from_secs(30),
        }],
        document: serde_json::Map::from_iter([(
            "containerDefinitions".to_owned(),
            log_configurations(),
        )]),
    }
}

/// The log configuration of each container.
fn log_configurations() -> Value {
    let options = json!({ "awslogs-group": "group", "awslogs-stream-prefix": "prefix" });
    let container = json!({ "logConfiguration": { "logDriver": "awslogs", "options": options } });
    vec![container; 4].into()
}

/// Runs a task whose program is `executable` to its end. Returns what it reported and its log.
async fn run(executable: &str) -> (Vec<Report>, String) {
    run_task(executable, definition("server", &[])).await
}

async fn run_task(executable: &str, definition: TaskDefinition) -> (Vec<Report>, String) {
    let reports = Arc::<Mutex<Vec<Report>>>::default();
    let reporter = {
        let reports = Arc::clone(&reports);
        Reporter::new(move |report| {
            let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports.push(report);
        })
    };
    let (task, logs) = task(executable, definition, reporter);
    task.await;
    let reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
    let log = logs.tail("server", usize::MAX);
    let messages = log.lines().filter_map(|line| line.split_once(" | "));
    let messages = messages.map(|(stream, message)| {
        assert!(stream.starts_with("prefix/"), "{stream}");
        format!("{message}\n")
    });
    (reports.clone(), messages.collect())
}

/// A task whose program is `executable`, and the logs of the lab.
fn task(
    executable: &str,
    definition: TaskDefinition,
    reporter: Reporter,
) -> (impl Future<Output = ()>, Logs) {
    let (ledger, faults) = (Ledger::default(), TaskFaults::new());
    task_of_lab(executable, definition, reporter, ledger, faults)
}

/// The same in a lab with these faults and this ledger.
fn task_of_lab(
    executable: &str,
    definition: TaskDefinition,
    reporter: Reporter,
    ledger: Ledger,
    faults: TaskFaults,
) -> (impl Future<Output = ()>, Logs) {
    let clock: cloudwatch::Clock = Arc::new(|| std::time::Duration::ZERO);
    let metrics = CloudWatch::new(Limits::default(), clock);
    let logs = Logs::new([("server", "group")], Vec::new(), metrics, None);
    let (console, _flushed) = Console::start().unwrap();
    let processes = Processes::new(Config {
        program: Program {
            executable: executable.into(),
            worktree: Worktree::new("/no/such/checkout".into(), &EXERCISE),
            logs: logs.clone(),
        },
        images: IMAGES,
        short_names: BTreeMap::from([("Server".to_owned(), "server")]),
        addresses: Addresses::claim(),
        surroundings: Surroundings {
            dynamodb: ([127, 0, 0, 1], 8000).into(),
            xray: ([127, 0, 0, 1], 2000).into(),
            otlp: ([127, 0, 0, 1], 4318).into(),
            seed: 1,
            reader: HashMap::new(),
        },
        metadata: Metadata::new(([127, 0, 0, 1], 1).into(), "cluster"),
        report: crate::report::Report::new(console),
        ledger,
        faults,
        warned: Mutex::default(),
        own_definitions: BTreeSet::new(),
        failures: mpsc::unbounded_channel().0,
    });
    let launch = Launch {
        id: "0".repeat(32),
        service: "Server".to_owned(),
        ordinal: 0,
        runtime_ids: (0..definition.containers.len())
            .map(|index| format!("{}-{index}", "0".repeat(32)))
            .collect(),
        definition: Arc::new(definition),
    };
    let running = async move {
        let (_signals, receiver) = mpsc::unbounded_channel();
        processes.run(launch, reporter, receiver).await;
    };
    (running, logs)
}

fn exited(code: i32) -> Report {
    container_exited("server", code)
}

fn container_exited(container: &str, code: i32) -> Report {
    Report::Exited {
        container: container.to_owned(),
        exit: Exit {
            code: Some(code),
            reason: None,
        },
    }
}

#[tokio::test]
async fn a_process_that_ends_before_it_listens_has_exited_and_its_lines_are_in_the_log() {
    let (reports, log) = run("/bin/echo").await;
    assert_eq!(reports, [exited(0)]);
    assert!(log.starts_with("task server --address 127."), "{log}");
}

#[tokio::test]
async fn the_lines_of_standard_error_are_in_the_log_too() {
    let (reports, log) = run("/bin/ls").await;
    assert_eq!(reports, [exited(2)]);
    assert!(log.contains("--address"), "{log}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_a_failed_start() {
    let (reports, _) = run("/no/such/program").await;
    let [Report::StartFailed(reason)] = &reports[..] else {
        panic!("{reports:?}");
    };
    assert!(
        reason.starts_with("CannotStartContainerError: "),
        "{reason}"
    );
}

/// A container `server` that depends on a container `first`, which is not essential.
fn dependent(condition: Condition) -> TaskDefinition {
    let mut definition = definition("server", &[]);
    let mut first = definition.containers[0].clone();
    "first".clone_into(&mut first.name);
    first.essential = false;
    definition.containers[0].depends_on = vec![Dependency {
        container: 1,
        condition,
    }];
    definition.containers.push(first);
    definition
}

#[tokio::test]
async fn a_container_starts_after_the_one_that_must_complete_before() {
    let (reports, _) = run_task("/bin/ls", dependent(Condition::Complete)).await;
    assert_eq!(reports, [container_exited("first", 2), exited(2)]);
}

#[tokio::test]
async fn a_container_whose_dependency_fails_never_starts_and_has_exited_with_143() {
    let (reports, log) = run_task("/bin/ls", dependent(Condition::Success)).await;
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert_eq!(reports[0], container_exited("first", 2));
    let Report::Exited { container, exit } = &reports[1] else {
        panic!("{reports:?}");
    };
    assert_eq!((container.as_str(), exit.code), ("server", Some(143)));
    let reason = exit.reason.as_ref().unwrap();
    assert!(reason.contains("did not exit successfully"), "{reason}");
    // Only one process has run.
    assert_eq!(log.matches("--address").count(), 1, "{log}");
}

#[tokio::test]
async fn a_container_with_a_restart_policy_is_restarted_unless_its_exit_code_is_ignored() {
    let restarting = |ignored: i32| {
        let mut definition = definition("server", &[]);
        definition.containers[0].restart_policy = Some(RestartPolicy {
            attempt_period: std::time::Duration::ZERO,
            ignored_exit_codes: vec![ignored],
        });
        definition
    };
    let (reports, _) = run_task("/bin/ls", restarting(2)).await;
    assert_eq!(reports, [exited(2)]);
    // The program exits again and again.
    let endless = run_task("/bin/ls", restarting(0));
    let ended = tokio::time::timeout(std::time::Duration::from_millis(50), endless).await;
    assert!(ended.is_err());
}

/// A program that the shell runs. Dropping it removes the file.
struct Script(String);

impl Script {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::write(&path, format!("#!/bin/sh\n{text}")).unwrap();
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, executable).unwrap();
        Self(path.into_os_string().into_string().unwrap())
    }

    fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The program listens, and ends only when it is killed.
#[tokio::test]
async fn a_restarted_container_is_reported_with_the_id_of_its_new_process() {
    let script = Script::new(
        "restarted",
        "read order\necho listening 127.0.0.1:9\nread end\n",
    );
    let mut definition = definition("server", &[]);
    definition.containers[0].restart_policy = Some(RestartPolicy {
        attempt_period: std::time::Duration::ZERO,
        ignored_exit_codes: Vec::new(),
    });
    let (sender, mut reports) = mpsc::unbounded_channel();
    let reporter = Reporter::new(move |report| {
        let _ = sender.send(report);
    });
    let (task, _logs) = task(script.path(), definition, reporter);
    let two_starts = async {
        let mut pids = Vec::new();
        while let Some(report) = reports.recv().await {
            let Report::Started(started) = report else {
                continue;
            };
            pids.push(started.pids[0]);
            if pids.len() == 2 {
                break;
            }
            let pid = Pid::from_raw(started.pids[0].cast_signed()).unwrap();
            kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        pids
    };
    let pids = tokio::select! {
        pids = two_starts => pids,
        () = task => panic!("the task has ended"),
    };
    assert_ne!(pids[0], pids[1]);
}

#[tokio::test]
async fn an_image_in_the_worktree_whose_program_is_not_built_cannot_be_pulled() {
    let (reports, _) = run_task("/bin/echo", definition("server:worktree", &[])).await;
    let [Report::StartFailed(reason)] = &reports[..] else {
        panic!("{reports:?}");
    };
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert!(reason.contains("cargo build"), "{reason}");
}
