//! Programs of this machine in the place of the lab's own: they get the arguments `task server --address …`.

use std::sync::{Mutex, PoisonError};

use ecs::{Container, ContainerHealthCheck, Exit, PortMapping, Protocol, Report};

use super::*;
use crate::console::Console;

/// An image that only the names of tasks need.
pub const IMAGES: &[Image] = &[Image {
    name: "server",
    run: |_, _| Ok(()),
    added: &[("AWS_CONFIG_FILE", Added::Text("/dev/null"))],
}];

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
            stop_timeout: std::time::Duration::from_secs(30),
        }],
        document: serde_json::Map::new(),
    }
}

/// Runs a task whose program is `executable` to its end. Returns what it reported and its log.
async fn run(executable: &str) -> (Vec<Report>, String) {
    let logs = Logs::new(["server"], None);
    let (console, _flushed) = Console::start().unwrap();
    let processes = Processes::new(Config {
        program: Program {
            executable: executable.into(),
            logs: logs.clone(),
        },
        images: IMAGES,
        short_names: BTreeMap::from([("Server".to_owned(), "server")]),
        addresses: Addresses::claim(),
        dynamodb: ([127, 0, 0, 1], 8000).into(),
        seed: 1,
        report: crate::report::Report::new(console),
        failures: mpsc::unbounded_channel().0,
    });
    let reports = Arc::<Mutex<Vec<Report>>>::default();
    let reporter = {
        let reports = Arc::clone(&reports);
        Reporter::new(move |report| {
            let mut reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
            reports.push(report);
        })
    };
    let launch = Launch {
        id: "0".repeat(32),
        service: "Server".to_owned(),
        ordinal: 0,
        definition: Arc::new(definition("server", &[])),
    };
    let (_signals, receiver) = mpsc::unbounded_channel();
    processes.run(launch, reporter, receiver).await;
    let reports = reports.lock().unwrap_or_else(PoisonError::into_inner);
    (reports.clone(), logs.tail("server", usize::MAX))
}

fn exited(code: i32) -> Report {
    Report::Exited {
        container: "server".to_owned(),
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
