//! A point in time on the monotonic clock and on the system clock.

use std::time::{Duration, Instant, SystemTime};

/// A point in time. Durations are computed from the monotonic time. Spans contain the system time.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    monotonic: Instant,
    system: SystemTime,
}

impl Moment {
    pub fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            system: SystemTime::now(),
        }
    }

    /// The duration from `earlier` to this moment.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.monotonic.duration_since(earlier)
    }

    pub fn system_time(&self) -> SystemTime {
        self.system
    }
}
