//! A condition that is logged when it begins and when it ends.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a condition holds, such as an outage of a backend.
///
/// The condition is noticed again and again while it lasts. One log line for each time would fill
/// the log, so only its beginning and its end are worth a line.
#[derive(Debug, Default)]
pub(crate) struct Episode(AtomicBool);

impl Episode {
    /// Records that the condition holds. True if it did not hold before.
    pub fn begins(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// Records that the condition does not hold. True if it held before.
    pub fn ends(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_several_equal_observations_is_news() {
        let episode = Episode::default();
        assert!(!episode.ends());
        for _ in 0..2 {
            assert!(episode.begins());
            assert!(!episode.begins());
            assert!(episode.ends());
            assert!(!episode.ends());
        }
    }
}
