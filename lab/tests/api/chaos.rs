//! Chaos as the lab sets it up: the seed decides, slot by slot, and begins again with a new task.

use http_shell::env::Environment;
use like_service::chaos::{Config, Fault, FaultGenerator};
use rustix::process::Signal;

use crate::client::{client, get, like};
use crate::found;
use crate::process::{Lab, signal};

const SEED: u64 = 4711;

/// The faults that slot `number` draws, from the service's own generator.
fn faults(number: u64, count: usize) -> Vec<Fault> {
    let seed = (SEED + number).to_string();
    let variables = [("CHAOS_SEED", &*seed), ("CHAOS_STRESS_CPU_MS", "0-0")];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let env: Environment = variables.into_iter().map(owned).collect();
    let mut generator = FaultGenerator::new(&Config::read(&env).unwrap());
    (0..count).map(|_| generator.draw()).collect()
}

fn statuses(faults: &[Fault]) -> Vec<u16> {
    let status = |fault: &Fault| match fault {
        Fault::NotFound => 404,
        Fault::Stress { .. } | Fault::None => 200,
    };
    faults.iter().map(status).collect()
}

/// A lab whose burns take no time; the sequence of faults is the same.
fn start(arguments: &[&str]) -> Lab {
    let seed = SEED.to_string();
    let arguments = [arguments, &["--seed", &seed]].concat();
    Lab::start_with(&[("CHAOS_STRESS_CPU_MS", "0-0")], &arguments)
}

#[tokio::test]
async fn a_seed_gives_the_exact_sequence_of_faults() {
    let lab = start(&["--like-tasks", "1", "--loglevel", "DEBUG"]);
    let (endpoints, client) = (lab.endpoints(), client());
    let wanted = faults(0, 60);
    let mut seen = Vec::new();
    for _ in &wanted {
        seen.push(like(&client, &endpoints.alb).await);
    }
    assert_eq!(seen, statuses(&wanted));

    let words = |fault: &Fault| match fault {
        Fault::Stress { .. } => Some("WARN: stress function activated"),
        Fault::NotFound => Some("WARN: simulated 404 activated"),
        Fault::None => None,
    };
    let wanted: Vec<_> = wanted.iter().filter_map(words).collect();
    let url = format!("{}/logs/like-service", endpoints.site);
    // The last lines are on their way through a pipe.
    let seen = found("a line for each fault", async || {
        let log = get(&url).await;
        let words = |line: &str| wanted.iter().find(|words| line.contains(**words)).copied();
        let seen: Vec<_> = log.lines().filter_map(words).collect();
        (seen.len() >= wanted.len()).then_some(seen)
    })
    .await;
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn each_slot_has_a_sequence_of_its_own() {
    let lab = start(&["--like-tasks", "2"]);
    let (endpoints, client) = (lab.endpoints(), client());
    let tasks = endpoints.of("like-service");
    for (number, task) in tasks.iter().enumerate() {
        let wanted = faults(number as u64, 30);
        let mut seen = Vec::new();
        for _ in &wanted {
            seen.push(like(&client, &task.url).await);
        }
        assert_eq!(seen, statuses(&wanted));
    }
    assert_ne!(statuses(&faults(0, 30)), statuses(&faults(1, 30)));
}

#[tokio::test]
async fn a_restarted_task_begins_its_sequence_again() {
    let lab = start(&["--like-tasks", "1"]);
    let client = client();
    let before = lab.endpoints();
    for _ in 0..7 {
        like(&client, &before.alb).await;
    }
    let task = before.of("like-service")[0].clone();
    signal(task.pid, Signal::KILL);
    let after = lab.endpoints_without(&task.id);
    let wanted = faults(0, 30);
    let mut seen = Vec::new();
    for _ in &wanted {
        seen.push(like(&client, &after.alb).await);
    }
    assert_eq!(seen, statuses(&wanted));
}

#[tokio::test]
async fn a_chaotic_like_takes_more_than_a_second_unless_the_reader_says_otherwise() {
    let stress = ("CHAOS_STRESS_PERCENT", "100");
    let lost = ("CHAOS_NOT_FOUND_PERCENT", "0");
    let lab = Lab::start_with(&[stress, lost], &[]);
    let start = std::time::Instant::now();
    assert_eq!(like(&client(), &lab.endpoints().alb).await, 200);
    assert!(start.elapsed().as_millis() >= 1100, "{:?}", start.elapsed());
}

#[tokio::test]
async fn chaos_off_means_that_every_like_works_at_once() {
    let lab = Lab::start(&["--chaos", "off"]);
    lab.wait_for("Chaos is off");
    let (alb, client) = (lab.endpoints().alb, client());
    for _ in 0..50 {
        assert_eq!(like(&client, &alb).await, 200);
    }
}
