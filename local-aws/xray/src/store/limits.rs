//! Limits of the store.

use std::time::Duration;

/// Limits of the store. When a limit is exceeded, the store evicts traces. Traces are evicted in the order in
/// which their first documents arrived.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum number of traces.
    pub traces: usize,
    /// Memory limit in bytes. Traces may use half of the memory limit; requests may use the other half of the
    /// memory limit.
    pub bytes: usize,
    /// Maximum age of a trace. The age of a trace is the time since the arrival of its first document.
    pub age: Duration,
}

impl Limits {
    /// The default limits: at most 100,000 traces, 512 MiB of memory and a trace age of 6 hours.
    pub const DEFAULT: Self = Self {
        traces: 100_000,
        bytes: 512 * 1024 * 1024,
        age: Duration::from_secs(6 * 3600),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
