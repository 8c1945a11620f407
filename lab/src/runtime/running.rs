//! A running task: its containers, their health and their memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ecs::{Binding, Launch, Protocol, Report, Reporter, Signal, Started};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::addresses::Lease;
use super::container::{Container, Control, Ended, Spec};
use super::memory::{Usage, choose_victim, resident_bytes};
use super::{Config, probe};
use crate::error::Error;
use crate::report::Event;

/// Maximum time until all containers listen.
const START_TIME: Duration = Duration::from_secs(30);

/// Time between two samples of the memory.
const MEMORY_INTERVAL: Duration = Duration::from_secs(1);

/// The port on which a program listens whose environment has no `PORT`.
const DEFAULT_PORT: u16 = 80;

/// A task whose processes have been started. Dropping it kills them.
pub struct Running {
    config: Arc<Config>,
    launch: Launch,
    reporter: Reporter,
    lease: Lease,
    /// In the order of the task definition.
    containers: Vec<State>,
    ends: JoinSet<(usize, Ended)>,
    listening: JoinSet<Option<(usize, SocketAddr)>>,
    health_checks: JoinSet<()>,
}

/// What is known of a container.
struct State {
    pid: u32,
    control: mpsc::UnboundedSender<Control>,
    listens_at: Option<SocketAddr>,
    has_ended: bool,
}

impl Running {
    /// Starts the processes. Reports the failure if one cannot be started.
    pub fn start(config: Arc<Config>, launch: Launch, reporter: Reporter) -> Option<Self> {
        let lease = config.addresses.lease(&tcp_ports(&launch));
        let mut running = Self {
            config,
            launch,
            reporter,
            lease,
            containers: Vec::new(),
            ends: JoinSet::new(),
            listening: JoinSet::new(),
            health_checks: JoinSet::new(),
        };
        match running.start_containers() {
            Ok(()) => Some(running),
            Err(reason) => {
                running.reporter.report(Report::StartFailed(format!(
                    "CannotStartContainerError: {reason}"
                )));
                None
            }
        }
    }

    fn start_containers(&mut self) -> Result<(), String> {
        let launch = self.launch.clone();
        let log = self.config.short_name(&launch.service);
        for (index, container) in launch.definition.containers.iter().enumerate() {
            let image = self.config.image(&container.image);
            let image = image.ok_or_else(|| format!("no such image: {}", container.image))?;
            let spec = Spec {
                image: image.name,
                task: self.task_name(),
                log,
                environment: image.environment(
                    &container.environment,
                    self.config.dynamodb,
                    self.config.seed,
                    launch.ordinal,
                ),
                address: self.lease.address,
                needs_free_port: self.lease.needs_free_port,
            };
            let started = Container::start(&self.config.program, spec);
            let (container, listening) = started.map_err(|source| {
                let reason = source.to_string();
                let service = log;
                let _ = self.config.failures.send(Error::Spawn { service, source });
                reason
            })?;
            self.add(index, container, listening);
        }
        Ok(())
    }

    fn add(
        &mut self,
        index: usize,
        container: Container,
        listening: oneshot::Receiver<SocketAddr>,
    ) {
        let (control, controls) = mpsc::unbounded_channel();
        self.containers.push(State {
            pid: container.pid,
            control,
            listens_at: None,
            has_ended: false,
        });
        self.ends
            .spawn(async move { (index, container.run(controls).await) });
        self.listening
            .spawn(async move { Some((index, listening.await.ok()?)) });
    }

    /// Runs until all containers have ended.
    pub async fn run(mut self, mut signals: mpsc::UnboundedReceiver<Signal>) {
        let mut samples = interval(MEMORY_INTERVAL);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start_limit = sleep(START_TIME);
        tokio::pin!(start_limit);
        let mut is_starting = true;
        loop {
            tokio::select! {
                ended = self.ends.join_next() => match ended {
                    Some(Ok((index, ended))) => self.ended(index, &ended),
                    Some(Err(_)) => {}
                    None => return,
                },
                Some(Ok(listening)) = self.listening.join_next(), if is_starting => {
                    is_starting = !self.listens(listening);
                }
                Some(signal) = signals.recv() => self.control(Control::Signal(signal)),
                _ = samples.tick() => self.sample_memory(),
                () = &mut start_limit, if is_starting => {
                    is_starting = false;
                    self.give_up_start();
                }
            }
        }
    }

    /// Notes where a container listens. Returns whether all containers listen.
    fn listens(&mut self, listening: Option<(usize, SocketAddr)>) -> bool {
        // A container that closes its output without an address ends, or the start limit passes.
        let Some((index, address)) = listening else {
            return false;
        };
        self.containers[index].listens_at = Some(address);
        let all: Option<Vec<_>> = self.containers.iter().map(|it| it.listens_at).collect();
        let Some(addresses) = all else {
            return false;
        };
        self.reporter.report(Report::Started(Started {
            address: self.lease.address,
            bindings: self.bindings(&addresses),
            pids: self.containers.iter().map(|it| it.pid).collect(),
        }));
        self.check_health(&addresses);
        true
    }

    fn check_health(&mut self, addresses: &[SocketAddr]) {
        let definitions = &self.launch.definition.containers;
        for (definition, address) in definitions.iter().zip(addresses) {
            let Some(check) = definition.health_check.clone() else {
                continue;
            };
            let (reporter, container) = (self.reporter.clone(), definition.name.clone());
            self.health_checks
                .spawn(probe::check_health(*address, check, move |is_healthy| {
                    let container = container.clone();
                    reporter.report(Report::Health {
                        container,
                        is_healthy,
                    });
                }));
        }
    }

    fn bindings(&self, addresses: &[SocketAddr]) -> Vec<Binding> {
        let containers = self.launch.definition.containers.iter().zip(addresses);
        let bindings = containers.flat_map(|(container, listens_at)| {
            container.port_mappings.iter().map(|mapping| Binding {
                container: container.name.clone(),
                container_port: mapping.container_port,
                host_port: host_port(
                    mapping.container_port,
                    port_of(&container.environment),
                    listens_at.port(),
                    self.lease.needs_free_port,
                ),
                protocol: mapping.protocol,
            })
        });
        bindings.collect()
    }

    fn ended(&mut self, index: usize, ended: &Ended) {
        let state = &mut self.containers[index];
        state.has_ended = true;
        let is_first_start = state.listens_at.is_none();
        let service = self.config.short_name(&self.launch.service);
        if is_first_start && ended.has_refused_its_environment() {
            let stderr = ended.stderr.clone();
            let failure = Error::TaskConfig { service, stderr };
            let _ = self.config.failures.send(failure);
        }
        if let Some(how) = ended.death() {
            let task = self.task_name();
            self.config.report.say(Event::Died { task, how });
        }
        self.reporter.report(Report::Exited {
            container: self.launch.definition.containers[index].name.clone(),
            exit: ended.exit(),
        });
    }

    fn control(&self, control: Control) {
        for container in &self.containers {
            // A container that has ended receives nothing.
            let _ = container.control.send(control);
        }
    }

    fn sample_memory(&self) {
        let running: Vec<_> = self
            .containers
            .iter()
            .zip(&self.launch.definition.containers)
            .filter(|(state, _)| !state.has_ended)
            .collect();
        let usages: Vec<_> = running
            .iter()
            .map(|(state, definition)| Usage {
                bytes: resident_bytes(state.pid).unwrap_or_default(),
                limit: definition.memory,
            })
            .collect();
        if let Some(victim) = choose_victim(&usages, self.launch.definition.memory) {
            let _ = running[victim].0.control.send(Control::KillForMemory);
        }
    }

    fn give_up_start(&self) {
        let seconds = START_TIME.as_secs();
        self.reporter.report(Report::StartFailed(format!(
            "CannotStartContainerError: a container did not listen on its port within {seconds} seconds"
        )));
        self.control(Control::Signal(Signal::Kill));
    }

    fn task_name(&self) -> String {
        let service = self.config.short_name(&self.launch.service);
        format!("{service}-{}", self.launch.ordinal)
    }
}

/// The TCP ports on which the containers listen.
fn tcp_ports(launch: &Launch) -> Vec<u16> {
    let containers = launch.definition.containers.iter();
    let mappings = containers.flat_map(|container| &container.port_mappings);
    let tcp = mappings.filter(|mapping| mapping.protocol == Protocol::Tcp);
    tcp.map(|mapping| mapping.container_port).collect()
}

/// The port that the environment sets.
fn port_of(environment: &[(String, String)]) -> u16 {
    let port = environment.iter().find(|(name, _)| name == "PORT");
    port.and_then(|(_, port)| port.parse().ok())
        .unwrap_or(DEFAULT_PORT)
}

/// The port at the task's address for a port of the task definition. `program_port` is the port of the program's environment,
/// and `listening_port` is the one on which it listens.
fn host_port(
    container_port: u16,
    program_port: u16,
    listening_port: u16,
    needs_free_port: bool,
) -> u16 {
    match needs_free_port {
        false => container_port,
        true if container_port == program_port => listening_port,
        // The program does not listen on this port. Another program can listen on it at a shared address, and must not get
        // the requests: nothing listens on port 0.
        true => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_task_definition_is_the_port_at_the_tasks_own_address() {
        assert_eq!(host_port(8080, 8080, 8080, false), 8080);
        // The program listens on another port than its task definition says. Nothing answers on 8080, as on AWS.
        assert_eq!(host_port(8080, 9090, 9090, false), 8080);
    }

    #[test]
    fn at_a_shared_address_a_port_is_the_free_port_of_the_program_that_listens_on_it() {
        assert_eq!(host_port(8080, 8080, 54_321, true), 54_321);
        assert_eq!(host_port(8001, 8080, 54_321, true), 0);
    }

    #[test]
    fn the_port_of_a_program_is_that_of_its_environment() {
        let environment = [("PORT".to_owned(), "8081".to_owned())];
        assert_eq!(port_of(&environment), 8081);
        assert_eq!(port_of(&[]), 80);
    }
}
