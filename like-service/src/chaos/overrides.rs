//! Faults that replace those of the environment while the service runs. They are never revealed.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::config::{MAX_BURN_CPU_MS, Percent};

/// Largest number of workers.
const MAX_WORKERS: usize = 64;

/// Longest time in milliseconds for which a like occupies a worker.
const MAX_WORKER_MS: u64 = 10_000;

/// The settings of [`Overrides`], before they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideSettings {
    /// The seed of the sequence of faults, which begins when the overrides are set.
    pub seed: u64,
    /// The share of likes that burn CPU time.
    pub stress_percent: Percent,
    /// The share of likes that the service answers with a simulated 404.
    pub not_found_percent: Percent,
    /// The smallest and the largest CPU time of a burn, in milliseconds, at most 60,000.
    pub cpu_ms: [u64; 2],
    /// The workers of the process; `None`: likes do not wait for a worker.
    pub workers: Option<WorkerSettings>,
}

/// The workers of a process. Each like first occupies one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// The number of workers, from 1 to 64.
    pub count: usize,
    /// The time for which a like occupies a worker, in milliseconds, from 1 to 10,000.
    pub ms: u64,
}

/// Faults that replace those of the environment. All values are within their limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OverrideSettings", into = "OverrideSettings")]
pub struct Overrides(OverrideSettings);

/// Settings that are not within their limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidOverrides {
    /// The two shares add up to more than 100 %.
    #[error("stress_percent and not_found_percent: expected a sum of at most 100")]
    Shares,
    /// The range of CPU times is empty or too large.
    #[error("cpu_ms: expected [FROM, TO] in milliseconds, at most {MAX_BURN_CPU_MS}")]
    CpuTimeRange,
    /// The number of workers or their time is out of range.
    #[error("workers: expected a count from 1 to {MAX_WORKERS} and from 1 to {MAX_WORKER_MS} ms")]
    Workers,
}

impl Overrides {
    /// The settings.
    pub fn settings(&self) -> &OverrideSettings {
        &self.0
    }
}

impl TryFrom<OverrideSettings> for Overrides {
    type Error = InvalidOverrides;

    fn try_from(settings: OverrideSettings) -> Result<Self, InvalidOverrides> {
        let (stress, not_found) = (settings.stress_percent, settings.not_found_percent);
        if stress.saturating_add(not_found) > 100 {
            return Err(InvalidOverrides::Shares);
        }
        let [from, to] = settings.cpu_ms;
        if from > to || to > MAX_BURN_CPU_MS {
            return Err(InvalidOverrides::CpuTimeRange);
        }
        let is_in_range = |workers: WorkerSettings| {
            (1..=MAX_WORKERS).contains(&workers.count) && (1..=MAX_WORKER_MS).contains(&workers.ms)
        };
        if !settings.workers.is_none_or(is_in_range) {
            return Err(InvalidOverrides::Workers);
        }
        Ok(Self(settings))
    }
}

impl From<Overrides> for OverrideSettings {
    fn from(overrides: Overrides) -> Self {
        overrides.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn parse(name: &str, value: Value) -> Result<Overrides, String> {
        let mut overrides = json!({
            "seed": u64::MAX, "stress_percent": 60, "not_found_percent": 40, "cpu_ms": [0, 60_000],
            "workers": {"count": 64, "ms": 10_000},
        });
        overrides[name] = value;
        from_value(overrides).map_err(|error| error.to_string())
    }

    #[test]
    fn overrides_at_their_limits_are_parsed_and_written_as_they_were() {
        for workers in [Value::Null, json!({"count": 1, "ms": 1})] {
            let overrides = parse("workers", workers.clone()).unwrap();
            let written = serde_json::to_value(overrides).unwrap();
            assert_eq!(written["workers"], workers);
            assert_eq!(from_value::<Overrides>(written).unwrap(), overrides);
        }
    }

    #[test]
    fn a_value_out_of_range_is_refused_and_the_error_names_it() {
        for (name, value, named) in [
            ("seed", json!(-1), "-1"),
            ("stress_percent", json!(61), "stress_percent"),
            ("stress_percent", json!(u32::MAX), "stress_percent"),
            ("cpu_ms", json!([2, 1]), "cpu_ms"),
            ("cpu_ms", json!([0, 60_001]), "cpu_ms"),
            ("workers", json!({"count": 0, "ms": 1}), "workers"),
            ("workers", json!({"count": 65, "ms": 1}), "workers"),
            ("workers", json!({"count": 1, "ms": 0}), "workers"),
            ("workers", json!({"count": 1, "ms": 10_001}), "workers"),
            ("workers", json!({"count": 1, "ms": 1, "more": 1}), "more"),
            ("other", json!(1), "other"),
        ] {
            let error = parse(name, value).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
