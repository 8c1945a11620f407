//! Points in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: the number of milliseconds since the Unix epoch. In requests and responses, a time is a number of
/// seconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(from = "f64", into = "f64")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time with a number of whole seconds since the Unix epoch.
    pub fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The number of whole seconds since the Unix epoch.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl From<f64> for Timestamp {
    fn from(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }
}

impl From<Timestamp> for f64 {
    fn from(time: Timestamp) -> Self {
        time.0 as Self / 1000.0
    }
}

impl From<Duration> for Timestamp {
    fn from(since_epoch: Duration) -> Self {
        Self(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
