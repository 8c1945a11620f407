//! The rules, one at a time.

mod circuit_breaker;
mod deployments;
mod limits;
mod replacement;
mod reset;
mod source;
mod stops;
mod target_groups;

use std::time::Duration;

use super::Simulation;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Simulation {
    /// Number of messages with this text.
    fn count(&self, text: &str) -> usize {
        let messages = self.messages.iter();
        messages.filter(|message| message.contains(text)).count()
    }

    fn ordinals(&self) -> Vec<u32> {
        self.kept().iter().map(|task| task.ordinal).collect()
    }

    fn revisions(&self) -> Vec<u32> {
        let kept = self.kept();
        kept.iter().map(|task| task.definition.revision).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.kept().iter().map(|task| task.id.clone()).collect()
    }
}
