//! Draws the fault of each like. The same seed gives the same sequence of faults.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::config::{Config, CpuTimeRange, Percent};
use super::overrides::Overrides;

/// The fault of a like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mechanism", rename_all = "snake_case")]
pub enum Fault {
    /// The like burns CPU time before the service processes the like.
    Stress {
        /// The CPU time that the like burns, in milliseconds.
        cpu_ms: u64,
    },
    /// The service answers the like with a 404 and does not call the monolith.
    NotFound,
    /// The service processes the like without a fault.
    None,
}

impl Fault {
    /// The name of the fault in span annotations, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stress { .. } => "stress",
            Self::NotFound => "not_found",
            Self::None => "none",
        }
    }
}

/// Draws a fault for each like.
///
/// ChaCha8 is portable: a seed gives the same sequence on every machine and in every release. Faults and CPU
/// times are drawn from two random streams, so a different range of CPU times does not change the sequence of
/// faults.
#[derive(Debug)]
pub struct FaultGenerator {
    fault_rng: ChaCha8Rng,
    cpu_time_rng: ChaCha8Rng,
    stress_percent: Percent,
    not_found_percent: Percent,
    burn_cpu_ms: CpuTimeRange,
}

impl FaultGenerator {
    /// Creates a generator. If `config` contains no seed, the generator uses a random seed.
    pub fn new(config: &Config) -> Self {
        let seed = config
            .seed
            .unwrap_or_else(|| rand::make_rng::<ChaCha8Rng>().random());
        Self::with_seed(
            seed,
            [config.stress_percent, config.not_found_percent],
            config.burn_cpu_ms.clone(),
        )
    }

    /// Creates the generator of `overrides`.
    pub fn of_overrides(overrides: &Overrides) -> Self {
        let settings = overrides.settings();
        let [from, to] = settings.cpu_ms;
        Self::with_seed(
            settings.seed,
            [settings.stress_percent, settings.not_found_percent],
            from..=to,
        )
    }

    fn with_seed(
        seed: u64,
        [stress_percent, not_found_percent]: [Percent; 2],
        burn_cpu_ms: CpuTimeRange,
    ) -> Self {
        let fault_rng = ChaCha8Rng::seed_from_u64(seed);
        let mut cpu_time_rng = ChaCha8Rng::seed_from_u64(seed);
        cpu_time_rng.set_stream(1);
        Self {
            fault_rng,
            cpu_time_rng,
            stress_percent,
            not_found_percent,
            burn_cpu_ms,
        }
    }

    /// Draws the fault of the next like.
    pub fn draw(&mut self) -> Fault {
        let percentile = self.fault_rng.random_range(0..100);
        if percentile < self.stress_percent {
            let cpu_ms = self.cpu_time_rng.random_range(self.burn_cpu_ms.clone());
            Fault::Stress { cpu_ms }
        } else if percentile < self.stress_percent + self.not_found_percent {
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

    fn new_generator(variables: &[(&str, &str)]) -> FaultGenerator {
        let to_owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let env: Environment = variables.iter().map(to_owned).collect();
        FaultGenerator::new(&Config::read(&env).unwrap())
    }

    /// Counts the faults `Stress`, `NotFound` and `None` in `draws` draws.
    fn count_faults(mut generator: FaultGenerator, draws: usize) -> [usize; 3] {
        let mut counts = [0; 3];
        for _ in 0..draws {
            match generator.draw() {
                Fault::Stress { .. } => counts[0] += 1,
                Fault::NotFound => counts[1] += 1,
                Fault::None => counts[2] += 1,
            }
        }
        counts
    }

    #[test]
    fn seed_42_gives_the_documented_sequence_of_faults() {
        let mut generator = new_generator(&[("CHAOS_SEED", "42")]);
        let fault_letters: String = (0..40)
            .map(|_| match generator.draw() {
                Fault::Stress { .. } => 's',
                Fault::NotFound => '4',
                Fault::None => '.',
            })
            .collect();
        assert_eq!(fault_letters, "s4s.4sss4s4ssss4s44ssss.s.4s.4ss.sssssss");
    }

    #[test]
    fn the_range_of_cpu_times_does_not_change_the_sequence_of_faults() {
        let mut long_burns =
            new_generator(&[("CHAOS_SEED", "7"), ("CHAOS_STRESS_CPU_MS", "1100-2200")]);
        let mut short_burns = new_generator(&[("CHAOS_SEED", "7"), ("CHAOS_STRESS_CPU_MS", "0-0")]);
        for _ in 0..1000 {
            let (fault, other_fault) = (long_burns.draw(), short_burns.draw());
            assert_eq!(
                std::mem::discriminant(&fault),
                std::mem::discriminant(&other_fault)
            );
        }
    }

    #[test]
    fn without_a_seed_about_64_percent_of_faults_are_stress_and_25_percent_are_404s() {
        // In 100,000 draws, the number of draws of one fault has a standard deviation of less than 160. The
        // tolerance of 800 is more than five standard deviations.
        let [stress, not_found, none] = count_faults(new_generator(&[]), 100_000);
        assert!(stress.abs_diff(64_000) < 800, "{stress}");
        assert!(not_found.abs_diff(25_000) < 800, "{not_found}");
        assert!(none.abs_diff(11_000) < 800, "{none}");
    }

    #[test]
    fn two_generators_without_a_seed_give_different_sequences() {
        let (mut first, mut second) = (new_generator(&[]), new_generator(&[]));
        assert!((0..1000).any(|_| first.draw() != second.draw()));
    }

    #[test]
    fn shares_of_0_and_100_percent_are_exact() {
        let count_with_shares = |stress, not_found| {
            let variables = [
                ("CHAOS_STRESS_PERCENT", stress),
                ("CHAOS_NOT_FOUND_PERCENT", not_found),
            ];
            count_faults(new_generator(&variables), 1000)
        };
        assert_eq!(count_with_shares("100", "0"), [1000, 0, 0]);
        assert_eq!(count_with_shares("0", "100"), [0, 1000, 0]);
        assert_eq!(count_with_shares("0", "0"), [0, 0, 1000]);
    }

    #[test]
    fn cpu_times_are_spread_over_their_whole_range() {
        let mut generator = new_generator(&[
            ("CHAOS_STRESS_PERCENT", "100"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ]);
        let cpu_times: Vec<u64> = (0..10_000)
            .map(|_| match generator.draw() {
                Fault::Stress { cpu_ms } => cpu_ms,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(cpu_times.iter().all(|cpu_ms| (350..=1070).contains(cpu_ms)));
        assert!(cpu_times.iter().any(|cpu_ms| *cpu_ms < 360));
        assert!(cpu_times.iter().any(|cpu_ms| *cpu_ms > 1060));
    }
}
