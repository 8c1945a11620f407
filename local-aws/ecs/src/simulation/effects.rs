//! What the simulated runtime and load balancer do.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::behavior::Behavior;
use super::{Happening, Simulation};
use crate::runtime::{Exit, Report, Signal, Started};
use crate::state::Effect;
use crate::targets::TargetHealth;

impl Simulation {
    fn behavior(&self, id: &str) -> Behavior {
        let revision = self.state.tasks.get(id);
        let revision = revision.map_or(0, |task| task.definition.revision);
        self.behaviors.get(&revision).cloned().unwrap_or_default()
    }

    pub(super) fn perform(&mut self) {
        for effect in self.state.take_effects() {
            match effect {
                Effect::Run(launch) => {
                    self.running.insert(launch.id.clone(), launch.ordinal);
                    self.launch(&launch.id);
                }
                Effect::Signal { task, signal } => {
                    let term = self.behavior(&task).term;
                    let delay = match signal {
                        Signal::Kill => Some(Duration::ZERO),
                        Signal::Term => term,
                    };
                    if let Some(delay) = delay {
                        self.end_after(delay, &task);
                    }
                }
                Effect::Register { task, index, .. } => {
                    let health = match self.behavior(&task).check {
                        Some(Ok(delay)) => (delay, TargetHealth::Healthy),
                        Some(Err(delay)) => {
                            let reason = "Health checks failed with these codes: [500]";
                            (delay, TargetHealth::Unhealthy(reason.to_owned()))
                        }
                        None => continue,
                    };
                    self.after(health.0, Happening::TargetHealth(task, index, health.1));
                }
                Effect::Deregister { task, index } => {
                    // Target groups may have different delays.
                    let delay = self.behavior(&task).deregistration * (index as u32 + 1);
                    self.after(delay, Happening::Deregistered(task, index));
                }
                Effect::Publish { event, .. } => self.messages.push(event.message),
            }
        }
    }

    fn launch(&mut self, id: &str) {
        let behavior = self.behavior(id);
        match behavior.start {
            Ok(delay) => {
                let started = Started {
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    bindings: Vec::new(),
                    pids: vec![1],
                };
                let report = Report::Started(started);
                self.after(delay, Happening::Report(id.to_owned(), report));
                if let Some(check) = behavior.check {
                    let (check, is_healthy) = match check {
                        Ok(check) => (check, true),
                        Err(check) => (check, false),
                    };
                    let report = Report::Health {
                        container: "like".to_owned(),
                        is_healthy,
                    };
                    self.after(delay + check, Happening::Report(id.to_owned(), report));
                }
            }
            Err(delay) => {
                let reason = "CannotStartContainerError: no such program".to_owned();
                let report = Report::StartFailed(reason);
                self.after(delay, Happening::Report(id.to_owned(), report));
                self.after(delay, Happening::RunEnded(id.to_owned()));
            }
        }
        if let Some(lifetime) = behavior.exit {
            self.end_after(lifetime, id);
        }
    }

    fn end_after(&mut self, delay: Duration, id: &str) {
        let container = "like".to_owned();
        let exit = Exit::default();
        let report = Report::Exited { container, exit };
        self.after(delay, Happening::Report(id.to_owned(), report));
        self.after(delay, Happening::RunEnded(id.to_owned()));
    }
}
