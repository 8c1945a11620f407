//! Points in time and lengths of it.
//!
//! Documents tell seconds as floating point numbers. They are kept in whole microseconds, the resolution
//! that the guide recommends, so that differences are exact.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const MICROS: i64 = 1_000_000;

/// The end of the year 9999: what is later is no time, but a mistake such as milliseconds.
const LATEST: f64 = 253_402_300_800.0;

/// Microseconds since 1970, or between two times. In JSON, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// Whole seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds as i64 * MICROS)
    }

    /// Seconds as a document tells them; none where that is no time between 1970 and 9999.
    pub fn parse(seconds: f64) -> Option<Self> {
        let is_time = (0.0..LATEST).contains(&seconds);
        is_time.then(|| Self((seconds * MICROS as f64).round() as i64))
    }

    /// The time of this machine's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_micros() as i64))
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / MICROS as f64
    }

    /// In microseconds.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Of microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// How long after `earlier` this is; nothing where it is not, as clocks of two machines may have it.
    pub fn since(self, earlier: Self) -> Self {
        Self((self.0 - earlier.0).max(0))
    }

    /// The start of the period of `seconds` that it lies in, counted from 1970.
    pub fn window(self, seconds: i64) -> Self {
        let period = seconds * MICROS;
        Self(self.0.div_euclid(period) * period)
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
        Self::parse(seconds)
            .ok_or_else(|| de::Error::custom("a time is a number of seconds since 1970"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_to_the_microsecond() {
        let time = Time::parse(1.478_293_361_271E9).unwrap();
        assert_eq!(time.micros(), 1_478_293_361_271_000);
        assert_eq!(time.seconds(), 1_478_293_361.271);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1_478_293_361_271.0] {
            assert_eq!(Time::parse(seconds), None, "{seconds}");
        }
    }
}
