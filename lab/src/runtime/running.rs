//! A running task: its containers in the order of their dependencies, their health and their memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ecs::metadata::{HealthView, Sampler};
use ecs::{Exit, Launch, Report, Reporter, Signal, Start, Started};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::addresses::Lease;
use super::container::{Container, Control, Ended, Spec};
use super::image::OfTask;
use super::metadata::Entry;
use super::sidecars::SIDECARS;
use super::{Config, log_stream, probe};
use crate::channel::Link;
use crate::error::Error;
use crate::report::Event;

mod daemon;
mod ports;
mod state;
mod usage;

use ports::{bindings, port_of, tcp_ports};
use state::{Process, State};

/// Maximum time until a container listens.
const START_TIME: Duration = Duration::from_secs(30);

/// Time between two samples of what the containers use.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// A task. Dropping it kills its processes.
pub struct Running {
    config: Arc<Config>,
    launch: Launch,
    reporter: Reporter,
    lease: Lease,
    metadata: Entry,
    /// `None` if the operating system does not tell what processes use.
    sampler: Option<Sampler>,
    /// In the order of the task definition.
    containers: Vec<State>,
    ends: JoinSet<(usize, Ended)>,
    listening: JoinSet<Option<(usize, SocketAddr)>>,
    health_checks: JoinSet<()>,
    /// Gets indexes of containers, and whether they are healthy.
    health_sender: mpsc::UnboundedSender<(usize, bool)>,
    health: mpsc::UnboundedReceiver<(usize, bool)>,
    has_started: bool,
    /// No container starts any more.
    is_stopping: bool,
    must_terminate: bool,
}

impl Running {
    /// Starts the processes that wait for no other. Reports the failure if one cannot be started.
    pub fn start(config: Arc<Config>, launch: Launch, reporter: Reporter) -> Option<Self> {
        let lease = config.addresses.lease(&tcp_ports(&launch.definition));
        let metadata = config.metadata.add(&launch, lease.address);
        let containers = launch.definition.containers.iter();
        let (health_sender, health) = mpsc::unbounded_channel();
        let mut running = Self {
            containers: containers.map(|_| State::default()).collect(),
            config,
            launch,
            reporter,
            lease,
            metadata,
            sampler: Sampler::new().ok(),
            ends: JoinSet::new(),
            listening: JoinSet::new(),
            health_checks: JoinSet::new(),
            health_sender,
            health,
            has_started: false,
            is_stopping: false,
            must_terminate: false,
        };
        running.warn_of_missing_daemon();
        match running.start_containers() {
            Ok(()) => Some(running),
            Err(reason) => {
                running.reporter.report(Report::StartFailed(reason));
                None
            }
        }
    }

    /// Runs until all containers have ended.
    pub async fn run(mut self, mut signals: mpsc::UnboundedReceiver<Signal>) {
        let mut samples = interval(SAMPLE_INTERVAL);
        samples.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = self.ends.join_next() => match ended {
                    Some(Ok((index, ended))) => self.ended(index, &ended),
                    Some(Err(_)) => {}
                    None => return,
                },
                Some(Ok(listening)) = self.listening.join_next() => {
                    // A container that closes its output without an address ends, or its time passes.
                    if let Some((index, address)) = listening {
                        self.listens(index, address);
                        // From now on there are statistics.
                        self.sample();
                    }
                }
                Some((index, is_healthy)) = self.health.recv() => {
                    self.has_health(index, is_healthy);
                }
                Some(signal) = signals.recv() => self.signal(signal),
                _ = samples.tick() => self.sample(),
            }
            self.proceed();
        }
    }

    /// Does what follows from a change: starts containers, and reports that all have started.
    fn proceed(&mut self) {
        if let Err(reason) = self.start_containers() {
            self.give_up_start(reason);
        }
        let is_late = |state: &State| {
            let is_running = state.process.is_some();
            is_running && state.listens_at.is_none() && state.running_for() > Some(START_TIME)
        };
        if !self.has_started && !self.is_stopping && self.containers.iter().any(is_late) {
            let seconds = START_TIME.as_secs();
            self.give_up_start(cannot_start(&format!(
                "a container did not listen on its port within {seconds} seconds"
            )));
        }
        let has_started = |state: &State| state.listens_at.is_some() || state.exit.is_some();
        if !self.has_started && !self.is_stopping && self.containers.iter().all(has_started) {
            self.has_started = true;
            self.report_start();
        }
        if self.must_terminate {
            self.terminate();
        }
    }

    /// Starts the containers whose dependencies are resolved. The error begins with an error name of ECS.
    fn start_containers(&mut self) -> Result<(), String> {
        let mut index = 0;
        while index < self.containers.len() && !self.is_stopping {
            let state = &self.containers[index];
            index += 1;
            if state.process.is_some() || state.exit.is_some() {
                continue;
            }
            let progress: Vec<_> = self.containers.iter().map(State::progress).collect();
            match self.launch.definition.start(index - 1, &progress) {
                Start::Now => self.start_container(index - 1)?,
                Start::Wait => continue,
                Start::Never(exit) => self.has_exited(index - 1, exit),
            }
            // Others may wait for this one.
            index = 0;
        }
        Ok(())
    }

    /// The error begins with an error name of ECS.
    fn start_container(&mut self, index: usize) -> Result<(), String> {
        let definition = Arc::clone(&self.launch.definition);
        let definition = &definition.containers[index];
        let image = self.config.image(&definition.image);
        let image =
            image.ok_or_else(|| cannot_start(&format!("no such image: {}", definition.image)))?;
        let executable = self.config.program.executable(image)?;
        let runtime_id = self.launch.runtime_ids.get(index);
        let environment = image.environment(
            &definition.environment,
            &self.config.surroundings,
            OfTask {
                ordinal: self.launch.ordinal,
                daemon: self.daemon(),
            },
            self.config
                .metadata
                .url(runtime_id.map_or("", String::as_str)),
        );
        let state = &mut self.containers[index];
        // A restarted container keeps its port.
        let known = state.listens_at.map(|address| address.port());
        state.program_port = port_of(&environment);
        let spec = Spec {
            image: image.name,
            executable,
            task: self.container_name(index),
            log: log_stream::of(&self.launch, index),
            environment,
            address: self.lease.address,
            port: self.lease.needs_free_port.then(|| known.unwrap_or(0)),
            link: self.link(index),
        };
        let started = Container::start(&self.config.program.logs, spec);
        let (container, listening) = started.map_err(|source| {
            let reason = cannot_start(&source.to_string());
            let service = self.config.short_name(&self.launch.service);
            let failure = Error::Spawn { service, source };
            self.config.fail(&self.launch.definition, failure);
            reason
        })?;
        let (control, controls) = mpsc::unbounded_channel();
        self.containers[index].starts(Process {
            pid: container.pid,
            control,
        });
        self.metadata.update_container(index, |view, now| {
            view.started_at = Some(now);
            view.finished_at = None;
            view.exit_code = None;
        });
        self.ends
            .spawn(async move { (index, container.run(controls).await) });
        self.listening
            .spawn(async move { Some((index, listening.await.ok()?)) });
        Ok(())
    }

    fn link(&self, index: usize) -> Link {
        let task = self.launch.id.clone();
        let service = self.config.short_name(&self.launch.service);
        let image = &self.launch.definition.containers[index].image;
        let is_sidecar = SIDECARS.iter().any(|sidecar| sidecar.name == image);
        // Sidecars get no faults.
        let (of_service, of_task) = match is_sidecar {
            false => (service, task.clone()),
            true => ("", String::new()),
        };
        Link {
            ledger: self.config.ledger.clone(),
            faults: self.config.faults.of_task(of_service, of_task),
            task,
            service,
        }
    }

    fn listens(&mut self, index: usize, address: SocketAddr) {
        self.containers[index].listens_at = Some(address);
        if self.has_started {
            // The container was restarted: its process has another id.
            self.report_start();
        }
        let Some(check) = self.launch.definition.containers[index]
            .health_check
            .clone()
        else {
            return;
        };
        let sender = self.health_sender.clone();
        let check = probe::check_health(address, check, move |is_healthy| {
            let _ = sender.send((index, is_healthy));
        });
        self.containers[index].health_check = Some(self.health_checks.spawn(check));
    }

    fn has_health(&mut self, index: usize, is_healthy: bool) {
        // The container may have ended since.
        if self.containers[index].process.is_none() {
            return;
        }
        self.containers[index].is_healthy = is_healthy;
        self.metadata.update_container(index, |view, now| {
            view.health = Some(HealthView {
                is_healthy: Some(is_healthy),
                since: Some(now),
            });
        });
        self.reporter.report(Report::Health {
            container: self.launch.definition.containers[index].name.clone(),
            is_healthy,
        });
    }

    fn report_start(&self) {
        let definition = &self.launch.definition;
        let bindings = bindings(definition, &self.containers, self.lease.needs_free_port);
        self.metadata
            .update(|view| view.bindings.clone_from(&bindings));
        self.reporter.report(Report::Started(Started {
            address: self.lease.address,
            bindings,
            pids: self.containers.iter().map(|it| it.pid).collect(),
        }));
    }

    fn ended(&mut self, index: usize, ended: &Ended) {
        let exit = ended.exit();
        let is_first_start = self.containers[index].listens_at.is_none();
        if is_first_start && ended.has_refused_its_environment() {
            let service = self.config.short_name(&self.launch.service);
            let stderr = ended.stderr.clone();
            let failure = Error::TaskConfig { service, stderr };
            self.config.fail(&self.launch.definition, failure);
        }
        if let Some(how) = ended.death() {
            let task = self.container_name(index);
            self.config.report.say(Event::Died { task, how });
        }
        let running_for = self.containers[index].ends().unwrap_or_default();
        let policy = &self.launch.definition.containers[index].restart_policy;
        let restarts = policy
            .as_ref()
            .is_some_and(|policy| policy.restarts(exit.code, running_for));
        if restarts && !self.is_stopping {
            self.metadata.update_container(index, |view, _| {
                view.restart_count += 1;
                view.figures = None;
            });
            match self.start_container(index) {
                Ok(()) => {}
                Err(reason) => {
                    let reason = Some(reason);
                    self.has_exited(index, Exit { code: None, reason });
                }
            }
        } else {
            self.has_exited(index, exit);
        }
    }

    /// A container has ended and is not restarted, or will never start.
    fn has_exited(&mut self, index: usize, exit: Exit) {
        self.metadata.update_container(index, |view, now| {
            view.finished_at = Some(now);
            view.exit_code = exit.code;
            view.figures = None;
        });
        let definition = &self.launch.definition.containers[index];
        self.is_stopping |= definition.essential;
        self.reporter.report(Report::Exited {
            container: definition.name.clone(),
            exit: exit.clone(),
        });
        self.containers[index].exit = Some(exit);
    }

    fn signal(&mut self, signal: Signal) {
        self.is_stopping = true;
        self.metadata.update(|view| view.is_stopping = true);
        match signal {
            Signal::Term => self.must_terminate = true,
            Signal::Kill => self.kill_all(),
        }
    }

    /// Sends SIGTERM to the containers on which no running one depends.
    fn terminate(&mut self) {
        for index in 0..self.containers.len() {
            let has_ended = |index: usize| self.containers[index].process.is_none();
            let can_stop = self.launch.definition.can_stop(index, has_ended);
            let state = &mut self.containers[index];
            if can_stop && !state.is_terminated {
                state.is_terminated = true;
                state.control(Control::Signal(Signal::Term));
            }
        }
    }

    fn kill_all(&self) {
        for container in &self.containers {
            container.control(Control::Signal(Signal::Kill));
        }
    }

    fn give_up_start(&mut self, reason: String) {
        self.is_stopping = true;
        self.reporter.report(Report::StartFailed(reason));
        self.kill_all();
    }

    /// The name of a container for people: the task's for the first, which is the service's own.
    fn container_name(&self, index: usize) -> String {
        let service = self.config.short_name(&self.launch.service);
        let task = format!("{service}-{}", self.launch.ordinal);
        match index {
            0 => task,
            _ => format!("{task}/{}", self.launch.definition.containers[index].name),
        }
    }
}

fn cannot_start(reason: &str) -> String {
    format!("CannotStartContainerError: {reason}")
}
