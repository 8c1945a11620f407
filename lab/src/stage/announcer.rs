//! Tells people what ECS does: tasks that become healthy or stop, deployments, and changes of desired counts.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use ecs::{Ecs, Overview};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use crate::report::Report;
use crate::scenario::Service;

mod messages;
mod news;

use news::News;

/// Reports until this is dropped. `announced` gets each overview after it was reported.
pub async fn announce(
    ecs: &Ecs,
    services: &[Service],
    report: &Report,
    announced: &watch::Sender<Arc<Overview>>,
) -> Infallible {
    let (mut overviews, mut events) = (ecs.watch(), ecs.events());
    let mut news = News::new(services);
    loop {
        let event = tokio::select! {
            changed = overviews.changed() => match changed {
                Ok(()) => None,
                // The cluster has ended.
                Err(_) => std::future::pending().await,
            },
            event = events.recv() => match event {
                Ok(event) => Some(event),
                // The console shows fewer lines than the API has events.
                Err(RecvError::Lagged(_)) => None,
                Err(RecvError::Closed) => std::future::pending().await,
            },
        };
        if event.is_some() {
            // The overview shows what the event is about.
            ecs.settled().await;
        }
        let overview = Arc::clone(&overviews.borrow_and_update());
        for line in news.of_overview(&overview, Instant::now()) {
            report.say(line);
        }
        if let Some((service, event)) = event
            && let Some(line) = news.of_event(&service, &event.message)
        {
            report.say(line);
        }
        news.forget_tasks_not_in(&overview);
        announced.send_replace(overview);
    }
}
