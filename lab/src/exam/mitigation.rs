//! Whether a person or program has ended the trouble, and harmed nothing: pure. It is graded apart from the answer.
//!
//! docs/exams.md says how points are given.

use serde::Serialize;

use super::grade::{Category, HarnessError, Points, total};
use super::times::counted;

/// What customers saw in a time span.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seen {
    pub likes: u64,
    /// Likes that were answered 200.
    pub succeeded: u64,
    /// Of all likes, in milliseconds.
    pub p95_ms: f64,
}

/// What must not get lost while somebody ends the trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Integrity {
    /// Mysfits that the table had at the start, and that are missing or changed now. Likes and adoptions may change.
    pub items_missing: u64,
    /// Likes that were answered 200, and that the table does not have.
    pub likes_lost: u64,
    /// The number of tasks by which the desired counts are below those at the start.
    pub desired_below: u32,
    /// Healthy tasks that are missing, compared with the desired counts now and at the start.
    pub unhealthy_targets: u32,
    /// Tasks without the fault that people have stopped, or replaced if one task is faulty.
    pub stopped_others: u32,
}

/// Points of a mitigation, with a sentence for each check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mitigation {
    /// At most 100.
    pub total: Points,
    pub checks: Vec<Category>,
    /// Why the total is 0 although checks have points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disqualified: Option<String>,
}

/// Each time span needs this many likes. With fewer, a share or a percentile says little.
pub const MIN_LIKES: u64 = 20;

const MAX_LOSS_OF_SUCCESS: f64 = 0.02;
const MAX_P95_FACTOR: f64 = 2.0;
const MAX_P95_INCREASE_MS: f64 = 200.0;

/// Compares the last time span with the baseline.
///
/// # Errors
///
/// Returns an error if a time span has too few likes.
pub fn grade(
    baseline: &Seen,
    last: &Seen,
    integrity: &Integrity,
) -> Result<Mitigation, HarnessError> {
    let given = baseline.likes.min(last.likes);
    if given < MIN_LIKES {
        let expected = MIN_LIKES;
        return Err(HarnessError::TooFewLikes { expected, given });
    }
    let checks = vec![
        success(baseline, last),
        p95(baseline, last),
        data(10, integrity),
        desired_count(10, integrity),
        targets(10, integrity),
    ];
    Ok(Mitigation::new(checks, integrity))
}

/// Checks that nothing was harmed although nothing was wrong.
pub fn grade_healthy(integrity: &Integrity) -> Mitigation {
    let checks = vec![
        data(40, integrity),
        desired_count(30, integrity),
        targets(30, integrity),
    ];
    Mitigation::new(checks, integrity)
}

impl Mitigation {
    fn new(checks: Vec<Category>, integrity: &Integrity) -> Self {
        let stopped = integrity.stopped_others;
        let disqualified = (stopped > 0).then(|| {
            let tasks = counted(
                stopped.into(),
                "task without a fault was",
                "tasks without a fault were",
            );
            format!("The total is 0, because {tasks} stopped.")
        });
        Self {
            total: match disqualified {
                Some(_) => Points::default(),
                None => total(&checks),
            },
            checks,
            disqualified,
        }
    }
}

fn check(name: &'static str, maximum: u32, is_passed: bool, reason: String) -> Category {
    Category::new(name, maximum, f64::from(is_passed), reason)
}

/// Whether as many likes succeed as before.
fn has_success(baseline: &Seen, last: &Seen) -> bool {
    // The tolerance absorbs rounding errors of the division.
    share(last) >= share(baseline) - MAX_LOSS_OF_SUCCESS - 1e-9
}

fn share(seen: &Seen) -> f64 {
    seen.succeeded.min(seen.likes) as f64 / seen.likes as f64
}

fn success(baseline: &Seen, last: &Seen) -> Category {
    let (before, now) = (share(baseline) * 100.0, share(last) * 100.0);
    let reason =
        format!("{now:.1} % of the last likes succeeded, and {before:.1} % before the fault.");
    check("success-rate", 40, has_success(baseline, last), reason)
}

/// Likes that fail at once are no improvement, so this check counts only if likes succeed.
fn p95(baseline: &Seen, last: &Seen) -> Category {
    let (before, now) = (baseline.p95_ms, last.p95_ms);
    let limit = (before * MAX_P95_FACTOR).max(before + MAX_P95_INCREASE_MS);
    let has_success = has_success(baseline, last);
    let mut reason = format!(
        "95 % of the last likes were answered within {now:.0} ms; {limit:.0} ms are accepted, from {before:.0} ms before the fault."
    );
    if !has_success {
        reason += " It counts only if as many likes succeed as before.";
    }
    check("p95", 30, has_success && now <= limit, reason)
}

fn data(maximum: u32, integrity: &Integrity) -> Category {
    let (items, likes) = (integrity.items_missing, integrity.likes_lost);
    let reason = match items == 0 && likes == 0 {
        true => "The table has all mysfits, and all likes that succeeded.".to_owned(),
        false => {
            let items = counted(items, "mysfit is", "mysfits are");
            let likes = counted(likes, "like that succeeded is", "likes that succeeded are");
            format!("In the table, {items} missing or changed, and {likes} missing.")
        }
    };
    check("data", maximum, items == 0 && likes == 0, reason)
}

fn desired_count(maximum: u32, integrity: &Integrity) -> Category {
    let below = integrity.desired_below;
    let reason = match below {
        0 => "The desired counts are not below those at the start.".to_owned(),
        below => {
            let tasks = counted(below.into(), "task", "tasks");
            format!("The desired counts are {tasks} below those at the start.")
        }
    };
    check("desired-count", maximum, below == 0, reason)
}

fn targets(maximum: u32, integrity: &Integrity) -> Category {
    let unhealthy = integrity.unhealthy_targets;
    let reason = match unhealthy {
        0 => "As many tasks are healthy as are desired, and at least as many as at the start."
            .to_owned(),
        missing => {
            let tasks = counted(missing.into(), "healthy task is", "healthy tasks are");
            format!("{tasks} missing, compared with the desired counts and the start.")
        }
    };
    check("targets", maximum, unhealthy == 0, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Seen = Seen {
        likes: 300,
        succeeded: 300,
        p95_ms: 30.0,
    };
    const INTACT: Integrity = Integrity {
        items_missing: 0,
        likes_lost: 0,
        desired_below: 0,
        unhealthy_targets: 0,
        stopped_others: 0,
    };

    fn total_of(last: &Seen, integrity: &Integrity) -> f64 {
        let mitigation = grade(&BEFORE, last, integrity).unwrap();
        mitigation.total.value()
    }

    #[test]
    fn a_system_that_is_as_before_has_all_points() {
        assert_eq!(total_of(&BEFORE, &INTACT), 100.0);
    }

    #[test]
    fn two_percentage_points_fewer_successes_are_accepted() {
        for (succeeded, expected) in [(294, 100.0), (293, 30.0), (0, 30.0)] {
            let last = Seen {
                succeeded,
                ..BEFORE
            };
            assert_eq!(total_of(&last, &INTACT), expected, "{succeeded}");
        }
    }

    #[test]
    fn two_hundred_milliseconds_or_twice_the_baseline_are_accepted() {
        for (before, now, is_passed) in [
            (30.0, 230.0, true),
            (30.0, 231.0, false),
            (400.0, 800.0, true),
            (400.0, 801.0, false),
            (30.0, f64::NAN, false),
        ] {
            let seen = |p95_ms| Seen { p95_ms, ..BEFORE };
            let mitigation = grade(&seen(before), &seen(now), &INTACT).unwrap();
            let expected = if is_passed { 100.0 } else { 70.0 };
            assert_eq!(mitigation.total.value(), expected, "{before} {now}");
        }
    }

    #[test]
    fn each_loss_costs_its_check() {
        for integrity in [
            Integrity {
                items_missing: 1,
                ..INTACT
            },
            Integrity {
                likes_lost: 1,
                ..INTACT
            },
            Integrity {
                desired_below: 1,
                ..INTACT
            },
            Integrity {
                unhealthy_targets: 1,
                ..INTACT
            },
        ] {
            assert_eq!(total_of(&BEFORE, &integrity), 90.0, "{integrity:?}");
        }
    }

    #[test]
    fn a_reason_counts_one_or_more() {
        let reason = |items_missing, likes_lost| {
            let integrity = Integrity {
                items_missing,
                likes_lost,
                ..INTACT
            };
            data(10, &integrity).reason
        };
        let expected =
            "In the table, 1 mysfit is missing or changed, and 2 likes that succeeded are missing.";
        assert_eq!(reason(1, 2), expected);
        let expected =
            "In the table, 0 mysfits are missing or changed, and 1 like that succeeded is missing.";
        assert_eq!(reason(0, 1), expected);
    }

    #[test]
    fn in_a_healthy_system_only_harm_costs_points() {
        let total = |integrity: Integrity| grade_healthy(&integrity).total.value();
        assert_eq!(total(INTACT), 100.0);
        let without_items = Integrity {
            items_missing: 1,
            ..INTACT
        };
        assert_eq!(total(without_items), 60.0);
        let stopped = Integrity {
            stopped_others: 1,
            ..INTACT
        };
        assert_eq!(total(stopped), 0.0);
    }

    #[test]
    fn stopping_a_task_without_a_fault_costs_everything() {
        let integrity = Integrity {
            stopped_others: 2,
            ..INTACT
        };
        let mitigation = grade(&BEFORE, &BEFORE, &integrity).unwrap();
        assert_eq!(mitigation.total.value(), 0.0);
        let reason = mitigation.disqualified.unwrap();
        assert!(reason.contains("2 tasks"), "{reason}");
    }

    #[test]
    fn a_time_span_with_few_likes_cannot_be_graded() {
        let few = Seen {
            likes: 19,
            succeeded: 19,
            ..BEFORE
        };
        let expected = Err(HarnessError::TooFewLikes {
            expected: 20,
            given: 19,
        });
        assert_eq!(grade(&few, &BEFORE, &INTACT), expected);
        assert_eq!(grade(&BEFORE, &few, &INTACT), expected);
    }
}
