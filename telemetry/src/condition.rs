//! A condition that is logged once when it starts and once when it ends.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a condition, such as the outage of a backend, is active.
///
/// Every failed export reports the same outage again. The caller logs only the changes, so that an
/// outage adds two lines to the log.
#[derive(Debug, Default)]
pub(crate) struct LoggedCondition {
    is_active: AtomicBool,
}

impl LoggedCondition {
    /// Marks the condition as active. Returns whether it was inactive before.
    pub fn mark_active(&self) -> bool {
        !self.is_active.swap(true, Ordering::Relaxed)
    }

    /// Marks the condition as inactive. Returns whether it was active before.
    pub fn mark_inactive(&self) -> bool {
        self.is_active.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marking_a_condition_twice_reports_only_one_change() {
        let condition = LoggedCondition::default();
        assert!(!condition.mark_inactive());
        for _ in 0..2 {
            assert!(condition.mark_active());
            assert!(!condition.mark_active());
            assert!(condition.mark_inactive());
            assert!(!condition.mark_inactive());
        }
    }
}
