//! Points in time and durations.
//!
//! X-Ray documents state a time as a floating-point number of seconds. [`Time`] stores whole microseconds, so
//! that the differences between times are exact. The X-Ray developer guide recommends the resolution of a
//! microsecond.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The end of the year 9999, in seconds since 1970. Larger numbers are refused, because a larger number is
/// probably a time in milliseconds.
const MAX_SECONDS: f64 = 253_402_300_800.0;

/// A point in time as microseconds since 1970, or a duration in microseconds. The JSON form of a `Time` is a number of
/// seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as i64 * MICROS_PER_SECOND)
    }

    /// Converts a number of seconds since 1970, the time format of documents. Returns `None` for a time
    /// before 1970 or after 9999.
    pub fn parse_seconds(seconds: f64) -> Option<Self> {
        let is_time = (0.0..MAX_SECONDS).contains(&seconds);
        is_time.then(|| Self((seconds * MICROS_PER_SECOND as f64).round() as i64))
    }

    pub fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since_epoch.map_or(0, |duration| duration.as_micros() as i64))
    }

    pub fn seconds(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }

    pub fn micros(self) -> i64 {
        self.0
    }

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the duration from `earlier` to `self`. Returns zero if `earlier` is after `self`. A negative
    /// duration is possible, because the clocks of two machines differ.
    pub fn saturating_duration_since(self, earlier: Self) -> Self {
        Self((self.0 - earlier.0).max(0))
    }

    /// Returns the start of the period that contains `self`. Time is divided into periods of
    /// `period_seconds`. The first period starts with the year 1970.
    pub fn period_start(self, period_seconds: i64) -> Self {
        let period_micros = period_seconds * MICROS_PER_SECOND;
        Self(self.0.div_euclid(period_micros) * period_micros)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.seconds())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Self::parse_seconds(seconds)
            .ok_or_else(|| de::Error::custom("a time is a number of seconds since 1970"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_to_the_microsecond() {
        let time = Time::parse_seconds(1.478_293_361_271E9).unwrap();
        assert_eq!(time.micros(), 1_478_293_361_271_000);
        assert_eq!(time.seconds(), 1_478_293_361.271);
    }

    #[test]
    fn seconds_outside_1970_to_9999_are_refused() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1_478_293_361_271.0] {
            assert_eq!(Time::parse_seconds(seconds), None, "{seconds}");
        }
    }
}
