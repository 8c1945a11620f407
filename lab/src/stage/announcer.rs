//! Prints what ECS does: tasks that become healthy or stop, deployments, and changes of desired counts.

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

use news::{News, sort};

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
        let mut received = Vec::new();
        tokio::select! {
            changed = overviews.changed() => if changed.is_err() {
                // The cluster has ended.
                std::future::pending::<()>().await;
            },
            event = events.recv() => match event {
                Ok(event) => received.push(event),
                // The console shows fewer lines than the API has events.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => std::future::pending().await,
            },
        }
        // Then the overview shows what the events are about, and all events of the same change are there.
        ecs.settled().await;
        while let Ok(event) = events.try_recv() {
            received.push(event);
        }
        let overview = Arc::clone(&overviews.borrow_and_update());
        let mut lines = news.of_overview(&overview, Instant::now());
        let events = received.iter();
        lines.extend(events.filter_map(|(service, event)| news.of_event(service, &event.message)));
        sort(&mut lines);
        for line in lines {
            report.say(line);
        }
        news.forget_tasks_not_in(&overview);
        announced.send_replace(overview);
    }
}
