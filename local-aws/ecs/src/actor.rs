//! The actor that owns the state: it applies what [`plan`](crate::plan) decides, runs tasks and registers targets.
//!
//! It decides nothing. Commands, and all reports about tasks, arrive as an [`Input`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;

use crate::model::{Event, TaskStatus};
use crate::overview::Overview;
use crate::plan::{next_due, plan};
use crate::runtime::{Launch, Report, Reporter, Runtime, Signal};
use crate::state::{Effect, State};
use crate::targets::{HealthSink, Target, TargetHealth, Targets};
use crate::time::{Clock, Timestamp};

/// A command or a report.
pub enum Input {
    /// A call reads or changes the state.
    Command(Command),
    /// The runtime reports about a task.
    Report { task: String, report: Report },
    /// The runtime has ended a task.
    RunEnded { task: String },
    /// A load balancer reports about a task.
    TargetHealth {
        task: String,
        index: usize,
        health: TargetHealth,
    },
    /// A deregistration has ended.
    Deregistered { task: String, index: usize },
}

type Command = Box<dyn FnOnce(&mut State, Timestamp) -> Reply + Send>;

/// Answers a command. Called when what follows from the command has been decided.
pub type Reply = Box<dyn FnOnce() + Send>;

/// Sends inputs as long as handles of the cluster exist.
type Inputs = mpsc::WeakUnboundedSender<Input>;

/// The actor.
pub struct Actor {
    state: State,
    inputs: Inputs,
    runtime: Arc<dyn Runtime>,
    targets: Arc<dyn Targets>,
    clock: Arc<dyn Clock>,
    overview: watch::Sender<Arc<Overview>>,
    events: broadcast::Sender<(String, Event)>,
    /// What exists outside of the state, by task.
    handles: HashMap<String, Handles>,
    replies: Vec<Reply>,
    /// Running tasks and deregistrations. Dropping them ends them.
    running: JoinSet<()>,
}

/// What exists outside of the state for a task.
struct Handles {
    signals: mpsc::UnboundedSender<Signal>,
    targets: HashMap<usize, Box<dyn Target>>,
}

impl Actor {
    /// An actor for this state.
    pub fn new(
        state: State,
        inputs: Inputs,
        runtime: Arc<dyn Runtime>,
        targets: Arc<dyn Targets>,
        clock: Arc<dyn Clock>,
        overview: watch::Sender<Arc<Overview>>,
        events: broadcast::Sender<(String, Event)>,
    ) -> Self {
        Self {
            state,
            inputs,
            runtime,
            targets,
            clock,
            overview,
            events,
            handles: HashMap::new(),
            replies: Vec::new(),
            running: JoinSet::new(),
        }
    }

    /// Runs until all handles of the cluster have been dropped. Then all tasks are killed.
    pub async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Input>) {
        loop {
            let due = self.settle();
            let wait = due.map(|due| due.since(self.clock.now()));
            tokio::select! {
                input = receiver.recv() => match input {
                    Some(input) => self.handle(input),
                    None => return,
                },
                () = sleep(wait) => {}
            }
            // Inputs that have arrived together are planned for together.
            while let Ok(input) = receiver.try_recv() {
                self.handle(input);
            }
            while self.running.try_join_next().is_some() {}
        }
    }

    /// Plans and applies until nothing is left to do. Returns the time of the next change.
    fn settle(&mut self) -> Option<Timestamp> {
        let now = self.clock.now();
        self.perform();
        loop {
            let actions = plan(&self.state, now);
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.state.apply(action, now);
                self.perform();
            }
        }
        let state = &self.state;
        self.handles.retain(|id, _| {
            let task = state.tasks.get(id);
            task.is_some_and(|task| task.status != TaskStatus::Stopped)
        });
        let overview = Overview::new(state, now);
        self.overview.send_if_modified(|known| {
            let is_changed = **known != overview;
            if is_changed {
                *known = Arc::new(overview);
            }
            is_changed
        });
        for reply in self.replies.drain(..) {
            reply();
        }
        next_due(state, now)
    }

    fn handle(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Command(command) => {
                let reply = command(&mut self.state, now);
                self.replies.push(reply);
            }
            Input::Report { task, report } => self.state.report(&task, report, now),
            Input::RunEnded { task } => self.state.run_ended(&task, now),
            Input::TargetHealth {
                task,
                index,
                health,
            } => self.state.target_health(&task, index, health),
            Input::Deregistered { task, index } => self.state.deregistered(&task, index),
        }
    }

    fn perform(&mut self) {
        for effect in self.state.take_effects() {
            match effect {
                Effect::Run(launch) => self.launch(launch),
                Effect::Signal { task, signal } => {
                    if let Some(handles) = self.handles.get(&task) {
                        // The task may have ended.
                        let _ = handles.signals.send(signal);
                    }
                }
                Effect::Register {
                    task,
                    index,
                    target_group_arn,
                    address,
                } => {
                    let sink = health_sink(self.inputs.clone(), task.clone(), index);
                    let target = self
                        .targets
                        .register(&target_group_arn, address, sink.clone());
                    match (target, self.handles.get_mut(&task)) {
                        (Some(target), Some(handles)) => {
                            handles.targets.insert(index, target);
                        }
                        // The words of the developer guide, "Amazon ECS service event messages".
                        _ => sink(TargetHealth::Unhealthy(
                            "TARGET GROUP IS NOT FOUND".to_owned(),
                        )),
                    }
                }
                Effect::Deregister { task, index } => self.deregister(task, index),
                Effect::Publish { service, event } => {
                    // There may be no listener.
                    let _ = self.events.send((service, event));
                }
            }
        }
    }

    fn launch(&mut self, launch: Launch) {
        let id = launch.id.clone();
        let (signals, receiver) = mpsc::unbounded_channel();
        let targets = HashMap::new();
        self.handles
            .insert(id.clone(), Handles { signals, targets });
        let (inputs, task) = (self.inputs.clone(), id.clone());
        let reporter = Reporter(Arc::new(move |report| {
            let task = task.clone();
            send(&inputs, Input::Report { task, report });
        }));
        let run = self.runtime.run(launch, reporter, receiver);
        let inputs = self.inputs.clone();
        let ended = SendOnDrop(Some(move || send(&inputs, Input::RunEnded { task: id })));
        self.running.spawn(async move {
            // The end of a task that panics is also noticed.
            let _ended = ended;
            run.await;
        });
    }

    fn deregister(&mut self, task: String, index: usize) {
        let target = self.handles.get_mut(&task);
        let target = target.and_then(|handles| handles.targets.remove(&index));
        let inputs = self.inputs.clone();
        let ended = SendOnDrop(Some(move || {
            send(&inputs, Input::Deregistered { task, index });
        }));
        self.running.spawn(async move {
            let _ended = ended;
            if let Some(target) = target {
                target.deregister().await;
            }
        });
    }
}

fn health_sink(inputs: Inputs, task: String, index: usize) -> HealthSink {
    Arc::new(move |health| {
        let task = task.clone();
        let input = Input::TargetHealth {
            task,
            index,
            health,
        };
        send(&inputs, input);
    })
}

fn send(inputs: &Inputs, input: Input) {
    if let Some(inputs) = inputs.upgrade() {
        // The actor may have ended.
        let _ = inputs.send(input);
    }
}

/// Calls a function when it is dropped.
struct SendOnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for SendOnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
