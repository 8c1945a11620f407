//! The assembled lab: what is started with what, and what people and tools are told meanwhile.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_shell::env::Environment as Variables;
use http_shell::raise_open_file_limit;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use xray::Xray;

use crate::browser;
use crate::console::Console;
use crate::database::{Database, TABLE};
use crate::endpoints::{Addresses, EndpointsFile, XrayAddresses};
use crate::error::Error;
use crate::logs::Logs;
use crate::options::Options;
use crate::ports::Ports;
use crate::report::{Event, Ready, Report};
use crate::signals::Signals;
use crate::site::Site;
use crate::supervisor::{Environment, Program, Supervisor, Tracing, XrayPlaces};
use crate::tasks::Tasks;

mod parts;
mod wiring;

use parts::Parts;

/// How long a start usually takes at most; after that people are told where to look.
const USUAL_START: Duration = Duration::from_secs(10);

/// How long the runtime may take to drop what a second Ctrl-C left behind.
const DROP_TIME: Duration = Duration::from_secs(1);

/// The wanted limit of open files: each request through the load balancer uses up to five sockets, and
/// macOS starts processes with 256 files. macOS refuses more than 10,240.
const WANTED_OPEN_FILES: u64 = 10_240;

/// Seeds that are drawn are below this: short enough to be typed again.
const DRAWN_SEEDS: u64 = 10_000;

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
    options: Options,
    seed: u64,
    addresses: Addresses,
    endpoints_file: EndpointsFile,
    tasks: Tasks,
    report: Report,
    tracing: Tracing,
    parts: Parts,
}

impl Lab {
    async fn start(options: Options, report: Report) -> Result<Self, Error> {
        let start = Instant::now();
        let ports = Ports::bind(&options).await?;
        let endpoints_file = EndpointsFile::new(options.endpoints_file.clone())?;
        report.say(Event::Starting);
        let database = Database::open(options.data_dir.as_deref())?;
        report.say(Event::Database {
            time: start.elapsed(),
        });
        let seed = options.seed;
        let seed = seed.unwrap_or_else(|| rand::random_range(0..DRAWN_SEEDS));
        let logs = Logs::new(
            wiring::logs(&options),
            options.logs.then(|| report.console()),
        );
        let tasks = Tasks::new(wiring::slots(&options).count());
        let xray = ports.xray.as_ref().map(|ports| XrayPlaces {
            daemon: ports.address,
            otlp: ports.otlp,
        });
        let tracing = Tracing::from_env(xray);
        let supervisor = Arc::new(Supervisor {
            program: Program {
                executable: std::env::current_exe()?,
                logs: logs.clone(),
            },
            environment: Environment::new(
                &options,
                seed,
                ports.alb.address,
                ports.dynamodb.address,
                tracing.clone(),
            ),
            tasks: tasks.clone(),
            report: report.clone(),
        });
        let addresses = Addresses {
            site: format!("http://{}", ports.site.address),
            alb: format!("http://{}", ports.alb.address),
            dynamodb: format!("http://{}", ports.dynamodb.address),
            table: TABLE,
            aws: format!("http://{}", ports.aws.address),
            xray: xray.map(|xray| XrayAddresses::at(xray.daemon)),
            otlp: xray.map(|xray| format!("http://{}", xray.otlp)),
        };
        let site = Site {
            alb: addresses.alb.clone(),
            logs: logs.clone(),
            tasks: tasks.clone(),
            xray: xray.map(|_| Arc::new(Xray::new(wiring::XRAY))),
        };
        let parts = wiring::start(&options, ports, database, site, logs, &supervisor);
        Ok(Self {
            start,
            options,
            seed,
            addresses,
            endpoints_file,
            tasks,
            report,
            tracing,
            parts,
        })
    }

    async fn run_until(mut self, asked: impl Future<Output = ()>) -> Result<(), Error> {
        let mut parts = std::mem::take(&mut self.parts);
        tokio::select! {
            failed = parts.failed() => match failed? {},
            failed = self.tell() => match failed? {},
            () = asked => {}
        }
        self.report.say(Event::LabStops);
        drop(std::mem::take(&mut self.endpoints_file));
        parts.stop().await?;
        self.report.say(Event::Stopped);
        Ok(())
    }

    /// Tells people once, and tools again and again, that everything is healthy.
    async fn tell(&self) -> Result<Infallible, Error> {
        let mut tasks = tokio::select! {
            tasks = self.tasks.all_healthy(None) => tasks,
            never = self.tell_of_waiting() => match never {},
        };
        self.endpoints_file.write(&self.addresses, &tasks)?;
        self.report.say(Ready {
            time: self.start.elapsed(),
            addresses: &self.addresses,
            options: &self.options,
            seed: self.seed,
            shares: like_service::chaos::Config::read(&Variables::snapshot()).ok(),
            tracing: &self.tracing,
        });
        if !self.options.no_browser {
            browser::open_for_people(&self.addresses.site);
        }
        loop {
            tasks = self.tasks.all_healthy(Some(&tasks)).await;
            match self.endpoints_file.write(&self.addresses, &tasks) {
                Err(Error::EndpointsTaken { path, .. }) => {
                    self.report.say(Event::EndpointsTaken { path });
                }
                written => written?,
            }
        }
    }

    async fn tell_of_waiting(&self) -> Infallible {
        sleep(USUAL_START).await;
        self.report.say(Event::Waiting {
            logs: format!("{}/logs/monolith", self.addresses.site),
        });
        std::future::pending().await
    }
}
