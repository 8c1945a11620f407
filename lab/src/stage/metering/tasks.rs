//! The metrics in the namespace `AWS/ECS`: one value for each running task and minute.
//!
//! Source: AWS's guide to ECS, "CloudWatch metrics": the used part of what the task definition reserves, in percent. The CPU of a task
//! cannot exceed 100 % on Fargate, but a process can use more. So the value is clamped.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use cloudwatch::{Metric, Unit};
use ecs::Timestamp;
use ecs::metadata::TaskView;

use super::Published;

const NAMESPACE: &str = "AWS/ECS";

/// CPU units of a processor.
const CPU_UNITS: f64 = 1024.0;

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// What a task uses and what its task definition reserves.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskUsage {
    pub id: String,
    pub service: String,
    pub created_at: Timestamp,
    /// CPU time of each container since its start; zero if it does not run.
    pub cpu: Vec<Duration>,
    /// Resident memory of all containers in bytes.
    pub memory: u64,
    /// Reserved CPU units.
    pub cpu_units: u32,
    /// Reserved memory in MiB.
    pub memory_limit: u32,
}

impl TaskUsage {
    /// The usage of a task.
    pub fn of(task: &TaskView) -> Self {
        let readings = task.containers.iter();
        let readings = readings.map(|it| it.figures.as_ref().map(|figures| &figures.now));
        let cpu = readings
            .clone()
            .map(|it| it.map_or(Duration::ZERO, |it| it.cpu));
        Self {
            id: task.id.clone(),
            service: task.service.clone(),
            created_at: task.created_at,
            cpu: cpu.collect(),
            memory: readings.flatten().map(|it| it.memory).sum(),
            cpu_units: task.definition.cpu,
            memory_limit: task.definition.memory,
        }
    }
}

/// The readings of the last minute.
#[derive(Debug, Default)]
pub struct Tasks(HashMap<String, (Timestamp, Vec<Duration>)>);

impl Tasks {
    /// The metrics of the time since the last call.
    pub fn published(
        &mut self,
        cluster: &str,
        tasks: &[TaskUsage],
        now: Timestamp,
    ) -> Vec<Published> {
        let mut services: BTreeMap<&str, [Vec<(f64, f64)>; 2]> = BTreeMap::new();
        for task in tasks {
            let [cpu, memory] = services.entry(&task.service).or_default();
            cpu.push((self.cpu_percent(task, now), 1.0));
            let limit = f64::from(task.memory_limit) * MEBIBYTE;
            memory.push((100.0 * task.memory as f64 / limit, 1.0));
        }
        let readings = tasks.iter();
        self.0 = readings
            .map(|task| (task.id.clone(), (now, task.cpu.clone())))
            .collect();
        let published = services.into_iter().flat_map(|(service, values)| {
            let names = ["CPUUtilization", "MemoryUtilization"];
            let dimensions = [("ClusterName", cluster), ("ServiceName", service)];
            let metrics = names.map(|name| Metric::new(NAMESPACE, name, dimensions));
            metrics
                .into_iter()
                .zip(values)
                .map(|(metric, values)| Published {
                    metric,
                    unit: Unit::PERCENT,
                    values,
                })
        });
        published.collect()
    }

    fn cpu_percent(&self, task: &TaskUsage, now: Timestamp) -> f64 {
        let (since, before) = match self.0.get(&task.id) {
            Some((since, before)) => (*since, before.as_slice()),
            None => (task.created_at, &[][..]),
        };
        let used = task.cpu.iter().enumerate().map(|(index, cpu)| {
            let before = before.get(index).copied().unwrap_or_default();
            // A restarted container counts from zero.
            cpu.checked_sub(before).unwrap_or(*cpu)
        });
        let used: Duration = used.sum();
        let reserved = now.since(since).as_secs_f64() * f64::from(task.cpu_units) / CPU_UNITS;
        // Without time there is no use.
        let percent = 100.0 * used.as_secs_f64() / reserved.max(f64::MIN_POSITIVE);
        percent.min(100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(id: &str, cpu_seconds: &[u64], memory_mib: u64) -> TaskUsage {
        TaskUsage {
            id: id.to_owned(),
            service: "like".to_owned(),
            created_at: at(0),
            cpu: cpu_seconds
                .iter()
                .copied()
                .map(Duration::from_secs)
                .collect(),
            memory: memory_mib * 1024 * 1024,
            cpu_units: 256,
            memory_limit: 512,
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp(Duration::from_secs(seconds))
    }

    /// The values of CPU and of memory.
    fn values(published: &[Published]) -> [Vec<f64>; 2] {
        let [cpu, memory] = published else {
            panic!("{published:?}")
        };
        assert_eq!(cpu.metric.name, "CPUUtilization");
        assert_eq!(memory.metric.name, "MemoryUtilization");
        let dimensions = cpu.metric.dimensions.iter().map(|it| it.value.as_str());
        assert_eq!(dimensions.collect::<Vec<_>>(), ["cluster", "like"]);
        [cpu, memory].map(|it| {
            assert_eq!(it.unit, Unit::PERCENT);
            it.values
                .iter()
                .map(|(value, count)| value * count)
                .collect()
        })
    }

    #[test]
    fn each_task_has_one_value_in_percent_of_its_task_definition() {
        let mut tasks = Tasks::default();
        // A quarter of a processor in 60 s is 15 s.
        let first = [usage("a", &[3, 0], 128), usage("b", &[30, 0], 512)];
        let published = tasks.published("cluster", &first, at(60));
        assert_eq!(values(&published), [vec![20.0, 100.0], vec![25.0, 100.0]]);
        // The second container of `a` counts from zero after a restart.
        let second = [usage("a", &[6, 3], 256)];
        let published = tasks.published("cluster", &second, at(120));
        assert_eq!(values(&published), [vec![40.0], vec![50.0]]);
        let third = [usage("a", &[6, 2], 256)];
        let published = tasks.published("cluster", &third, at(160));
        assert_eq!(values(&published), [vec![20.0], vec![50.0]]);
        assert_eq!(tasks.published("cluster", &[], at(220)), []);
    }

    #[test]
    fn a_task_that_has_just_started_has_a_value() {
        let mut tasks = Tasks::default();
        let published = tasks.published("cluster", &[usage("a", &[0], 128)], at(0));
        assert_eq!(values(&published), [vec![0.0], vec![25.0]]);
    }
}
