//! Hostile clients of the load balancer: they do not delay other requests, no task is replaced, and memory stays bounded.

use std::net::SocketAddr;

use test_support::attack::{Attack, connect_many, floods, slow_heads, until_answered};
use test_support::delays::{Delays, MEDIAN, P90};
use test_support::memory::peak_memory_bytes;
use test_support::service::{ON_ONE_PROCESSOR, has_taskset};

use crate::MYSFIT;
use crate::client::raw;
use crate::process::{Endpoints, Lab, PATIENT};

/// Maximum of the lab's memory. Its log and its traces of all requests count too.
const MAX_MEMORY_BYTES: u64 = 512 * 1024 * 1024;

const LIKES: usize = 10;

const CHAOS_OFF: &[&str] = &["--chaos", "off"];

/// The floods and other programs may use the processors for so long that health checks time out and ECS replaces tasks. So there are no
/// checks after the first ones.
const FLOODED: &[&str] = &["--chaos", "off", "--health-check-interval-ms", "60000"];

/// A lab whose load balancer is attacked, and a lab without hostile clients.
struct Labs {
    attacked: Lab,
    before: Endpoints,
    control: Lab,
}

impl Labs {
    fn start(start: impl Fn() -> Lab) -> Self {
        let (attacked, control) = (start(), start());
        Self {
            before: attacked.endpoints(),
            attacked,
            control,
        }
    }

    fn attacked_address(&self) -> SocketAddr {
        address(&self.before)
    }

    /// Sends requests through both load balancers, and likes through the attacked one, each on a new connection.
    fn assert_requests_succeed(&self, percent: usize, situation: &str) {
        let control = address(&self.control.endpoints());
        let tasks = self
            .before
            .tasks
            .iter()
            .map(|task| task.pid.cast_unsigned());
        let processes: Vec<_> = tasks.chain([self.before.lab.pid]).collect();
        let delays = Delays::measure(
            &processes,
            || request(self.attacked_address(), "GET /"),
            || request(control, "GET /"),
        );
        for _ in 0..LIKES {
            request(
                self.attacked_address(),
                &format!("POST /mysfits/{MYSFIT}/like"),
            );
        }
        delays.assert_bounded(percent, situation);
        let memory = peak_memory_bytes(self.before.lab.pid);
        println!("figures: {situation}: memory {memory:?}");
        assert!(
            memory.is_none_or(|bytes| bytes < MAX_MEMORY_BYTES),
            "{memory:?}"
        );
        let after = self.attacked.endpoints();
        assert_eq!(pids(&after), pids(&self.before), "{situation}");
        let printed = self.attacked.printed();
        assert!(!printed.contains("unhealthy"), "{printed}");
    }
}

fn address(endpoints: &Endpoints) -> SocketAddr {
    endpoints.alb.trim_start_matches("http://").parse().unwrap()
}

fn pids(endpoints: &Endpoints) -> Vec<i32> {
    endpoints.tasks.iter().map(|task| task.pid).collect()
}

/// Sends a request on a new connection. It must succeed.
fn request(alb: SocketAddr, method_and_path: &str) {
    let request = format!(
        "{method_and_path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    let answer = until_answered(|| raw(alb, request.as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn requests_succeed_while_10_000_clients_of_the_load_balancer_are_idle() {
    let labs = Labs::start(|| Lab::start_with(PATIENT, CHAOS_OFF));
    let idle = connect_many(labs.attacked_address(), 10_000);
    let situation = format!("{} idle connections", idle.len());
    labs.assert_requests_succeed(P90, &situation);
}

#[test]
fn requests_succeed_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files() {
    for files in [256, 1024] {
        let labs = Labs::start(|| Lab::start_with_open_files(files, CHAOS_OFF));
        let idle = connect_many(labs.attacked_address(), 2 * files as usize);
        let situation = format!("{files} files, {} idle clients", idle.len());
        labs.assert_requests_succeed(P90, &situation);
    }
}

#[test]
fn requests_succeed_while_slow_heads_exceed_a_limit_of_256_open_files() {
    let labs = Labs::start(|| Lab::start_with_open_files(256, CHAOS_OFF));
    let attack = Attack::start(vec![slow_heads(labs.attacked_address())]);
    labs.assert_requests_succeed(P90, "256 files, slow heads");
    attack.stop();
}

/// Attacks with all floods. The load balancer discards the bytes of a refused client for a second, however many they are.
fn flood(labs: &Labs, situation: &str) {
    let attack = Attack::start(floods(labs.attacked_address(), None));
    labs.assert_requests_succeed(MEDIAN, situation);
    attack.stop();
}

#[test]
fn requests_succeed_during_floods_of_the_load_balancer() {
    let labs = Labs::start(|| Lab::start_with(PATIENT, FLOODED));
    flood(&labs, "floods");
}

#[test]
fn requests_succeed_during_floods_of_the_load_balancer_on_one_processor() {
    if !has_taskset() {
        println!("SKIPPED: taskset is not available");
        return;
    }
    let labs = Labs::start(|| Lab::start_by_shell(ON_ONE_PROCESSOR, FLOODED));
    flood(&labs, "floods, one processor");
}
