//! The assembled lab: starts all parts, prints the messages of the start, and writes the endpoints file.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_shell::raise_open_file_limit;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::time::sleep;
use xray::Xray;

use crate::browser;
use crate::console::Console;
use crate::database::Database;
use crate::endpoints::{Addresses, EndpointsFile};
use crate::error::Error;
use crate::faults::TaskFaults;
use crate::ledger::Ledger;
use crate::logs::Logs;
use crate::options::Options;
use crate::ports::Ports;
use crate::report::{Event, Ready, Report};
use crate::runtime::Metadata;
use crate::scenario::{self, Context, Scenario};
use crate::signals::Signals;
use crate::site::Site;
use crate::stage::Stage;
use crate::tracing::Tracing;

mod parts;
mod wiring;

use parts::Parts;
use wiring::{ClusterContext, Served};

/// A start rarely takes longer, without the time for which tasks stay PENDING. After this time the lab prints where the log lines are.
const USUAL_START: Duration = Duration::from_secs(10);

/// How long the runtime may take to drop what a second Ctrl-C left behind.
const DROP_TIME: Duration = Duration::from_secs(1);

/// The wanted limit of open files: each request through the load balancer uses up to five sockets, and
/// macOS starts processes with 256 files. macOS refuses more than 10,240.
const WANTED_OPEN_FILES: u64 = 10_240;

/// Seeds that are drawn are below this: short enough to be typed again.
const DRAWN_SEEDS: u64 = 10_000;

/// The limit of client connections of the load balancer for a limit of open files; `None` means no limit of open files. The other half of the
/// files is for connections to targets and for everything else.
fn client_connection_limit(open_files: Option<u64>) -> usize {
    let files = open_files.unwrap_or(WANTED_OPEN_FILES);
    usize::try_from(files / 2).map_or(usize::MAX, |limit| limit.max(1))
}

/// Runs the lab until it is asked to stop.
///
/// # Errors
///
/// When it cannot start, when a part breaks down, or when a second Ctrl-C ends it before everything
/// has stopped.
pub fn run(options: Options) -> Result<(), Error> {
    // With a lower limit the lab serves fewer requests at once.
    raise_open_file_limit(WANTED_OPEN_FILES);
    let (console, _flushed_at_the_end) = Console::start()?;
    let runtime = Runtime::new()?;
    let result = runtime.block_on(run_until_asked(options, Report::new(console)));
    // Kills the tasks of a lab that did not come to its end.
    runtime.shutdown_timeout(DROP_TIME);
    result
}

async fn run_until_asked(options: Options, report: Report) -> Result<(), Error> {
    let signals = Signals::install()?;
    let lab = Lab::start(options, report).await?;
    tokio::select! {
        ended = lab.run_until(signals.clone().received(1)) => ended,
        () = signals.received(2) => Err(Error::Interrupted),
    }
}

struct Lab {
    start: Instant,
    /// When the lab prints that it still waits.
    usual_start: Duration,
    no_browser: bool,
    addresses: Addresses,
    endpoints_file: EndpointsFile,
    scenario: Scenario,
    stage: Stage,
    logs: Logs,
    report: Report,
    tracing: Tracing,
    parts: Parts,
    /// Errors of tasks.
    failures: mpsc::UnboundedReceiver<Error>,
}

impl Lab {
    async fn start(options: Options, report: Report) -> Result<Self, Error> {
        let start = Instant::now();
        let ports = Ports::bind(&options.ports).await?;
        let endpoints_file = EndpointsFile::new(options.endpoints_file.clone())?;
        let addresses = Addresses::new(&ports);
        let seed = options.seed;
        let seed = seed.unwrap_or_else(|| rand::random_range(0..DRAWN_SEEDS));
        let reader = reader();
        let tracing = Tracing::new(options.tracing, ports.xray.otlp, |name| {
            reader.get(name).cloned()
        });
        let scenario = scenario::load(
            &options.scenario,
            &Context {
                addresses: &addresses,
                tracing: &tracing,
                log_level: &options.loglevel,
                seed,
                reader: &reader,
            },
        );
        report.say(Event::Starting {
            title: scenario.title,
        });
        let database = Database::open(options.data_dir.as_deref(), scenario.tables.clone())?;
        report.say(Event::Database {
            time: start.elapsed(),
        });
        let groups = scenario.services.iter();
        let groups = groups.map(|service| (service.short_name, service.log_group));
        let cloudwatch = wiring::cloudwatch();
        let live = options.logs.then(|| report.console());
        let logs = Logs::new(
            groups,
            scenario.metric_filters.clone(),
            Arc::clone(&cloudwatch),
            live,
        );
        let balancing =
            wiring::balancing(&options, &scenario, ports.alb.address.port(), logs.clone());
        let (ledger, faults) = (Ledger::default(), TaskFaults::new());
        let (sender, failures) = mpsc::unbounded_channel();
        let metadata = Metadata::new(ports.metadata.address, scenario.cluster);
        let context = ClusterContext {
            options: &options,
            ports: &ports,
            seed,
            reader,
            metadata: metadata.clone(),
            logs: logs.clone(),
            report: report.clone(),
            ledger: ledger.clone(),
            faults: faults.clone(),
            failures: sender,
        };
        let ecs = wiring::cluster(&scenario, &balancing, context)?;
        let stage = Stage::new(ecs.clone(), &scenario, &balancing, metadata.clone());
        let served = Served {
            database,
            site: Site {
                alb: addresses.alb.clone(),
                logs: logs.clone(),
                ledger,
            },
            scenario: &scenario,
            balancing: &balancing,
            ecs: &ecs,
            metadata,
            cloudwatch,
            xray: Arc::new(Xray::new(wiring::XRAY)),
            faults,
        };
        // A service can wait for each other one.
        let services = u32::try_from(scenario.services.len()).unwrap_or(u32::MAX);
        let usual_start = USUAL_START + options.task_start().saturating_mul(services);
        let parts = wiring::serve_all(&options, ports, &report, served);
        Ok(Self {
            start,
            usual_start,
            no_browser: options.no_browser,
            addresses,
            endpoints_file,
            scenario,
            stage,
            logs,
            report,
            tracing,
            parts,
            failures,
        })
    }

    async fn run_until(mut self, asked: impl Future<Output = ()>) -> Result<(), Error> {
        let mut parts = std::mem::take(&mut self.parts);
        let failures = std::mem::replace(&mut self.failures, mpsc::unbounded_channel().1);
        tokio::select! {
            failed = parts.failed() => match failed? {},
            never = self.stage.announce(&self.report) => match never {},
            failed = self.start_services(failures) => match failed? {},
            () = asked => {}
        }
        self.report.say(Event::LabStops);
        drop(std::mem::take(&mut self.endpoints_file));
        parts.stop(&self.stage).await?;
        self.report.say(Event::Stopped);
        Ok(())
    }

    /// Starts the services. Prints once that everything is healthy, and writes the endpoints file each time when tasks have
    /// changed.
    async fn start_services(
        &self,
        mut failures: mpsc::UnboundedReceiver<Error>,
    ) -> Result<Infallible, Error> {
        let started = async {
            self.stage.start().await?;
            Ok::<_, Error>(self.stage.steady(None).await)
        };
        let mut tasks = tokio::select! {
            tasks = started => tasks?,
            never = self.report_waiting() => match never {},
            // Later ECS replaces tasks that cannot start.
            Some(failure) = failures.recv() => return Err(failure),
        };
        drop(failures);
        let tables = self.scenario.table_names();
        let table = tables.first().copied();
        self.endpoints_file.write(&self.addresses, table, &tasks)?;
        self.report.say(Ready {
            time: self.start.elapsed(),
            addresses: &self.addresses,
            tables,
            logs: self.logs.names().collect(),
            tracing: &self.tracing,
            words: &self.scenario.words,
        });
        if !self.no_browser {
            browser::open_for_people(&self.addresses.site);
        }
        loop {
            tasks = self.stage.steady(Some(&tasks)).await;
            match self.endpoints_file.write(&self.addresses, table, &tasks) {
                Err(Error::EndpointsTaken { path, .. }) => {
                    self.report.say(Event::EndpointsTaken { path });
                }
                written => written?,
            }
        }
    }

    async fn report_waiting(&self) -> Infallible {
        sleep(self.usual_start).await;
        if let Some(service) = self.stage.first_without_healthy_task() {
            self.report.say(Event::Waiting {
                logs: format!("{}/logs/{service}", self.addresses.site),
            });
        }
        std::future::pending().await
    }
}

/// The reader's environment variables. Bytes that are not UTF-8 become replacement characters, which the services refuse.
fn reader() -> HashMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            (name, value.to_string_lossy().into_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_open_files_are_for_clients_of_the_load_balancer() {
        for (files, connections) in [
            (Some(0), 1),
            (Some(256), 128),
            (Some(1_024), 512),
            (Some(10_240), 5_120),
            (None, 5_120),
        ] {
            assert_eq!(client_connection_limit(files), connections, "{files:?}");
        }
    }
}
