//! Tests of hostile clients: they do not delay health checks, and memory stays bounded.
//!
//! Without its defences a service answers only after its idle timeout of 75 s.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::answer::{parse_answer, send_head};
use crate::attack::{Attack, connect_many, floods, slow_heads, until_answered};
use crate::delays::{Delays, MEDIAN, P90};
use crate::memory::peak_memory_bytes;
use crate::program::Program;
use crate::service::{ON_ONE_PROCESSOR, Service, has_taskset};

suite! {
    $ hostile_tests, hostile:
    health_checks_are_answered_while_10_000_connections_are_idle,
    health_checks_are_answered_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files,
    health_checks_are_answered_while_slow_heads_exceed_a_limit_of_256_open_files,
    health_checks_are_answered_and_memory_is_bounded_during_floods,
    health_checks_are_answered_during_floods_on_one_processor,
}

/// Each test may use all files that this process may open. `cargo test` runs the tests in one process.
static ONE_TEST: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    ONE_TEST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Maximum of a service's memory in all tests. 10,000 connections need about 80 MiB.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;

/// Number of bytes that a service does not accept from one flood: the socket buffers of both sides can store far fewer.
const MAX_FLOOD_BYTES: usize = 96 * 1024 * 1024;

fn address(service: &Service) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, service.port).into()
}

/// Sends a health check on a new connection.
fn check(service: &Service) {
    let answer = until_answered(|| send_head(service, "GET /health/live HTTP/1.1"));
    assert_eq!(parse_answer(&answer).0, 200, "{answer}");
}

/// Sends health checks to the service and to `control`, which has no hostile clients. Checks the delays, and the memory of the service.
fn assert_healthy(service: &Service, control: &Service, percent: usize, situation: &str) {
    let delays = Delays::measure(&[service.child.id()], || check(service), || check(control));
    delays.assert_bounded(percent, situation);
    let memory = peak_memory_bytes(service.child.id());
    println!("figures: {situation}: memory {memory:?}");
    assert!(
        memory.is_none_or(|bytes| bytes < MAX_MEMORY_BYTES),
        "{memory:?}"
    );
}

fn health_checks_are_answered_while_10_000_connections_are_idle(program: &Program) {
    let _only_test = lock();
    let (service, control) = (program.start(), program.start());
    // The limit of connections is 10,000.
    let idle = connect_many(address(&service), 10_100);
    let situation = format!("{} idle connections", idle.len());
    assert_healthy(&service, &control, P90, &situation);
}

/// Starts the service with a limit of open files.
fn start_with_open_files(program: &Program, files: u32) -> Service {
    let script = format!("ulimit -n {files} && exec \"$0\"");
    Service::start_by_shell(&script, program.binary, program.required)
}

fn health_checks_are_answered_while_idle_clients_exceed_a_limit_of_256_or_1_024_open_files(
    program: &Program,
) {
    let _only_test = lock();
    for files in [256, 1024] {
        let (service, control) = (start_with_open_files(program, files), program.start());
        let mut idle = connect_many(address(&service), 2 * files as usize);
        let situation = format!("{files} files, {} idle clients", idle.len());
        assert_healthy(&service, &control, P90, &situation);
        // The connections that had no request were closed, the oldest first.
        assert_eq!(idle[0].read(&mut [0]).unwrap(), 0);
        let last = idle.last_mut().unwrap();
        last.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut status = [0; 12];
        last.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

fn health_checks_are_answered_while_slow_heads_exceed_a_limit_of_256_open_files(program: &Program) {
    let _only_test = lock();
    let (service, control) = (start_with_open_files(program, 256), program.start());
    let attack = Attack::start(vec![slow_heads(address(&service))]);
    assert_healthy(&service, &control, P90, "256 files, slow heads");
    attack.stop();
}

fn health_checks_are_answered_and_memory_is_bounded_during_floods(program: &Program) {
    let _only_test = lock();
    let (service, control) = (program.start(), program.start());
    let attack = Attack::start(floods(address(&service), Some(MAX_FLOOD_BYTES)));
    assert_healthy(&service, &control, MEDIAN, "floods");
    attack.stop();
}

fn health_checks_are_answered_during_floods_on_one_processor(program: &Program) {
    let _only_test = lock();
    if !has_taskset() {
        println!("SKIPPED: taskset is not available");
        return;
    }
    let start = || Service::start_by_shell(ON_ONE_PROCESSOR, program.binary, program.required);
    let (service, control) = (start(), start());
    let attack = Attack::start(floods(address(&service), Some(MAX_FLOOD_BYTES)));
    assert_healthy(&service, &control, MEDIAN, "floods, one processor");
    attack.stop();
}
