//! Conditions that are logged once at their start and once at their end.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a condition, such as the outage of a backend, is active.
///
/// The caller logs a line when the condition becomes active and a line when the condition becomes inactive.
/// Without this type, the log would contain a line for every failed export of an outage.
#[derive(Debug, Default)]
pub(crate) struct LoggedCondition {
    is_active: AtomicBool,
}

impl LoggedCondition {
    /// Marks the condition as active. Returns true if the condition was inactive before the call.
    pub fn mark_active(&self) -> bool {
        !self.is_active.swap(true, Ordering::Relaxed)
    }

    /// Marks the condition as inactive. Returns true if the condition was active before the call.
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
