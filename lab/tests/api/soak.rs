//! A long run at a constant rate: no process grows after the first minute, and the table has all likes.
//!
//! `SOAK_SECONDS` and `SOAK_RATE` change the length and the rate: `SOAK_SECONDS=20` shows quickly that the test itself works.

use std::collections::BTreeMap;
use std::fs;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::client::{client, get, likes};
use crate::constant_rate::Load;
use crate::ecs::leftovers::{children, kinds_of_files};
use crate::process::{Endpoints, Lab, PATIENT};

/// Default length of a run in seconds, and default rate in likes per second.
const SECONDS: u64 = 600;
const RATE: u64 = 500;

/// Time after which nothing may grow. A shorter run uses a quarter of its time.
const WARM_UP: Duration = Duration::from_secs(60);

/// Connections of health checks and idle connections come and go, and the pool for blocking work grows to what was needed at once.
const MAX_MORE_CONNECTIONS: usize = 40;
const MAX_MORE_THREADS: usize = 10;

const MIB: u64 = 1024 * 1024;

/// Memory that a process may gain because its allocator does not return all memory.
const MAX_MORE_MEMORY: u64 = 16 * MIB;

/// What a process uses.
#[derive(Clone, Debug)]
struct Usage {
    /// Resident memory in bytes.
    memory: u64,
    connections: usize,
    files: usize,
    threads: usize,
}

impl Usage {
    fn of(pid: u32) -> Self {
        let kinds = kinds_of_files(pid);
        let connections = kinds.iter().filter(|kind| *kind == "socket").count();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.unwrap().split_whitespace().next().unwrap();
            value.parse::<u64>().unwrap()
        };
        Self {
            memory: field("VmRSS:") * 1024,
            connections,
            files: kinds.len() - connections,
            threads: field("Threads:") as usize,
        }
    }

    /// Selects each value of one of the two with `select`.
    fn merge(&self, other: &Self, select: Select) -> Self {
        let count = |one: usize, other: usize| select(one as u64, other as u64) as usize;
        Self {
            memory: select(self.memory, other.memory),
            connections: count(self.connections, other.connections),
            files: count(self.files, other.files),
            threads: count(self.threads, other.threads),
        }
    }
}

/// `u64::max` or `u64::min`.
type Select = fn(u64, u64) -> u64;

/// What the processes of a lab use, by process id, and how many bytes the lab stores.
#[derive(Debug)]
struct Sample {
    usages: BTreeMap<u32, Usage>,
    stored: u64,
}

impl Sample {
    async fn take(endpoints: &Endpoints) -> Self {
        let lab = endpoints.lab.pid;
        let pids = children(lab).into_iter().chain([lab]);
        Self {
            usages: pids.map(|pid| (pid, Usage::of(pid))).collect(),
            stored: stored_bytes(endpoints).await,
        }
    }

    /// The highest or lowest usages of the samples, and the stored bytes of the last one.
    fn merged(samples: &[Self], select: Select) -> Self {
        let mut usages = BTreeMap::<u32, Usage>::new();
        for (pid, usage) in samples.iter().flat_map(|sample| &sample.usages) {
            let merged = usages.get(pid).map(|other| usage.merge(other, select));
            usages.insert(*pid, merged.unwrap_or(usage.clone()));
        }
        let stored = samples.last().unwrap().stored;
        Self { usages, stored }
    }
}

/// The bytes of the traces and of the log events that the lab stores. It stores at most 256 MiB of traces, and 128 MiB for each log
/// group.
async fn stored_bytes(endpoints: &Endpoints) -> u64 {
    let status: Value =
        serde_json::from_str(&get(&format!("{}/status", endpoints.xray.api)).await).unwrap();
    let request = client()
        .post(&endpoints.aws)
        .header("X-Amz-Target", "Logs_20140328.DescribeLogGroups")
        .header("Content-Type", "application/x-amz-json-1.1")
        .body(json!({}).to_string());
    let groups = request.send().await.unwrap().text().await.unwrap();
    let groups: Value = serde_json::from_str(&groups).unwrap();
    let groups = groups["logGroups"].as_array().unwrap().iter();
    let logs: u64 = groups
        .map(|group| group["storedBytes"].as_u64().unwrap())
        .sum();
    status["MemoryBytes"].as_u64().unwrap() + logs
}

fn variable<T: FromStr>(name: &str, default: T) -> T {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().ok().expect(name))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes"]
async fn at_a_constant_rate_of_likes_no_process_grows_and_no_like_is_lost() {
    let run = Duration::from_secs(variable("SOAK_SECONDS", SECONDS));
    let rate = variable("SOAK_RATE", RATE);
    let warm_up = WARM_UP.min(run / 4);
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let start = Instant::now();
    let load = Load::start(&endpoints.alb, rate);
    // The samples of the first period after the warm-up, of the last period, and those between.
    let mut samples = Vec::new();
    for number in 0..30 {
        sleep_until(start + warm_up + (run - warm_up) * number / 30).await;
        load.assert_running();
        samples.push(Sample::take(&endpoints).await);
    }
    sleep_until(start + run).await;
    let sent = load.stop().await;
    let acknowledged = sent.acknowledged().count() as u64;
    println!("figures: {} likes in {run:?}", sent.count());
    assert_eq!(sent.failed().count(), 0);
    assert_eq!(likes(&endpoints.alb).await, acknowledged);
    assert!(
        acknowledged >= rate * run.as_secs() * 95 / 100,
        "{acknowledged}"
    );

    // A pause of the machine needs more connections for a while. What a leak has opened stays open, so that the lowest values rise.
    let first = Sample::merged(&samples[..10], u64::max);
    let last = Sample::merged(&samples[20..], u64::min);
    assert_eq!(
        first.usages.len(),
        last.usages.len(),
        "a process has died: {first:?} {last:?}"
    );
    println!("figures: before {first:#?} after {last:#?}");
    for (pid, after) in &last.usages {
        let before = first.usages.get(pid).expect("a process was replaced");
        let stored = match *pid == endpoints.lab.pid {
            // A stored event needs more memory than its bytes, for its time and for its place in the segment.
            true => 2 * last.stored.saturating_sub(first.stored),
            false => 0,
        };
        let allowed = before.memory + MAX_MORE_MEMORY + stored;
        assert!(after.memory <= allowed, "{pid}: {before:?} {after:?}");
        assert!(
            after.connections <= before.connections + MAX_MORE_CONNECTIONS,
            "{pid}: {before:?} {after:?}"
        );
        assert!(after.files <= before.files, "{pid}: {before:?} {after:?}");
        assert!(
            after.threads <= before.threads + MAX_MORE_THREADS,
            "{pid}: {before:?} {after:?}"
        );
    }
}
