//! The decision: which fault the next like meets. Pure, and the same for the same seed.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::config::{Config, CpuBudget, Percent};

/// What one like meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It burns this many milliseconds of CPU time first.
    Stress {
        /// Thread CPU time in milliseconds.
        cpu_ms: u64,
    },
    /// It is answered 404, and the monolith never hears of it.
    NotFound,
    /// Nothing goes wrong.
    None,
}

impl Fault {
    /// The fault's name in annotations, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stress { .. } => "stress",
            Self::NotFound => "not_found",
            Self::None => "none",
        }
    }
}

/// Draws faults, one for each like.
///
/// ChaCha8 is named and portable: a seed means the same on every machine and in every release.
/// Faults and burn times come from two streams of it, so that a change of the times leaves the
/// sequence of faults as it was.
#[derive(Debug)]
pub struct Dice {
    faults: ChaCha8Rng,
    times: ChaCha8Rng,
    stress: Percent,
    not_found: Percent,
    cpu_ms: CpuBudget,
}

impl Dice {
    /// Dice with the shares and the seed of `config`; without a seed, by chance.
    pub fn new(config: &Config) -> Self {
        let seed = config
            .seed
            .unwrap_or_else(|| rand::make_rng::<ChaCha8Rng>().random());
        let faults = ChaCha8Rng::seed_from_u64(seed);
        let mut times = ChaCha8Rng::seed_from_u64(seed);
        times.set_stream(1);
        Self {
            faults,
            times,
            stress: config.stress,
            not_found: config.not_found,
            cpu_ms: config.cpu_ms.clone(),
        }
    }

    /// Draws the next like's fault.
    pub fn draw(&mut self) -> Fault {
        let drawn = self.faults.random_range(0..100);
        if drawn < self.stress {
            let cpu_ms = self.times.random_range(self.cpu_ms.clone());
            Fault::Stress { cpu_ms }
        } else if drawn < self.stress + self.not_found {
            Fault::NotFound
        } else {
            Fault::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_shell::env::Environment;

    fn dice(variables: &[(&str, &str)]) -> Dice {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env: Environment = variables.iter().map(owned).collect();
        Dice::new(&env.read().unwrap())
    }

    fn counts(mut dice: Dice, draws: usize) -> [usize; 3] {
        let mut counts = [0; 3];
        for _ in 0..draws {
            match dice.draw() {
                Fault::Stress { .. } => counts[0] += 1,
                Fault::NotFound => counts[1] += 1,
                Fault::None => counts[2] += 1,
            }
        }
        counts
    }

    #[test]
    fn a_seed_means_this_sequence_for_ever() {
        let mut dice = dice(&[("CHAOS_SEED", "42")]);
        let letters: String = (0..40)
            .map(|_| match dice.draw() {
                Fault::Stress { .. } => 's',
                Fault::NotFound => '4',
                Fault::None => '.',
            })
            .collect();
        assert_eq!(letters, "s4s.4sss4s4ssss4s44ssss.s.4s.4ss.sssssss");
    }

    #[test]
    fn the_burn_times_do_not_change_the_sequence_of_faults() {
        let mut long = dice(&[("CHAOS_SEED", "7"), ("CHAOS_STRESS_CPU_MS", "1100-2200")]);
        let mut short = dice(&[("CHAOS_SEED", "7"), ("CHAOS_STRESS_CPU_MS", "0-0")]);
        for _ in 0..1000 {
            let (long, short) = (long.draw(), short.draw());
            assert_eq!(
                std::mem::discriminant(&long),
                std::mem::discriminant(&short)
            );
        }
    }

    #[test]
    fn without_a_seed_the_shares_are_64_25_11_within_five_sigma() {
        // Over 100,000 draws the standard deviation of a share is at most 0.16 points.
        let [stress, not_found, none] = counts(dice(&[]), 100_000);
        assert!(stress.abs_diff(64_000) < 800, "{stress}");
        assert!(not_found.abs_diff(25_000) < 800, "{not_found}");
        assert!(none.abs_diff(11_000) < 800, "{none}");
    }

    #[test]
    fn two_dice_without_a_seed_differ() {
        let (mut one, mut other) = (dice(&[]), dice(&[]));
        assert!((0..1000).any(|_| one.draw() != other.draw()));
    }

    #[test]
    fn shares_of_all_or_nothing_are_kept_exactly() {
        let shares = |stress, not_found| {
            let variables = [
                ("CHAOS_STRESS_PERCENT", stress),
                ("CHAOS_NOT_FOUND_PERCENT", not_found),
            ];
            counts(dice(&variables), 1000)
        };
        assert_eq!(shares("100", "0"), [1000, 0, 0]);
        assert_eq!(shares("0", "100"), [0, 1000, 0]);
        assert_eq!(shares("0", "0"), [0, 0, 1000]);
    }

    #[test]
    fn burn_times_stay_in_their_range_and_fill_it() {
        let mut dice = dice(&[
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ]);
        let times: Vec<u64> = (0..10_000)
            .map(|_| match dice.draw() {
                Fault::Stress { cpu_ms } => cpu_ms,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(times.iter().all(|cpu_ms| (350..=1070).contains(cpu_ms)));
        assert!(times.iter().any(|cpu_ms| *cpu_ms < 360));
        assert!(times.iter().any(|cpu_ms| *cpu_ms > 1060));
    }
}
