use std::collections::BTreeSet;

use super::*;
use crate::exam::vocabulary::{TERMS, Term};

#[test]
fn all_problems_are_valid_and_have_ids_of_their_own() {
    let mut ids: Vec<_> = Variant::all().iter().map(|variant| variant.id()).collect();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert_eq!(count, 2 * PROBLEMS.len());
    assert!(Variant::find("none").is_none());
}

#[test]
fn each_problem_has_a_mechanism_of_the_vocabulary_and_none_is_repeated() {
    let names: BTreeSet<_> = PROBLEMS
        .iter()
        .map(|problem| problem.fault.name())
        .collect();
    assert_eq!(names.len(), PROBLEMS.len());
    for name in names {
        assert!(Term::find(name).is_some(), "{name}");
    }
}

#[test]
fn what_people_read_before_the_end_names_no_mechanism() {
    for problem in PROBLEMS.iter() {
        let hints = problem.hints.join(" ");
        let text = format!(
            "{} {} {} {} {hints}",
            problem.id, problem.twin, problem.statement, problem.twin_statement
        );
        assert_eq!(problem.hints.len(), 3, "{}", problem.id);
        for Term { name, .. } in TERMS {
            let words = name.replace('-', " ");
            assert!(
                !text.contains(name) && !text.contains(&words),
                "{}",
                problem.id
            );
        }
    }
}

/// The tasks share the processors of one laptop. More load would slow down likes that no fault touches.
#[test]
fn the_likes_of_a_problem_use_less_than_seven_tenths_of_a_processor() {
    for problem in PROBLEMS.iter() {
        let likes = likes_per_second(problem);
        let (share_of_tasks, percent, cpu_ms) = match &problem.fault {
            Mechanism::CpuBurn { percent, cpu_ms } => (1.0, percent, cpu_ms),
            Mechanism::FaultyTask { percent, cpu_ms } => {
                let share = 1.0 / f64::from(problem.workload.like_tasks);
                (share, percent, cpu_ms)
            }
            _ => continue,
        };
        let mean_ms = (cpu_ms[0] + cpu_ms[1]) as f64 / 2.0;
        let processors = likes * share_of_tasks * percent[1] as f64 / 100.0 * mean_ms / 1_000.0;
        assert!(processors < 0.7, "{}: {processors}", problem.id);
    }
}

#[test]
fn workers_are_enough_for_all_tasks_and_too_few_for_those_that_the_fault_leaves() {
    for problem in PROBLEMS.iter() {
        let Some(workers) = problem.workload.workers else {
            continue;
        };
        let needed = likes_per_second(problem) * workers.ms as f64 / 1_000.0;
        let busy = |tasks: u32| needed / f64::from(tasks * workers.count);
        assert!(busy(problem.workload.like_tasks) < 0.6, "{}", problem.id);
        if let Mechanism::TooFewTasks { max_capacity } = problem.fault {
            assert!((1.5..2.0).contains(&busy(max_capacity)), "{}", problem.id);
        }
    }
}

/// Half of the requests for mysfits that do not exist are likes.
#[test]
fn the_share_of_requests_for_unknown_mysfits_is_even() {
    for problem in PROBLEMS.iter() {
        let percent = problem.noise.unknown_percent;
        assert!(percent > 0 && percent % 2 == 0, "{}", problem.id);
    }
}

/// Otherwise a time in the middle of the range would always be right.
#[test]
fn the_time_of_a_fault_is_drawn_from_more_than_an_answer_may_differ() {
    for problem in PROBLEMS.iter() {
        let [earliest, latest] = problem.workload.fault_delay_seconds;
        assert!(latest - earliest > 120, "{}", problem.id);
    }
}

/// Evidence of the kind `metric` is compared with these names.
#[test]
fn the_metrics_of_a_problem_have_a_namespace_and_a_name() {
    for problem in PROBLEMS.iter() {
        assert!(!problem.metrics.is_empty(), "{}", problem.id);
        for metric in &problem.metrics {
            let namespace = ["AWS/ApplicationELB/", "AWS/ECS/", "MythicalMysfits/"]
                .iter()
                .find(|namespace| metric.starts_with(**namespace));
            assert!(namespace.is_some(), "{metric}");
        }
    }
}

fn likes_per_second(problem: &Problem) -> f64 {
    let workload = &problem.workload;
    f64::from(workload.rate * workload.like_percent) / 100.0
}

#[test]
fn each_directory_of_exams_is_a_problem() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/exams");
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let directories = entries.filter(|entry| entry.path().is_dir());
    assert_eq!(directories.count(), PROBLEMS.len());
}
