//! Which part of the lab is connected to which.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudwatch::CloudWatch;
use ecs::{Clock, Ecs, SystemClock};
use http_shell::raise_open_file_limit;
use tokio::sync::mpsc;
use wire::{Guard, Timeouts, Warn, serve};
use xray::{Config, Limits, SamplingRates, Server, Xray};

use crate::aws;
use crate::database::Database;
use crate::database::faults::DatabaseFaults;
use crate::error::Error;
use crate::exam::{self, Exams};
use crate::exports;
use crate::faults::TaskFaults;
use crate::ledger::Ledger;
use crate::logs::Logs;
use crate::options::Options;
use crate::ports::{Port, Ports};
use crate::report::Report;
use crate::reset::Reset;
use crate::runtime::{self, Addresses, Metadata, Processes, Program, Surroundings};
use crate::scenario::{EXERCISE, IMAGES, Scenario};
use crate::site::Site;
use crate::site::goto::AboutLab;
use crate::site::reset::question;
use crate::stage::{Balancing, BalancingSettings, Meter, Monitoring, TargetGroups, start_scaling};
use crate::switch::Switch;
use crate::worktree::Worktree;

use super::parts::Parts;

/// Time limits of the load balancer and of the site. `idle` is an ALB's idle timeout.
const TIMEOUTS: Timeouts = Timeouts {
    idle: Duration::from_secs(60),
    grace: Duration::from_secs(10),
};

/// Time limits of DynamoDB and of the AWS endpoint. SDKs keep idle connections for 90 s and longer. If the server closes a
/// connection while a request is sent on it, the request fails.
const SDK_TIMEOUTS: Timeouts = Timeouts {
    idle: Duration::from_secs(600),
    ..TIMEOUTS
};

/// Every request is traced, so that each like of a person has a trace.
pub const XRAY: Config = Config {
    limits: Limits::DEFAULT,
    default_rule: SamplingRates {
        fixed_rate: 1.0,
        reservoir_size: 1,
    },
};

/// The load balancer of the scenario.
pub fn balancing(options: &Options, scenario: &Scenario, port: u16, logs: Logs) -> Balancing {
    let settings = BalancingSettings {
        port,
        health_check_interval: options.health_check_interval(),
        deregistration_delay: options.deregistration_delay(),
        timeouts: TIMEOUTS,
        max_connections: super::client_connection_limit(raise_open_file_limit(
            super::WANTED_OPEN_FILES,
        )),
        log: Arc::new(move |line| logs.keep_access_line(line)),
    };
    Balancing::new(scenario, settings)
}

/// CloudWatch without metrics and alarms.
pub fn cloudwatch() -> Arc<CloudWatch> {
    let clock = SystemClock::start();
    CloudWatch::new(
        cloudwatch::Limits::default(),
        Arc::new(move || clock.now().0),
    )
}

/// What the cluster needs besides the scenario.
pub struct ClusterContext<'a> {
    pub options: &'a Options,
    pub ports: &'a Ports,
    pub seed: u64,
    /// The reader's environment variables.
    pub reader: HashMap<String, String>,
    pub metadata: Metadata,
    pub logs: Logs,
    pub report: Report,
    pub ledger: Ledger,
    pub faults: TaskFaults,
    /// Gets the errors of tasks.
    pub failures: mpsc::UnboundedSender<Error>,
}

/// The cluster of the scenario, without services.
///
/// # Errors
///
/// When the operating system does not know the path of the lab's program.
pub fn cluster(
    scenario: &Scenario,
    balancing: &Balancing,
    context: ClusterContext<'_>,
) -> Result<Ecs, Error> {
    let services = scenario.services.iter();
    let short_names: BTreeMap<_, _> = services
        .map(|service| (service.name.to_owned(), service.short_name))
        .collect();
    let services = scenario.services.iter();
    let families = services.filter_map(|service| service.task_definition["family"].as_str());
    let processes = Processes::new(runtime::Config {
        program: Program {
            executable: runtime::executable()?,
            worktree: Worktree::new(context.options.sources.clone(), &EXERCISE),
            logs: context.logs,
        },
        images: IMAGES,
        short_names,
        addresses: Addresses::claim(),
        surroundings: Surroundings {
            dynamodb: context.ports.dynamodb.address,
            xray: context.ports.xray.address,
            otlp: context.ports.xray.otlp,
            seed: context.seed,
            reader: context.reader,
        },
        metadata: context.metadata,
        report: context.report,
        ledger: context.ledger,
        faults: context.faults,
        warned: Mutex::default(),
        own_definitions: families.map(|family| format!("{family}:1")).collect(),
        failures: context.failures,
    });
    let config = ecs::Config {
        cluster: scenario.cluster.to_owned(),
        max_tasks: context.options.max_tasks,
        task_start: context.options.task_start(),
    };
    Ok(Ecs::start(
        config,
        Arc::new(processes),
        Arc::new(TargetGroups::new(balancing.groups())),
        Arc::new(SystemClock::start()),
    ))
}

/// Everything that the listeners serve.
pub struct Served<'a> {
    pub database: Database,
    pub site: Site,
    pub scenario: &'a Scenario,
    pub balancing: &'a Balancing,
    pub ecs: &'a Ecs,
    pub metadata: Metadata,
    pub cloudwatch: Arc<CloudWatch>,
    pub xray: Arc<Xray>,
    pub faults: TaskFaults,
}

/// Starts all listeners.
pub fn serve_all(options: &Options, ports: Ports, report: &Report, served: Served<'_>) -> Parts {
    let Served {
        database,
        site,
        scenario,
        balancing,
        ecs,
        metadata,
        cloudwatch,
        xray,
        faults,
    } = served;
    let mut parts = Parts::default();
    // Of all listeners only the load balancer's and the tasks' own are open to web pages of other origins.
    let guard = Guard::new(options.allowed.clone()).with_site(ports.site.address.port());
    let console = report.console();
    let warn: Warn = Arc::new(move |warning| console.say(warning));
    let load_balancer = &balancing.load_balancer;
    let database_faults = DatabaseFaults::new(site.ledger.clone());
    let dynamodb = database.clone().into_router(database_faults.clone());
    let scaling = start_scaling(scenario, balancing, ecs, &cloudwatch);
    let meter = Meter::new(
        Arc::clone(&cloudwatch),
        Arc::clone(load_balancer),
        ecs.clone(),
        metadata.clone(),
        scenario.cluster,
    );
    let reset = Arc::new(Reset {
        counted: meter.counted(),
        database,
        data_dir: options.data_dir.clone(),
        load_balancer: Arc::clone(load_balancer),
        logs: site.logs.clone(),
        xray: Arc::clone(&xray),
        monitoring: Monitoring::new(Arc::clone(&cloudwatch), scenario, balancing),
        scaling: scaling.clone(),
        ecs: ecs.clone(),
        ledger: site.ledger.clone(),
        faults: faults.clone(),
        database_faults: database_faults.clone(),
        running: Mutex::default(),
        resets: AtomicU64::default(),
    });
    let about_lab = AboutLab {
        aws_port: ports.aws.address.port(),
        sources: options.sources.display().to_string(),
        max_tasks: options.max_tasks,
        confirmation_required: options.data_dir.as_deref().map(question),
    };
    let exports = balancing.exports(scenario, &site.alb);
    let aws = aws::router(
        dynamodb.clone(),
        load_balancer,
        ecs,
        &site.logs,
        &cloudwatch,
        &scaling,
        Arc::clone(&xray),
    );
    let injector = exam::Injector {
        aws: exam::Aws::new(aws.clone(), &exports),
        ecs: ecs.clone(),
        ledger: site.ledger.clone(),
        task_faults: faults,
        database_faults,
    };
    let limits = exam::Limits {
        max_tasks: options.max_tasks,
        task_start: options.task_start(),
        has_traces: options.tracing == Switch::On,
    };
    let exams = Exams::new(injector, limits, site.alb.clone(), Arc::clone(&reset));
    let site_aws = aws.clone();
    let aws = exports::router(exports).fallback_service(aws);
    let Port { listener, address } = ports.dynamodb;
    let app = guard.protect(address, dynamodb);
    let to_console = Arc::clone(&warn);
    parts.run(parts.database.clone(), |stop| async {
        serve(listener, app, stop, SDK_TIMEOUTS, to_console).await;
        Ok(())
    });
    let Port { listener, address } = ports.aws;
    let app = guard.protect(address, aws);
    let to_console = Arc::clone(&warn);
    parts.run(parts.aws.clone(), |stop| async {
        serve(listener, app, stop, SDK_TIMEOUTS, to_console).await;
        Ok(())
    });

    let cluster = ecs.clone();
    parts.run(parts.aws.clone(), |stop| async move {
        tokio::select! {
            () = cluster.ended() => Err(Error::EcsEnded),
            () = stop.cancelled() => Ok(()),
        }
    });

    let logs = site.logs.clone();
    // Each of them works for a moment of its own, which delays none of the others.
    parts.run(parts.aws.clone(), |stop| async move {
        stop.run_until_cancelled(cloudwatch.run()).await;
        Ok(())
    });
    parts.run(parts.aws.clone(), |stop| async move {
        stop.run_until_cancelled(logs.keep_publishing_metrics())
            .await;
        Ok(())
    });
    parts.run(parts.aws.clone(), |stop| async move {
        match stop.run_until_cancelled(meter.run()).await {
            Some(never) => match never {},
            None => Ok(()),
        }
    });

    let server = Server::new(xray, ports.xray.sockets, guard.clone());
    let to_console = Arc::clone(&warn);
    parts.run(parts.xray.clone(), |stop| async {
        server
            .run_until(stop, to_console)
            .await
            .map_err(Error::from)
    });

    let Port { listener, address } = ports.metadata;
    let app = guard.protect(address, metadata.into_router());
    let to_console = Arc::clone(&warn);
    parts.run(parts.metadata.clone(), |stop| async {
        serve(listener, app, stop, TIMEOUTS, to_console).await;
        Ok(())
    });

    let Port { listener, address } = ports.site;
    let site = site.into_router(Arc::clone(load_balancer), reset, exams, about_lab, site_aws);
    let site = guard.protect(address, site);
    let to_console = Arc::clone(&warn);
    parts.run(parts.site.clone(), |stop| async {
        serve(listener, site, stop, TIMEOUTS, to_console).await;
        Ok(())
    });

    let alb = Arc::clone(load_balancer);
    let listener = ports.alb.listener;
    parts.run(parts.alb.clone(), |stop| async {
        alb.serve(listener, stop, warn).await;
        Ok(())
    });
    parts
}
