//! Conditions that are logged once at their start and once at their end.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a condition, such as the outage of a backend, is active.
///
/// During an outage, every export fails. The caller logs only the start and the end of the outage, not
/// each failure.
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
    fn marking_a_condition_as_active_or_inactive_twice_reports_only_one_change() {
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
