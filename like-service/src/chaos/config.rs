//! Reads the variables `CHAOSMODE` and `CHAOS_*`.

use std::ops::RangeInclusive;

use http_shell::env::{ConfigError, Environment, Variables};

/// Largest CPU time of a burn, in milliseconds.
pub(super) const MAX_BURN_CPU_MS: u64 = 60_000;

/// Largest value of `CHAOS_MAX_CONCURRENT`.
const MAX_CONCURRENT_BURNS: usize = 256;

/// A share of likes in percent, from 0 to 100.
pub type Percent = u32;

/// The range from which the CPU time of a burn is drawn, in milliseconds.
pub type CpuTimeRange = RangeInclusive<u64>;

/// The configuration of the injected faults.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CHAOSMODE`: the value `on` enables faults; any other value disables faults.
    pub is_on: bool,
    /// `CHAOS_SEED`: the seed of the sequence of faults. Without a seed, the sequence of faults is random.
    pub seed: Option<u64>,
    /// `CHAOS_STRESS_PERCENT`: share of likes that burn CPU time.
    pub stress_percent: Percent,
    /// `CHAOS_NOT_FOUND_PERCENT`: share of likes that the service answers with a simulated 404.
    pub not_found_percent: Percent,
    /// `CHAOS_STRESS_CPU_MS`: range of the CPU time of a burn, in milliseconds. The default range was
    /// measured with the first implementation, which was written in Python.
    pub burn_cpu_ms: CpuTimeRange,
    /// `CHAOS_MAX_CONCURRENT`: the maximum number of burns of CPU time that run at the same time.
    pub max_concurrent_burns: usize,
    /// `CHAOS_REVEAL`: whether logs, spans and metrics show the faults. The value `off` hides the
    /// faults.
    pub reveals_faults: bool,
}

impl Config {
    /// Reads the variables `CHAOSMODE` and `CHAOS_*` from the environment.
    ///
    /// # Errors
    ///
    /// Returns an error when a value is invalid, or the two shares add up to more than 100 %.
    pub fn read(env: &Environment) -> Result<Self, ConfigError> {
        let variables: Variables = env.read()?;
        let cpu_range =
            format_args!("milliseconds as FROM-TO, like 350-1070, at most {MAX_BURN_CPU_MS}");
        let seed_range = format_args!("a whole number from 0 to {}", u64::MAX);
        let config = Self {
            is_on: variables.text("CHAOSMODE") == Some("on"),
            seed: variables.parse_optional("CHAOS_SEED", seed_range, |value| value.parse().ok())?,
            stress_percent: variables.parse_number("CHAOS_STRESS_PERCENT", 64, 0..=100)?,
            not_found_percent: variables.parse_number("CHAOS_NOT_FOUND_PERCENT", 25, 0..=100)?,
            burn_cpu_ms: variables
                .parse_optional("CHAOS_STRESS_CPU_MS", cpu_range, parse_cpu_time_range)?
                .unwrap_or(350..=1070),
            max_concurrent_burns: variables.parse_number(
                "CHAOS_MAX_CONCURRENT",
                8,
                1..=MAX_CONCURRENT_BURNS,
            )?,
            reveals_faults: variables.parse_switch("CHAOS_REVEAL", true)?,
        };
        let (stress, not_found) = (config.stress_percent, config.not_found_percent);
        if stress + not_found > 100 {
            return Err(ConfigError::Invalid(format!(
                "CHAOS_STRESS_PERCENT is {stress} and CHAOS_NOT_FOUND_PERCENT is {not_found}: \
                 expected a sum of at most 100"
            )));
        }
        Ok(config)
    }
}

fn parse_cpu_time_range(value: &str) -> Option<CpuTimeRange> {
    let (from, to) = value.split_once('-')?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to && to <= MAX_BURN_CPU_MS).then_some(from..=to)
}
