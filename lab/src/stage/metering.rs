//! Publishes the metrics that AWS services publish by themselves: those of the load balancer and those of ECS, once a minute.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudwatch::{CloudWatch, Metric, Timestamp, Unit};
use ecs::{Ecs, TaskStatus};
use elb::{LoadBalancer, LoadBalancerMetrics};

use crate::runtime::Metadata;

mod load_balancer;
mod tasks;

use tasks::{TaskUsage, Tasks};

const MINUTE_MILLIS: i64 = 60_000;

/// Values of a metric in a minute.
#[derive(Clone, Debug, PartialEq)]
struct Published {
    metric: Metric,
    unit: Unit,
    /// Values and the number of their occurrences.
    values: Vec<(f64, f64)>,
}

/// Reads the load balancer and the tasks.
pub struct Meter {
    cloudwatch: Arc<CloudWatch>,
    ecs: Ecs,
    metadata: Metadata,
    cluster: &'static str,
    counted: Counted,
    tasks: Tasks,
}

/// What has been published of the load balancer's counts. Clones are the same.
#[derive(Clone)]
pub struct Counted {
    load_balancer: Arc<LoadBalancer>,
    /// The counts at the end of the last minute.
    before: Arc<Mutex<LoadBalancerMetrics>>,
}

impl Counted {
    /// Counts of before this call will not be published.
    pub fn restart(&self) {
        self.take();
    }

    /// The counts at the last call, and now.
    fn take(&self) -> (LoadBalancerMetrics, LoadBalancerMetrics) {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.load_balancer.metrics();
        (std::mem::replace(&mut *before, now.clone()), now)
    }
}

impl Meter {
    /// Counts from now on.
    pub fn new(
        cloudwatch: Arc<CloudWatch>,
        load_balancer: Arc<LoadBalancer>,
        ecs: Ecs,
        metadata: Metadata,
        cluster: &'static str,
    ) -> Self {
        Self {
            counted: Counted {
                before: Arc::new(Mutex::new(load_balancer.metrics())),
                load_balancer,
            },
            tasks: Tasks::default(),
            cloudwatch,
            ecs,
            metadata,
            cluster,
        }
    }

    /// What has been published of the load balancer's counts.
    pub fn counted(&self) -> Counted {
        self.counted.clone()
    }

    /// Publishes the metrics of each minute at its end. CloudWatch evaluates alarms five seconds later.
    pub async fn run(mut self) -> Infallible {
        let mut minute = self.minute();
        loop {
            // The clock can be slower than the timer.
            while self.minute() <= minute {
                let wait = minute.0 + MINUTE_MILLIS - self.cloudwatch.now().0;
                let wait = u64::try_from(wait).unwrap_or_default().max(1);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            self.publish(minute);
            minute = self.minute();
        }
    }

    /// The start of the present minute.
    fn minute(&self) -> Timestamp {
        let now = self.cloudwatch.now().0;
        Timestamp(now - now.rem_euclid(MINUTE_MILLIS))
    }

    /// Publishes what has happened since the last call as the values of the minute that begins at `minute`.
    fn publish(&mut self, minute: Timestamp) {
        let (before, counted) = self.counted.take();
        let of_load_balancer = load_balancer::published(&before, &counted);
        let now = self.metadata.now();
        let of_tasks = self.tasks.published(self.cluster, &self.usages(), now);
        for it in of_load_balancer.into_iter().chain(of_tasks) {
            self.cloudwatch
                .record_values(&it.metric, it.unit, minute, it.values);
        }
    }

    /// The figures of the RUNNING tasks.
    fn usages(&self) -> Vec<TaskUsage> {
        let overview = self.ecs.watch().borrow().clone();
        let tasks = overview.services.iter().flat_map(|service| &service.tasks);
        let running = tasks.filter(|task| task.status == TaskStatus::Running);
        let running: HashSet<_> = running.map(|task| task.id.as_str()).collect();
        let tasks = self.metadata.tasks();
        let tasks = tasks.iter().filter(|it| running.contains(it.id.as_str()));
        tasks.map(TaskUsage::of).collect()
    }
}
