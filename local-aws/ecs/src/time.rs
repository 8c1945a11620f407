//! Points in time. Every decision gets the time as a parameter.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time: the time since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub Duration);

impl Timestamp {
    /// The time in seconds, as the API shows it.
    pub fn as_secs_f64(self) -> f64 {
        // The API shows milliseconds.
        self.0.as_millis() as f64 / 1000.0
    }

    /// The time from `earlier` to this time; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// A clock. It never goes backwards.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The clock of this machine. Changes of the machine's clock after the start do not change it, so that they neither delay
/// nor hasten what is planned.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
    started_at: Duration,
}

impl SystemClock {
    /// A clock that begins with the machine's present time.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            start: Instant::now(),
            started_at: since_epoch.unwrap_or_default(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.started_at + self.start.elapsed())
    }
}
