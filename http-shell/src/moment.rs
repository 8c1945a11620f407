//! A point in time, measured by two clocks.

use std::time::{Duration, Instant, SystemTime};

/// The monotonic time, for durations, and the system time, for spans.
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

    /// How much later this moment is than `earlier`.
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.monotonic.duration_since(earlier)
    }

    pub fn system_time(&self) -> SystemTime {
        self.system
    }
}
