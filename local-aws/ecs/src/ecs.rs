//! The handle of a cluster.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::actor::{Actor, Input, Reply};
use crate::ids::Ids;
use crate::model::{Config, Event, ServiceConfig, ServiceUpdate};
use crate::overview::{Overview, ServiceOverview};
use crate::runtime::Runtime;
use crate::state::State;
use crate::targets::Targets;
use crate::time::{Clock, Timestamp};

/// Events that a slow listener may lag behind before it loses the oldest.
const EVENT_BUFFER: usize = 1_024;

/// A local cluster. Clones are handles of the same cluster; the last one that is dropped kills all tasks.
#[derive(Clone)]
pub struct Ecs {
    inputs: mpsc::UnboundedSender<Input>,
    overview: watch::Receiver<Arc<Overview>>,
    events: broadcast::Sender<(String, Event)>,
    runtime: Arc<dyn Runtime>,
}

impl Ecs {
    /// Starts a cluster without services. Must be called in a tokio runtime.
    pub fn start(
        config: Config,
        runtime: Arc<dyn Runtime>,
        targets: Arc<dyn Targets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (inputs, receiver) = mpsc::unbounded_channel();
        let (overview_sender, overview) = watch::channel(Arc::new(Overview::default()));
        let (events, _) = broadcast::channel(EVENT_BUFFER);
        let actor = Actor::new(
            State::new(config, Ids::random()),
            inputs.downgrade(),
            runtime.clone(),
            targets,
            clock,
            overview_sender,
            events.clone(),
        );
        tokio::spawn(actor.run(receiver));
        Self {
            inputs,
            overview,
            events,
            runtime,
        }
    }

    /// Creates a service. Its tasks start.
    pub async fn create_service(&self, config: ServiceConfig) {
        self.call(move |state, now| state.create_service(config, now))
            .await;
    }

    /// Sets the desired count of a service, as `UpdateService` does. Does nothing if there is no such service.
    pub async fn set_desired_count(&self, service: &str, desired: u32) {
        let name = service.to_owned();
        let update = ServiceUpdate {
            desired_count: Some(desired),
            ..ServiceUpdate::default()
        };
        self.call(move |state, now| state.update_service(&name, update, now))
            .await;
    }

    /// Services and tasks. The receiver sees each change.
    pub fn watch(&self) -> watch::Receiver<Arc<Overview>> {
        self.overview.clone()
    }

    /// Resolves when the service is steady: one deployment, which is completed, and as many healthy tasks as are desired.
    /// Resolves at once if there is no such service.
    pub async fn steady(&self, service: &str) {
        self.wait_for(service, |service| service.is_steady).await;
    }

    /// Stops all tasks of a service as a scale-in does: deregistration, SIGTERM, SIGKILL. No other task starts. Resolves when
    /// all have stopped.
    pub async fn drain(&self, service: &str) {
        let name = service.to_owned();
        let drained = async {
            self.call(move |state, _| state.drain_service(&name)).await;
            self.wait_for(service, |service| service.tasks.is_empty())
                .await;
        };
        tokio::select! {
            () = drained => {}
            // The tasks were killed.
            () = self.ended() => {}
        }
    }

    /// Resolves when the cluster has ended although handles of it exist: the scheduler has panicked, or the asynchronous runtime
    /// ends. All tasks were killed, and no call of this handle resolves any more, except [`Ecs::drain`].
    pub async fn ended(&self) {
        self.inputs.closed().await;
    }

    /// Resolves when what follows from everything before the call has been decided, and [`Ecs::watch`] shows it.
    pub async fn settled(&self) {
        self.call(|_, _| ()).await;
    }

    /// The events of all services from now on, with the names of the services.
    pub fn events(&self) -> broadcast::Receiver<(String, Event)> {
        self.events.subscribe()
    }

    /// Returns all services to what they were created with. Events, ended deployments, stopped tasks and task definitions that
    /// no service was created with disappear.
    ///
    /// Resolves at once. Healthy tasks of the original task definition stay; others are replaced after that.
    pub async fn reset(&self) {
        self.call(State::reset).await;
    }

    /// Events, ended deployments and stopped tasks of all services disappear. Nothing else changes.
    pub async fn forget_past(&self) {
        self.call(|state, _| state.forget_past()).await;
    }

    /// What runs the tasks.
    pub(crate) fn runtime(&self) -> &dyn Runtime {
        self.runtime.as_ref()
    }

    /// Calls a function with the state and the present time. Resolves when what follows from its changes has been decided, and
    /// [`Ecs::watch`] shows it.
    ///
    /// Never resolves if the cluster has [ended](Ecs::ended).
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut State, Timestamp) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        let command = Box::new(move |state: &mut State, now| {
            let answer = f(state, now);
            let reply: Reply = Box::new(move || {
                // The caller may have been dropped.
                let _ = sender.send(answer);
            });
            reply
        });
        let is_sent = self.inputs.send(Input::Command(command)).is_ok();
        match receiver.await {
            Ok(answer) if is_sent => answer,
            _ => std::future::pending().await,
        }
    }

    async fn wait_for(&self, service: &str, f: impl Fn(&ServiceOverview) -> bool) {
        let mut overview = self.watch();
        let is_reached = |overview: &Arc<Overview>| overview.service(service).is_none_or(&f);
        // An error means that the cluster has ended.
        if overview.wait_for(is_reached).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
