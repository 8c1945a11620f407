//! How long to wait before a task that died is started again.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// A task that ran this long was well: what ended it was something new.
const WELL: Duration = Duration::from_secs(30);

/// A pause that doubles with each early death.
#[derive(Debug)]
pub struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    /// The pause after a task that ran for `lifetime`.
    pub fn after(&mut self, lifetime: Duration) -> Duration {
        if lifetime >= WELL {
            self.0 = FIRST;
        }
        let pause = self.0;
        self.0 = (2 * pause).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_few_seconds_and_begins_again_after_a_good_run() {
        let mut pause = Pause::default();
        let soon = Duration::from_secs(1);
        let pauses: Vec<_> = (0..8).map(|_| pause.after(soon).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(pause.after(WELL), FIRST);
        assert_eq!(pause.after(soon), 2 * FIRST);
    }
}
