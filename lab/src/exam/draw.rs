//! What the seed of an exam decides: the parameters of the fault, its start, and the requests. The same seed decides the same.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::problem::{Mechanism, Problem, Range};
use crate::database::faults::Effect;

/// The number of mysfits that get more likes than the others.
pub const FAVOURITES: usize = 3;

/// The decisions of a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// The seed of the workload and of the noise. The healthy twin has the same.
    pub workload_seed: u64,
    /// Indexes of the mysfits that customers like most.
    pub favourites: [usize; FAVOURITES],
    /// Index of the mysfit that has the fault of a key: one of the favourites.
    pub key: usize,
    /// Time from the end of the baseline to the start of the fault, in seconds.
    pub delay_seconds: u64,
    /// Time from the end of the baseline to the change that harms nobody, in seconds.
    pub innocent_delay_seconds: u64,
    pub fault: DrawnFault,
}

/// A fault with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawnFault {
    CpuBurn {
        percent: u32,
        cpu_ms: Range,
        seed: u64,
    },
    LostLikes {
        percent: u32,
        seed: u64,
    },
    /// `index` is the position of the task in the sorted list of the ids of the tasks that run when the fault starts, modulo their number.
    FaultyTask {
        index: usize,
        percent: u32,
        cpu_ms: Range,
        seed: u64,
    },
    BadRevision {
        variable: String,
        value: String,
    },
    TimeoutTooShort {
        timeout_ms: u64,
    },
    /// `effect` applies to requests for the mysfit [`Drawn::key`]. `seed` decides which of them fail; it is 0 if they are slow.
    Key {
        seed: u64,
        effect: Effect,
    },
    WrongWeights {
        monolith: u16,
    },
    WrongPath {
        path: String,
    },
    TooFewTasks {
        max_capacity: u32,
    },
}

/// Different problems draw different times with the same seed: one exam must not tell the time of another.
fn rng(problem: &Problem, seed: u64) -> ChaCha8Rng {
    let mut bytes = <ChaCha8Rng as SeedableRng>::Seed::default();
    let of_seed_and_id = seed.to_le_bytes().into_iter().chain(problem.id.bytes());
    for (byte, known) in bytes.iter_mut().zip(of_seed_and_id) {
        *byte = known;
    }
    ChaCha8Rng::from_seed(bytes)
}

impl DrawnFault {
    /// The share of all likes that the fault touches, in percent. `None` if the seed does not decide it.
    pub fn percent_of_likes(&self) -> Option<u32> {
        match self {
            Self::CpuBurn { percent, .. } | Self::LostLikes { percent, .. } => Some(*percent),
            Self::WrongWeights { monolith } => Some(u32::from(*monolith)),
            Self::WrongPath { .. } => Some(100),
            Self::FaultyTask { .. }
            | Self::BadRevision { .. }
            | Self::TimeoutTooShort { .. }
            | Self::Key { .. }
            | Self::TooFewTasks { .. } => None,
        }
    }
}

impl Drawn {
    /// What `seed` decides for a problem with `mysfits` mysfits.
    pub fn new(problem: &Problem, seed: u64, mysfits: usize) -> Self {
        let mut rng = rng(problem, seed);
        let workload_seed = rng.random();
        let mut favourites = [0; FAVOURITES];
        for (favourite, drawn) in favourites.iter_mut().zip(sample(&mut rng, mysfits)) {
            *favourite = drawn;
        }
        let key = favourites[rng.random_range(0..FAVOURITES)];
        let delay_seconds = within(&mut rng, problem.workload.fault_delay_seconds);
        let [_, latest] = problem.workload.fault_delay_seconds;
        let innocent_delay_seconds = within(&mut rng, [0, latest]);
        let fault = fault(&mut rng, &problem.fault);
        Self {
            workload_seed,
            favourites,
            key,
            delay_seconds,
            innocent_delay_seconds,
            fault,
        }
    }
}

fn fault(rng: &mut ChaCha8Rng, mechanism: &Mechanism) -> DrawnFault {
    match mechanism {
        Mechanism::CpuBurn { percent, cpu_ms } => DrawnFault::CpuBurn {
            percent: share(rng, *percent),
            cpu_ms: *cpu_ms,
            seed: rng.random(),
        },
        Mechanism::LostLikes { percent } => DrawnFault::LostLikes {
            percent: share(rng, *percent),
            seed: rng.random(),
        },
        Mechanism::FaultyTask { percent, cpu_ms } => DrawnFault::FaultyTask {
            index: rng.random_range(0..1_000),
            percent: share(rng, *percent),
            cpu_ms: *cpu_ms,
            seed: rng.random(),
        },
        Mechanism::BadRevision { variable, values } => DrawnFault::BadRevision {
            variable: variable.clone(),
            value: one_of(rng, values),
        },
        Mechanism::TimeoutTooShort { timeout_ms } => DrawnFault::TimeoutTooShort {
            timeout_ms: within(rng, *timeout_ms),
        },
        Mechanism::SlowKey { ms } => DrawnFault::Key {
            effect: Effect::Slow {
                ms: within(rng, *ms),
            },
            seed: 0,
        },
        Mechanism::ThrottledKey { percent } => DrawnFault::Key {
            effect: Effect::Throttled {
                percent: share(rng, *percent),
            },
            seed: rng.random(),
        },
        Mechanism::FailingKey { percent } => DrawnFault::Key {
            effect: Effect::Failing {
                percent: share(rng, *percent),
            },
            seed: rng.random(),
        },
        Mechanism::WrongWeights { monolith } => DrawnFault::WrongWeights {
            monolith: u16::try_from(within(rng, *monolith)).unwrap_or(u16::MAX),
        },
        Mechanism::WrongPath { paths } => DrawnFault::WrongPath {
            path: one_of(rng, paths),
        },
        Mechanism::TooFewTasks { max_capacity } => DrawnFault::TooFewTasks {
            max_capacity: *max_capacity,
        },
    }
}

/// Different indexes below `count`, fewer than [`FAVOURITES`] if there are fewer.
fn sample(rng: &mut ChaCha8Rng, count: usize) -> Vec<usize> {
    let mut all: Vec<_> = (0..count).collect();
    let drawn = (0..FAVOURITES.min(count)).map(|_| all.swap_remove(rng.random_range(0..all.len())));
    drawn.collect()
}

fn within(rng: &mut ChaCha8Rng, [from, to]: Range) -> u64 {
    rng.random_range(from..=to.max(from))
}

fn share(rng: &mut ChaCha8Rng, range: Range) -> u32 {
    u32::try_from(within(rng, range).min(100)).unwrap_or(100)
}

fn one_of(rng: &mut ChaCha8Rng, values: &[String]) -> String {
    let index = rng.random_range(0..values.len().max(1));
    values.get(index).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::problem::Variant;
    use super::*;

    fn drawn(id: &str, seed: u64) -> Drawn {
        Drawn::new(Variant::find(id).unwrap().problem, seed, 12)
    }

    #[test]
    fn a_seed_decides_the_same_for_an_exam_and_its_twin_and_another_seed_something_else() {
        assert_eq!(drawn("tapir", 1), drawn("newt", 1));
        assert_ne!(drawn("tapir", 1), drawn("tapir", 2));
    }

    #[test]
    fn with_one_seed_the_problems_have_different_times() {
        let problems = Variant::all().into_iter().filter(|it| !it.is_healthy);
        let delays: BTreeSet<_> = problems
            .map(|it| Drawn::new(it.problem, 78, 12).delay_seconds)
            .collect();
        assert!(delays.len() > 5, "{delays:?}");
    }

    #[test]
    fn the_parameters_are_drawn_from_the_ranges_of_the_problem() {
        for seed in 0..200 {
            let drawn = drawn("otter", seed);
            let DrawnFault::CpuBurn { percent, .. } = drawn.fault else {
                panic!("{drawn:?}");
            };
            assert!((20..=40).contains(&percent), "{percent}");
            assert!((10..=190).contains(&drawn.delay_seconds));
            let [one, other, third] = drawn.favourites;
            assert!(one != other && other != third && one != third);
            assert!(drawn.favourites.contains(&drawn.key));
        }
    }

    /// `exam start ID --seed N` repeats an exam of an earlier release.
    #[test]
    fn a_seed_decides_the_same_in_all_releases() {
        let key = |seed, effect| DrawnFault::Key { seed, effect };
        for (id, fault) in [
            ("crane", DrawnFault::WrongWeights { monolith: 24 }),
            (
                "gecko",
                key(14_521_620_746_252_905_360, Effect::Failing { percent: 57 }),
            ),
            (
                "osprey",
                key(3_237_606_979_414_886_664, Effect::Throttled { percent: 85 }),
            ),
            ("puffin", key(0, Effect::Slow { ms: 795 })),
        ] {
            assert_eq!(drawn(id, 7).fault, fault, "{id}");
        }
    }
}
