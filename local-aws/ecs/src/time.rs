//! Points in time. Every decision gets the time as a parameter.

use std::sync::{Arc, Mutex, PoisonError};
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

/// The clock of this machine, without its steps backwards.
///
/// - After the machine was asleep, and after its clock was set forward, it shows the machine's time. Waits may end early by this
///   difference.
/// - After the machine's clock was set back, it goes on at its rate, so that no wait takes longer. It shows later times than
///   the machine's clock until that has caught up, or the program is started again.
///
/// Clones are the same clock.
#[derive(Clone, Debug)]
pub struct SystemClock {
    last: Arc<Mutex<Reading>>,
}

/// Both clocks of the machine at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// Never goes backwards, and may stand still while the machine is asleep.
    monotonic: Instant,
    /// The time since the Unix epoch.
    time: Duration,
}

impl Reading {
    fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            monotonic: Instant::now(),
            time: since_epoch.unwrap_or_default(),
        }
    }

    /// What the clock shows at the moment of `next` if it shows this time now.
    fn advance(self, next: Self) -> Self {
        let elapsed = next.monotonic.saturating_duration_since(self.monotonic);
        let time = next.time.max(self.time + elapsed);
        Self { time, ..next }
    }
}

impl SystemClock {
    /// A clock that begins with the machine's present time.
    pub fn start() -> Self {
        let last = Arc::new(Mutex::new(Reading::now()));
        Self { last }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Read while locked: a later call does not return an earlier time.
        *last = last.advance(Reading::now());
        Timestamp(last.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The time that the clock shows, if it showed 1,000,000 s, 10 s before `time` on the monotonic clock.
    fn shows(time: u64) -> Duration {
        let monotonic = Instant::now();
        let last = Reading {
            monotonic,
            time: seconds(1_000_000),
        };
        let next = Reading {
            monotonic: monotonic + seconds(10),
            time: seconds(time),
        };
        last.advance(next).time
    }

    #[test]
    fn the_clock_shows_the_time_of_the_machine() {
        assert_eq!(shows(1_000_010), seconds(1_000_010));
    }

    #[test]
    fn after_a_sleep_of_the_machine_or_a_step_forward_the_clock_shows_the_machines_time() {
        assert_eq!(shows(1_003_610), seconds(1_003_610));
    }

    #[test]
    fn after_a_step_backward_the_clock_goes_on_at_its_rate() {
        assert_eq!(shows(900_010), seconds(1_000_010));
    }

    #[test]
    fn the_clock_of_this_machine_does_not_go_backwards() {
        let clock = SystemClock::start();
        let times: Vec<_> = (0..1_000).map(|_| clock.now()).collect();
        assert!(times.is_sorted());
    }
}
