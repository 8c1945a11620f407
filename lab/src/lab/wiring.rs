//! Which part of the lab is connected to which.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use elb::{
    Forward, LoadBalancer, LoadBalancerConfig, PathPattern, Rule, TargetGroup, TargetGroupConfig,
};
use wire::{Guard, Timeouts, Warn, serve};
use xray::{Config, Limits, SamplingRates, Server};

use crate::aws;
use crate::database::Database;
use crate::error::Error;
use crate::exports;
use crate::logs::Logs;
use crate::options::{LikeIn, Options};
use crate::ports::{Port, Ports};
use crate::reset::Reset;
use crate::service::Service;
use crate::site::Site;
use crate::supervisor::Supervisor;
use crate::tasks::Slot;

use super::parts::Parts;

/// The name of the load balancer, and the prefix of the names of its target groups: the workshop's name in `infra/`.
const WORKSHOP: &str = "mysfits";

/// The path rule of the workshop.
const LIKE_PATHS: &str = "/mysfits/*/like";

/// The priority of the path rule.
const LIKE_PRIORITY: u16 = 1;

/// The port of the tasks in the descriptions of the target groups, as in `infra/platform.yml`. Here each task has its own
/// port.
const TASK_PORT: u16 = 8080;

/// The name of the load balancer's log, and of what writes it.
const LOAD_BALANCER: &str = "load-balancer";

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

/// The slots of all tasks. The Like service runs also if likes go to the monolith, because the weights of the rule can
/// change.
pub fn slots(options: &Options) -> impl Iterator<Item = Slot> + use<> {
    let slots = |service, count| (0..count).map(move |number| Slot { service, number });
    slots(Service::Monolith, options.monolith_tasks)
        .chain(slots(Service::LikeService, options.like_tasks))
}

/// The names of all logs.
pub fn logs(options: &Options) -> impl Iterator<Item = &'static str> + use<> {
    let services = slots(options).map(|slot| slot.service.name());
    services.chain([LOAD_BALANCER])
}

/// The load balancer and the target groups of both services.
struct Balancing {
    alb: Arc<LoadBalancer>,
    likes: Arc<TargetGroup>,
    monoliths: Arc<TargetGroup>,
}

impl Balancing {
    /// The weights of the path rule are those of `--like-in`. Both target groups are in the rule, as in
    /// `infra/platform.yml`.
    fn new(options: &Options, port: u16, logs: Logs) -> Self {
        let group = |service: Service| {
            let name = format!("{WORKSHOP}-{}", service.name());
            let interval = options.health_check_interval();
            TargetGroup::new(TargetGroupConfig {
                port: TASK_PORT,
                deregistration_delay: options.deregistration_delay(),
                ..TargetGroupConfig::with_interval(&name, interval)
            })
        };
        let (likes, monoliths) = (group(Service::LikeService), group(Service::Monolith));
        let weights = match options.like_in {
            LikeIn::Service => [100, 0],
            LikeIn::Monolith => [0, 100],
        };
        let groups = [Arc::clone(&likes), Arc::clone(&monoliths)];
        let action = Forward::weighted(groups.into_iter().zip(weights));
        let alb = LoadBalancer::new(LoadBalancerConfig {
            name: WORKSHOP.to_owned(),
            port,
            rules: vec![Rule::new(
                LIKE_PRIORITY,
                PathPattern::new(LIKE_PATHS),
                action,
            )],
            default: Forward::to(Arc::clone(&monoliths)),
            log: Arc::new(move |line| logs.keep(LOAD_BALANCER, LOAD_BALANCER, line)),
            timeouts: TIMEOUTS,
        });
        Self {
            alb,
            likes,
            monoliths,
        }
    }
}

/// Starts everything.
pub fn start(
    options: &Options,
    ports: Ports,
    database: Database,
    site: Site,
    logs: Logs,
    supervisor: &Arc<Supervisor>,
) -> Parts {
    let mut parts = Parts::default();
    // Of all listeners only the load balancer's is open to web pages of other origins.
    let guard = Guard::new(options.allowed.clone()).with_site(ports.site.address.port());
    let console = supervisor.report.console();
    let warn: Warn = Arc::new(move |warning| console.say(warning));
    let dynamodb = database.clone().into_router();
    let balancing = Balancing::new(options, ports.alb.address.port(), logs);
    let reset = Reset {
        database,
        data_dir: options.data_dir.clone(),
        load_balancer: Arc::clone(&balancing.alb),
        logs: site.logs.clone(),
        xray: site.xray.clone(),
        running: Mutex::default(),
    };
    let exports = exports::of_workshop(
        &site.alb,
        &balancing.alb,
        LIKE_PRIORITY,
        &balancing.likes,
        &balancing.monoliths,
    );
    let aws = aws::router(dynamodb.clone(), &balancing.alb, site.xray.clone());
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

    if let (Some(ports), Some(xray)) = (ports.xray, &site.xray) {
        let server = Server::new(Arc::clone(xray), ports.sockets, guard.clone());
        let warn = Arc::clone(&warn);
        parts.run(parts.xray.clone(), |stop| async {
            server.run_until(stop, warn).await.map_err(Error::from)
        });
    }

    let Port { listener, address } = ports.site;
    let site = site.into_router(Arc::clone(&balancing.alb), Arc::new(reset));
    let site = guard.protect(address, site);
    let to_console = Arc::clone(&warn);
    parts.run(parts.site.clone(), |stop| async {
        serve(listener, site, stop, TIMEOUTS, to_console).await;
        Ok(())
    });

    let alb = Arc::clone(&balancing.alb);
    let listener = ports.alb.listener;
    parts.run(parts.alb.clone(), |stop| async {
        alb.serve(listener, stop, warn).await;
        Ok(())
    });

    for slot in slots(options) {
        let supervisor = Arc::clone(supervisor);
        match slot.service {
            Service::Monolith => {
                let group = Arc::clone(&balancing.monoliths);
                let part = parts.monoliths.clone();
                parts.run(part, |stop| supervisor.keep(slot, group, stop));
            }
            Service::LikeService => {
                let group = Arc::clone(&balancing.likes);
                let part = parts.likes.clone();
                parts.run(part, |stop| {
                    supervisor.keep_beside_monolith(slot, group, stop)
                });
            }
        }
    }
    parts
}
