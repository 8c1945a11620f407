//! A local Amazon CloudWatch Logs: log groups, log streams and their events, filter patterns, metric filters, and operations
//! of the API (version 2014-03-28).
//!
//! It has no Logs Insights and no Live Tail. Events of a log group are kept up to a size and an age; the retention of a
//! log group has no effect.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

mod api;
mod event;
mod group;
mod metric_filter;
mod pattern;
mod search;
mod segment;
#[cfg(test)]
mod tests;

use event::EventId;
use group::Group;
pub use group::Limits;
use metric_filter::MetricFilter;
pub use metric_filter::{FilteredMetric, MetricSink};
use pattern::Pattern;
use search::{Order, PageSize, search, stream_name};

use crate::Clock;
use crate::emf::has_embedded_metrics;

/// Metric filters see new events after at most this time.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);

/// Most log groups. AWS permits 1,000,000 in a region.
const MAX_GROUPS: usize = 1000;

/// All log groups.
pub struct Logs {
    clock: Clock,
    limits: Limits,
    groups: RwLock<BTreeMap<String, Arc<LogGroup>>>,
    next_group: AtomicU64,
    /// The size of the events of all log groups in bytes.
    bytes: Arc<AtomicUsize>,
}

/// Why a log group was not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotCreated {
    Exists,
    TooManyGroups,
}

/// A log group. The events have a lock of their own, which is never held while something grows with the events.
struct LogGroup {
    events: Mutex<Group>,
    metric_filters: Mutex<BTreeMap<String, MetricFilter>>,
}

impl Logs {
    /// No log groups. Each log group keeps as much as `limits` allow.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        Self {
            clock,
            limits,
            groups: RwLock::default(),
            next_group: AtomicU64::new(0),
            bytes: Arc::default(),
        }
    }

    /// Creates a log group. Returns false if the log group exists, or if there are too many log groups.
    pub fn create_group(&self, name: &str) -> bool {
        self.add_group(name).is_ok()
    }

    fn add_group(&self, name: &str) -> Result<(), NotCreated> {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.contains_key(name) {
            return Err(NotCreated::Exists);
        }
        if groups.len() >= MAX_GROUPS {
            return Err(NotCreated::TooManyGroups);
        }
        let id = self.next_group.fetch_add(1, Ordering::Relaxed);
        let group = LogGroup {
            events: Mutex::new(Group::new(id, self.now(), Arc::clone(&self.bytes))),
            metric_filters: Mutex::default(),
        };
        groups.insert(name.to_owned(), Arc::new(group));
        Ok(())
    }

    /// Creates a log stream without events, so that it can be found before its first event. Does nothing if the log group does
    /// not exist and there are too many log groups.
    pub fn create_stream(&self, group: &str, stream: &str) {
        let now = self.now();
        if let Some(group) = self.group_to_write(group) {
            group.events().create_stream(stream, now);
        }
    }

    /// Adds an event with the present time. A log group or a log stream that does not exist is created. The event is dropped if
    /// the log group does not exist and there are too many log groups.
    pub fn put(&self, group: &str, stream: &str, message: &str) {
        let Some(group) = self.group_to_write(group) else {
            return;
        };
        let mut events = group.events();
        // The clock is read under the lock, so that the times have the order of the events.
        let now = events.time_of_next_event(self.now());
        events.push(stream, now, now, message, self.limits);
    }

    /// The last `count` events of a log group for people: as lines, the newest last, without those that are metrics for CloudWatch.
    /// Each line begins with the name of its stream.
    pub fn tail(&self, group: &str, count: usize) -> String {
        let Some(group) = self.group(group) else {
            return String::new();
        };
        let snapshot = group.events().snapshot(|_| true);
        let size = PageSize {
            events: count,
            bytes: usize::MAX,
        };
        let all = EventId::FIRST..EventId::LAST;
        let page = search(&snapshot, &all, Order::NewestFirst, size, |message| {
            !has_embedded_metrics(message)
        });
        let lines = page.events.iter().take(count).rev().map(|event| {
            let stream = stream_name(&snapshot.streams, event);
            format!("{stream} | {}\n", event.message)
        });
        lines.collect()
    }

    /// Removes all log groups.
    pub fn clear(&self) {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.clear();
    }

    /// Adds the values of the metric filters to the metrics, for the events since the last call.
    pub fn publish_metrics(&self, sink: &dyn MetricSink) {
        for (_, group) in self.groups() {
            let mut filters = group.metric_filters();
            let Some(first) = filters.values().map(MetricFilter::next_sequence).min() else {
                continue;
            };
            let segments = group.events().segments_from(first);
            let now = self.now();
            for filter in filters.values_mut() {
                filter.publish(&segments, now, sink);
            }
        }
    }

    /// Calls [`Self::publish_metrics`] again and again, until the future is dropped.
    pub async fn keep_publishing_metrics(self: &Arc<Self>, sink: Arc<dyn MetricSink>) {
        loop {
            tokio::time::sleep(PUBLISH_INTERVAL).await;
            let (logs, sink) = (Arc::clone(self), Arc::clone(&sink));
            // The time grows with the new events. A panic has been printed.
            let publish = tokio::task::spawn_blocking(move || logs.publish_metrics(&*sink));
            let _ = publish.await;
        }
    }

    /// The present time in milliseconds since the Unix epoch.
    fn now(&self) -> i64 {
        let now = (self.clock)();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    }

    fn group(&self, name: &str) -> Option<Arc<LogGroup>> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(name).map(Arc::clone)
    }

    /// The log group, which is created if it does not exist. `None` if there are too many log groups.
    fn group_to_write(&self, name: &str) -> Option<Arc<LogGroup>> {
        loop {
            if let Some(group) = self.group(name) {
                return Some(group);
            }
            if self.add_group(name) == Err(NotCreated::TooManyGroups) {
                return None;
            }
        }
    }

    /// All log groups by name.
    fn groups(&self) -> Vec<(String, Arc<LogGroup>)> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let groups = groups.iter();
        groups
            .map(|(name, group)| (name.clone(), Arc::clone(group)))
            .collect()
    }

    /// Removes a log group. Returns false if there is no such group.
    fn delete_group(&self, name: &str) -> bool {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.remove(name).is_some()
    }
}

impl LogGroup {
    fn events(&self) -> MutexGuard<'_, Group> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn metric_filters(&self) -> MutexGuard<'_, BTreeMap<String, MetricFilter>> {
        let filters = self.metric_filters.lock();
        filters.unwrap_or_else(PoisonError::into_inner)
    }
}
