//! The end of a lab: nothing is left behind, however it comes.

use rustix::process::Signal;

use crate::client::{client, like, likes};
use crate::process::{Lab, assert_gone};
use crate::{PATIENCE, eventually};

#[test]
fn asked_to_stop_it_ends_well_and_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut lab = Lab::start(&[]);
        let endpoints = lab.endpoints();
        lab.signal(signal);
        assert_eq!(lab.wait().code(), Some(0));
        assert_gone(&endpoints.tasks);
        assert!(!lab.endpoints_file().exists());
        lab.wait_for("Stopped.");
    }
}

#[test]
fn killed_it_leaves_no_task_behind() {
    let mut lab = Lab::start(&[]);
    let tasks = lab.endpoints().tasks;
    lab.signal(Signal::KILL);
    lab.wait();
    assert_gone(&tasks);
}

/// A lab whose likes all burn this long.
fn burning(cpu_ms: &str) -> Lab {
    let variables = [
        ("CHAOS_STRESS_PERCENT", "100"),
        ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ("CHAOS_STRESS_CPU_MS", cpu_ms),
    ];
    // Burns step back for whatever else runs here; the wait ends as soon as the likes do.
    let patient = ["--deregistration-delay-ms", "60000"];
    let arguments = ["--logs", "--loglevel", "INFO", patient[0], patient[1]];
    Lab::start_job(&variables, &arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_under_way_are_finished_first() {
    let mut lab = burning("1000-1000");
    let alb = lab.endpoints().alb;
    let running: Vec<_> = (0..3)
        .map(|_| {
            let alb = alb.clone();
            tokio::spawn(async move { like(&client(), &alb).await })
        })
        .collect();
    eventually("all three burn", || {
        lab.printed().matches("stress function").count() == 3
    });
    lab.ctrl_c();
    for like in running {
        assert_eq!(like.await.unwrap(), 200);
    }
    assert_eq!(lab.wait().code(), Some(0));
    // Ctrl-C in a terminal reaches all processes of the lab; the tasks must wait for their turn.
    assert!(!lab.printed().contains("died"), "{}", lab.printed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_stops_at_once() {
    let mut lab = burning("60000-60000");
    let endpoints = lab.endpoints();
    let alb = endpoints.alb.clone();
    let running = tokio::spawn(async move { likes_or_breaks_off(&alb).await });
    lab.wait_for("stress function");
    let start = std::time::Instant::now();
    lab.ctrl_c();
    lab.wait_for("Ctrl-C again");
    // Two signals in quick succession are one wish, so this asks until it is understood.
    eventually("the lab ends", || {
        lab.ctrl_c_if_there();
        lab.has_ended()
    });
    assert_eq!(lab.wait().code(), Some(130));
    assert_gone(&endpoints.tasks);
    assert!(start.elapsed() < PATIENCE / 2, "the burn was waited for");
    running.await.unwrap();
}

async fn likes_or_breaks_off(alb: &str) {
    let url = format!("{alb}/mysfits/{}/like", crate::MYSFIT);
    let _ = client().post(url).send().await;
}

#[tokio::test]
async fn a_lab_that_died_leaves_its_data_directory_in_order() {
    let directory = crate::process::Directory::new();
    let data = directory.path("data");
    let arguments = ["--chaos", "off", "--data-dir", data.to_str().unwrap()];
    let mut lab = Lab::start(&arguments);
    let alb = lab.endpoints().alb;
    for _ in 0..10 {
        assert_eq!(like(&client(), &alb).await, 200);
    }
    lab.signal(Signal::KILL);
    lab.wait();
    let lab = Lab::start(&arguments);
    assert_eq!(likes(&lab.endpoints().alb).await, 10);
}
