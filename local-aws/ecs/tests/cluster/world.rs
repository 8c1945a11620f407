//! A runtime and a load balancer without processes and network. Time is tokio's paused time.

#![expect(clippy::unwrap_used, reason = "test helpers may panic")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecs::{
    BoxFuture, Clock, Config, Container, DeploymentConfig, Ecs, Exit, HealthSink, Launch,
    PortMapping, Protocol, Report, Reporter, Runtime, ServiceConfig, ServiceLoadBalancer, Signal,
    Started, Target, TargetHealth, Targets, TaskDefinition, Timestamp,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

pub const GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/like/1";
pub const START_TIME: Duration = Duration::from_millis(200);
pub const HEALTHY_AFTER: Duration = Duration::from_millis(500);
pub const DEREGISTRATION_DELAY: Duration = Duration::from_secs(2);

/// What has happened, in order.
#[derive(Clone, Default)]
pub struct World {
    pub log: Arc<Mutex<Vec<String>>>,
    pub running: Arc<AtomicUsize>,
    /// Whether containers ignore SIGTERM.
    pub ignores_term: bool,
    /// Whether the runtime panics after the start of a task.
    pub panics: bool,
    /// Whether the load balancer panics when a target is registered, in the scheduler.
    pub registration_panics: bool,
}

impl World {
    fn note(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub fn ecs(&self) -> Ecs {
        self.ecs_with(Config {
            cluster: "cluster".to_owned(),
            max_tasks: 20,
            task_start: Duration::ZERO,
        })
    }

    pub fn ecs_with(&self, config: Config) -> Ecs {
        let world = Arc::new(self.clone());
        Ecs::start(config, world.clone(), world, Arc::new(TokioClock::start()))
    }
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Runtime for World {
    fn check(&self, _: &TaskDefinition) -> Result<(), String> {
        Ok(())
    }

    fn run(
        &self,
        launch: Launch,
        reporter: Reporter,
        mut signals: mpsc::UnboundedReceiver<Signal>,
    ) -> BoxFuture<'static, ()> {
        let world = self.clone();
        Box::pin(async move {
            world.running.fetch_add(1, Ordering::SeqCst);
            let _running = Running(world.running.clone());
            let ordinal = launch.ordinal;
            let mut code = 0;
            let container = launch.definition.containers[0].name.clone();
            let start = async {
                sleep(START_TIME).await;
                world.note(format!("{ordinal} started"));
                let last = u8::try_from(ordinal).unwrap();
                reporter.report(Report::Started(Started {
                    address: IpAddr::V4(Ipv4Addr::new(127, 0, 1, last)),
                    bindings: Vec::new(),
                    pids: vec![1],
                }));
                assert!(!world.panics, "a panic of the runtime");
                std::future::pending::<()>().await;
            };
            tokio::pin!(start);
            loop {
                let signal = tokio::select! {
                    signal = signals.recv() => signal,
                    () = &mut start => None,
                };
                world.note(format!("{ordinal} {signal:?}"));
                match signal {
                    Some(Signal::Term) if world.ignores_term => {}
                    Some(Signal::Kill) => {
                        code = 137;
                        break;
                    }
                    Some(Signal::Term) | None => break,
                }
            }
            let exit = Exit {
                code: Some(code),
                reason: None,
            };
            reporter.report(Report::Exited { container, exit });
        })
    }
}

impl Targets for World {
    fn register(
        &self,
        group_arn: &str,
        address: SocketAddr,
        health: HealthSink,
    ) -> Option<Box<dyn Target>> {
        assert!(!self.registration_panics, "a panic of the load balancer");
        if group_arn != GROUP {
            return None;
        }
        self.note(format!("{address} registered"));
        tokio::spawn(async move {
            sleep(HEALTHY_AFTER).await;
            health(TargetHealth::Healthy);
        });
        let world = self.clone();
        Some(Box::new(Registered { world, address }))
    }
}

struct Registered {
    world: World,
    address: SocketAddr,
}

impl Target for Registered {
    fn deregister(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            sleep(DEREGISTRATION_DELAY).await;
            self.world.note(format!("{} deregistered", self.address));
        })
    }
}

struct TokioClock(Instant);

impl TokioClock {
    fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(Duration::from_secs(1_700_000_000) + self.0.elapsed())
    }
}

pub fn service(name: &str, desired_count: u32) -> ServiceConfig {
    ServiceConfig {
        name: name.to_owned(),
        definition: definition("like", 1),
        desired_count,
        deployment: DeploymentConfig {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: true,
            rollback: true,
        },
        grace_period: Duration::ZERO,
        load_balancers: vec![ServiceLoadBalancer {
            target_group_arn: GROUP.to_owned(),
            container: "like".to_owned(),
            container_port: 8080,
        }],
    }
}

pub fn definition(family: &str, revision: u32) -> Arc<TaskDefinition> {
    let container = Container {
        name: "like".to_owned(),
        image: "like-service".to_owned(),
        essential: true,
        memory: None,
        environment: Vec::new(),
        port_mappings: vec![PortMapping {
            container_port: 8080,
            protocol: Protocol::Tcp,
        }],
        health_check: None,
        depends_on: Vec::new(),
        start_timeout: None,
        restart_policy: None,
        stop_timeout: Duration::from_secs(30),
    };
    Arc::new(TaskDefinition {
        family: family.to_owned(),
        revision,
        cpu: 256,
        memory: 512,
        containers: vec![container],
        document: serde_json::Map::new(),
    })
}
