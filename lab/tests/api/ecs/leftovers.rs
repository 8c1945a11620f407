//! A hundred updates leave nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;

use super::{Cluster, LIKE_SERVICE};
use crate::eventually;

/// The runtime's pool for blocking work grows to what was needed at once. A hundred updates that each left a thread behind would
/// leave more.
const MAX_POOL_THREADS: usize = 5;

/// Connections of health checks, and idle connections between the services and the load balancer, come and go.
const MAX_CONNECTIONS: usize = 10;

/// What a process has that it could leave behind.
#[derive(Debug)]
struct Holdings {
    connections: usize,
    /// Pipes, files and everything else that is no socket, by its kind.
    files: BTreeMap<String, usize>,
    threads: usize,
    children: usize,
    /// Addresses and ports at which processes of this machine listen in the networks of tasks.
    listeners: usize,
}

impl Holdings {
    fn of(pid: u32, network: &str) -> Self {
        let entries = |directory: &str| {
            let entries = fs::read_dir(format!("/proc/{pid}/{directory}"));
            entries.map_or(0, Iterator::count)
        };
        let mut files = BTreeMap::new();
        for kind in kinds_of_files(pid) {
            *files.entry(kind).or_default() += 1;
        }
        Self {
            connections: files.remove("socket").unwrap_or_default(),
            files,
            threads: entries("task"),
            children: children(pid).len(),
            listeners: listeners(network),
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.connections <= other.connections + MAX_CONNECTIONS
            && self.files == other.files
            && self.threads <= other.threads + MAX_POOL_THREADS
            && self.children <= other.children
            && self.listeners <= other.listeners
    }
}

/// What the open files of a process are: `socket`, `pipe`, `anon_inode`, or a path.
pub fn kinds_of_files(pid: u32) -> Vec<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    targets
        .map(|target| {
            let target = target.to_string_lossy();
            let (kind, _) = target.split_once(":[").unwrap_or((&target, ""));
            kind.to_owned()
        })
        .collect()
}

/// The processes whose parent is `pid`, also those that have ended.
pub fn children(pid: u32) -> BTreeSet<u32> {
    let parent_of = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The fields after the name: state, parent.
        let (_, fields) = stat.rsplit_once(") ")?;
        fields.split(' ').nth(1)?.parse::<u32>().ok()
    };
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes
        .filter(|process| parent_of(*process) == Some(pid))
        .collect()
}

/// The number of listening sockets in the network of an address `127.x.y.z`.
fn listeners(address: &str) -> usize {
    let number: u8 = address.split('.').nth(1).unwrap().parse().unwrap();
    // Addresses are in the machine's byte order: `0300EA7F` is 127.234.0.3.
    let network = format!("{number:02X}7F:");
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let is_listening = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().unwrap_or_default();
        let state = fields.nth(1).unwrap_or_default();
        local.contains(&network) && state == "0A"
    };
    sockets.lines().filter(is_listening).count()
}

#[tokio::test]
async fn a_hundred_updates_leave_no_process_port_file_or_thread_behind() {
    let cluster = Cluster::start(&[]);
    let endpoints = cluster.lab.endpoints();
    let pid = endpoints.lab.pid;
    let network = endpoints.tasks[0].url.trim_start_matches("http://");
    let force = json!({ "forceNewDeployment": true });
    // The first update opens what is reused later.
    cluster.update(LIKE_SERVICE, force.clone()).await;
    cluster.stable(LIKE_SERVICE).await;
    eventually("the old tasks have ended", || {
        let now = Holdings::of(pid, network);
        // The daemon beside each service listens on two ports.
        (now.children, now.listeners) == (6, 9)
    });
    let before = Holdings::of(pid, network);
    for number in 1..=100 {
        cluster.update(LIKE_SERVICE, force.clone()).await;
        // Some updates begin during the deployment before them.
        if number % 4 == 0 {
            cluster.stable(LIKE_SERVICE).await;
        }
    }
    cluster.stable(LIKE_SERVICE).await;
    let mut last = String::new();
    eventually("everything is as before", || {
        let now = Holdings::of(pid, network);
        let text = format!("{now:?}");
        if text != last {
            // Shown if the test fails.
            eprintln!("before {before:?}, now {text}");
            last = text;
        }
        now.is_within(&before)
    });
}
