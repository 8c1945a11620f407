//! The log lines of the containers, which CloudWatch Logs keeps, and the access log of the load balancer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use cloudwatch::logs::{Limits, Logs as Store};
use cloudwatch::{CloudWatch, has_embedded_metrics};
use ecs::{Clock, SystemClock};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::console::Console;

mod kept;
mod lines;

use kept::Kept;
pub use lines::Lines;

/// The name of the load balancer's access log, and of what writes it.
pub const LOAD_BALANCER: &str = "load-balancer";

/// Longest line in bytes that is kept.
const MAX_LINE: usize = 8 * 1024;

/// What a log group keeps. A week is longer than a workshop.
const LIMITS: Limits = Limits {
    bytes: 128 * 1024 * 1024,
    age: Duration::from_secs(7 * 24 * 60 * 60),
};

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// A log stream of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    pub group: String,
    pub name: String,
}

/// All logs. Clones share them.
#[derive(Clone)]
pub struct Logs {
    store: Arc<Store>,
    /// Gets the metrics in log lines, and those of metric filters.
    metrics: Arc<CloudWatch>,
    /// The log groups by the short names of the services.
    groups: Arc<BTreeMap<&'static str, &'static str>>,
    /// The metric filters at the start: requests of `PutMetricFilter`.
    metric_filters: Arc<[Value]>,
    /// The streams of the containers that run.
    open: Arc<Mutex<Vec<Weak<LogStream>>>>,
    access_log: Arc<Mutex<Kept>>,
    live: Option<Console>,
}

impl Logs {
    /// Logs without lines. `groups` are the short names of the services and their log groups, `metric_filters` requests of
    /// `PutMetricFilter` for these groups. `metrics` gets the metrics in the lines. New lines are also printed on `live`, but not
    /// those that are metrics.
    pub fn new(
        groups: impl IntoIterator<Item = (&'static str, &'static str)>,
        metric_filters: Vec<Value>,
        metrics: Arc<CloudWatch>,
        live: Option<Console>,
    ) -> Self {
        let clock = SystemClock::start();
        let logs = Self {
            store: Arc::new(Store::new(LIMITS, Arc::new(move || clock.now().0))),
            metrics,
            groups: Arc::new(groups.into_iter().collect()),
            metric_filters: metric_filters.into(),
            open: Arc::default(),
            access_log: Arc::default(),
            live,
        };
        logs.create_groups();
        logs
    }

    /// CloudWatch Logs, for the AWS endpoint.
    pub fn service(&self) -> wire::Service {
        self.store.service()
    }

    /// Feeds the metrics of metric filters until it is dropped.
    pub async fn keep_publishing_metrics(&self) {
        let metrics = Arc::clone(&self.metrics);
        self.store.keep_publishing_metrics(metrics).await;
    }

    /// The names of all logs.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.groups.keys().copied().chain([LOAD_BALANCER])
    }

    /// Returns to the start: without lines, with the streams of the containers that run, and with the metric filters of the
    /// start.
    pub fn clear(&self) {
        self.store.clear();
        self.create_groups();
        let open = self.open();
        for stream in open.iter().filter_map(Weak::upgrade) {
            self.store.create_stream(&stream.group, &stream.name);
        }
        drop(open);
        *self
            .access_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// The last `count` lines of the log, oldest first. The lines of a service begin with the names of their streams; those that are
    /// metrics for CloudWatch are left out.
    pub fn tail(&self, log: &str, count: usize) -> String {
        match self.groups.get(log) {
            Some(group) => self.store.tail(group, count),
            None if log == LOAD_BALANCER => {
                let kept = self
                    .access_log
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let lines = kept.last(count);
                drop(kept);
                lines.iter().map(|line| format!("{line}\n")).collect()
            }
            None => String::new(),
        }
    }

    /// Reads the output of a container to its end, into its log stream if it has one. `name` is the name of the task for
    /// people. `take` sees each line first; a line for which it returns true is not kept.
    pub async fn collect(
        self,
        stream: Option<Arc<LogStream>>,
        name: String,
        mut output: impl AsyncRead + Unpin,
        mut take: impl FnMut(&str) -> bool,
    ) {
        let mut keep = |line: &str| {
            if take(line) {
                return;
            }
            if !has_embedded_metrics(line) {
                self.print(&name, line);
            }
            if let Some(stream) = &stream {
                self.store.put(&stream.group, &stream.name, line);
                self.metrics.record_embedded_metrics(line);
            }
        };
        let mut lines = Lines::new(MAX_LINE);
        let mut chunk = vec![0; CHUNK];
        while let Ok(bytes @ 1..) = output.read(&mut chunk).await {
            lines.push(&chunk[..bytes], &mut keep);
        }
        lines.finish(keep);
    }

    /// Creates a log stream before its first line, as the log driver of ECS does when a container starts. The stream is open
    /// while somebody has the returned value.
    pub fn create_stream(&self, stream: LogStream) -> Arc<LogStream> {
        let stream = Arc::new(stream);
        let mut open = self.open();
        open.retain(|it| it.strong_count() > 0);
        open.push(Arc::downgrade(&stream));
        self.store.create_stream(&stream.group, &stream.name);
        stream
    }

    /// Keeps a line of the load balancer's access log.
    pub fn keep_access_line(&self, line: &str) {
        self.print(LOAD_BALANCER, line);
        let mut kept = self
            .access_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        kept.push(line);
    }

    fn print(&self, name: &str, line: &str) {
        if let Some(console) = &self.live {
            console.say(format_args!("{name} | {line}"));
        }
    }

    fn create_groups(&self) {
        for group in self.groups.values() {
            self.store.create_group(group);
        }
        for filter in &*self.metric_filters {
            // This fails only if a client deletes the log group in this moment.
            let _ = self.store.put_metric_filter(filter.clone());
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<Weak<LogStream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use cloudwatch::Limits;

    use super::*;

    fn logs(groups: &[(&'static str, &'static str)]) -> Logs {
        let metrics = CloudWatch::new(Limits::default(), Arc::new(|| Duration::ZERO));
        Logs::new(groups.iter().copied(), Vec::new(), metrics, None)
    }

    #[tokio::test]
    async fn the_lines_of_an_output_are_kept_in_its_stream() {
        let logs = logs(&[("monolith", "group")]);
        let stream = logs.create_stream(LogStream {
            group: "group".to_owned(),
            name: "a/b/c".to_owned(),
        });
        // Metrics are for CloudWatch, not for people.
        let output = &b"one\ntaken\n\ntwo\n{\"_aws\":{}}"[..];
        let take = |line: &str| line == "taken";
        let name = || "monolith-0".to_owned();
        logs.clone()
            .collect(Some(stream), name(), output, take)
            .await;
        logs.clone().collect(None, name(), output, take).await;
        assert_eq!(
            logs.tail("monolith", usize::MAX),
            "a/b/c | one\na/b/c | two\n"
        );
        assert_eq!(logs.tail("monolith", 1), "a/b/c | two\n");
        logs.clear();
        assert_eq!(logs.tail("monolith", 1), "");
    }

    #[test]
    fn the_access_log_of_the_load_balancer_has_no_stream() {
        let logs = logs(&[]);
        logs.keep_access_line("one");
        logs.keep_access_line("two");
        assert_eq!(logs.tail(LOAD_BALANCER, 1), "two\n");
        logs.clear();
        assert_eq!(logs.tail(LOAD_BALANCER, 1), "");
        assert_eq!(logs.names().collect::<Vec<_>>(), [LOAD_BALANCER]);
    }
}
