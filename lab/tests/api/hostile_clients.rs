//! Hostile clients of the load balancer: other requests are answered, no task is replaced, and memory stays bounded.

use std::time::Instant;

use test_support::attack::{Attack, connect_many, floods};
use test_support::memory::peak_memory_bytes;

use crate::client::{client, get, like};
use crate::process::{Endpoints, Lab, PATIENT};

/// Maximum of the lab's memory. Its log and its traces of all requests count too.
const MAX_MEMORY_BYTES: u64 = 512 * 1024 * 1024;

const REQUESTS: usize = 20;

/// Sends requests and likes through the load balancer, each on a new connection. Prints the longest time.
async fn assert_requests_succeed(lab: &Lab, before: &Endpoints, situation: &str) {
    let mut longest = std::time::Duration::ZERO;
    for _ in 0..REQUESTS {
        let start = Instant::now();
        get(&before.alb).await;
        longest = longest.max(start.elapsed());
        assert_eq!(like(&client(), &before.alb).await, 200, "{situation}");
    }
    let memory = peak_memory_bytes(before.lab.pid);
    println!("figures: {situation}: a request took at most {longest:?}, memory {memory:?}");
    assert!(
        memory.is_none_or(|bytes| bytes < MAX_MEMORY_BYTES),
        "{memory:?}"
    );
    let pids = |endpoints: &Endpoints| {
        endpoints
            .tasks
            .iter()
            .map(|task| task.pid)
            .collect::<Vec<_>>()
    };
    assert_eq!(pids(&lab.endpoints()), pids(before), "{situation}");
    assert!(!lab.printed().contains("unhealthy"), "{}", lab.printed());
}

fn address(endpoints: &Endpoints) -> std::net::SocketAddr {
    endpoints.alb.trim_start_matches("http://").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_succeed_while_10_000_clients_of_the_load_balancer_are_idle() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    let idle = connect_many(address(&endpoints), 10_000);
    let situation = format!("{} idle connections", idle.len());
    assert_requests_succeed(&lab, &endpoints, &situation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_succeed_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files() {
    for files in [256, 1024] {
        let lab = Lab::start_with_open_files(files, &["--chaos", "off"]);
        let endpoints = lab.endpoints();
        let idle = connect_many(address(&endpoints), 2 * files as usize);
        let situation = format!("{files} files, {} idle clients", idle.len());
        assert_requests_succeed(&lab, &endpoints, &situation).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_succeed_during_floods_of_the_load_balancer() {
    let lab = Lab::start_with(PATIENT, &["--chaos", "off"]);
    let endpoints = lab.endpoints();
    // The load balancer discards the bytes of a refused client for a second, however many they are.
    let attack = Attack::start(floods(address(&endpoints), None));
    assert_requests_succeed(&lab, &endpoints, "floods").await;
    attack.stop();
}
