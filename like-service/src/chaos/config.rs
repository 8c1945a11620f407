//! `CHAOSMODE` and `CHAOS_*`.

use std::ops::RangeInclusive;

use http_shell::env::{self, ConfigError};
use serde::{Deserialize, Deserializer};

/// Longest burn that may be asked for, in milliseconds of CPU time: one minute.
const MAX_CPU_MS: u64 = 60_000;

/// Most burns at once that may be asked for.
const MAX_BURNS: usize = 256;

/// A share of likes, 0 to 100.
pub type Percent = u32;

/// The CPU time in milliseconds that a burn spends: uniform in this range.
pub type CpuBudget = RangeInclusive<u64>;

/// Variables of the chaos.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// `CHAOSMODE`: `on` lets likes go wrong; anything else is off.
    #[serde(rename = "chaosmode", default, deserialize_with = "exactly_on")]
    pub on: bool,
    /// `CHAOS_SEED`: makes the sequence of faults the same each time; drawn by chance by default.
    #[serde(rename = "chaos_seed", default, deserialize_with = "seed")]
    pub seed: Option<u64>,
    /// `CHAOS_STRESS_PERCENT`: share of likes that burn CPU, 64 by default.
    #[serde(
        rename = "chaos_stress_percent",
        default = "default_stress",
        deserialize_with = "stress"
    )]
    pub stress: Percent,
    /// `CHAOS_NOT_FOUND_PERCENT`: share of likes that are answered 404, 25 by default.
    #[serde(
        rename = "chaos_not_found_percent",
        default = "default_not_found",
        deserialize_with = "not_found"
    )]
    pub not_found: Percent,
    /// `CHAOS_STRESS_CPU_MS`: thread CPU time of a burn, `350-1070` by default: what the first
    /// implementation's function took on one core with the Python of its day.
    #[serde(
        rename = "chaos_stress_cpu_ms",
        default = "default_cpu_ms",
        deserialize_with = "cpu_ms"
    )]
    pub cpu_ms: CpuBudget,
    /// `CHAOS_MAX_CONCURRENT`: burns at once, 8 by default.
    #[serde(
        rename = "chaos_max_concurrent",
        default = "default_burns",
        deserialize_with = "burns"
    )]
    pub max_burns: usize,
    /// `CHAOS_REVEAL`: whether logs say what chaos did, `on` by default; `off` is for exams.
    #[serde(
        rename = "chaos_reveal",
        default = "default_reveal",
        deserialize_with = "reveal"
    )]
    pub reveal: bool,
}

impl Config {
    /// Checks what no variable can be blamed for alone.
    ///
    /// # Errors
    ///
    /// When the shares add up to more than all likes.
    pub fn check(&self) -> Result<(), ConfigError> {
        let sum = self.stress + self.not_found;
        if sum <= 100 {
            return Ok(());
        }
        Err(ConfigError::Invalid(format!(
            "CHAOS_STRESS_PERCENT is {} and CHAOS_NOT_FOUND_PERCENT is {}: \
             expected at most 100 together, not {sum}",
            self.stress, self.not_found
        )))
    }
}

fn default_stress() -> Percent {
    64
}

fn default_not_found() -> Percent {
    25
}

fn default_cpu_ms() -> CpuBudget {
    350..=1070
}

fn default_burns() -> usize {
    8
}

fn default_reveal() -> bool {
    true
}

fn exactly_on<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == "on")
}

fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let expected = format_args!("a whole number from 0 to {}", u64::MAX);
    env::field(deserializer, "CHAOS_SEED", expected, |value| {
        value.parse().ok().map(Some)
    })
}

fn stress<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
    percent(deserializer, "CHAOS_STRESS_PERCENT")
}

fn not_found<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
    percent(deserializer, "CHAOS_NOT_FOUND_PERCENT")
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D, name: &str) -> Result<Percent, D::Error> {
    env::field(
        deserializer,
        name,
        "a whole number from 0 to 100",
        |value| value.parse().ok().filter(|percent| *percent <= 100),
    )
}

fn cpu_ms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CpuBudget, D::Error> {
    let expected = format_args!("milliseconds as FROM-TO, like 350-1070, at most {MAX_CPU_MS}");
    env::field(deserializer, "CHAOS_STRESS_CPU_MS", expected, |value| {
        let (from, to) = value.split_once('-')?;
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        (from <= to && to <= MAX_CPU_MS).then_some(from..=to)
    })
}

fn burns<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let expected = format_args!("a whole number from 1 to {MAX_BURNS}");
    env::field(deserializer, "CHAOS_MAX_CONCURRENT", expected, |value| {
        let burns = value.parse().ok()?;
        (1..=MAX_BURNS).contains(&burns).then_some(burns)
    })
}

fn reveal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    env::switch(deserializer, "CHAOS_REVEAL")
}
