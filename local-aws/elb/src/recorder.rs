//! Records each request that is over, in the access log and in the counters.

use crate::access_log::{AccessLog, Entry};
use crate::counters::Counters;
use crate::group::TargetGroup;

/// The access log and the counters of a load balancer.
#[derive(Debug)]
pub struct Recorder {
    pub access_log: AccessLog,
    /// The counts of all requests.
    pub counters: Counters,
}

impl Recorder {
    /// Writes the line of a request that is over, and counts the request. `group` is the target group that was selected.
    pub fn record(&self, entry: &Entry, group: Option<&TargetGroup>) {
        self.access_log.write(entry);
        self.counters.count_request(entry);
        if let Some(group) = group {
            group.counters.count_target(entry);
        }
    }
}
