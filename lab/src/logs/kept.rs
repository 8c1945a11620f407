//! The newest lines of a log.

use std::collections::VecDeque;
use std::sync::Arc;

/// Maximum number of kept lines.
const MAX_KEPT_LINES: usize = 10_000;

/// Maximum number of bytes in the kept lines.
const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// The kept lines.
#[derive(Debug, Default)]
pub struct Kept {
    lines: VecDeque<Arc<str>>,
    /// Number of bytes in the lines.
    bytes: usize,
}

impl Kept {
    /// Adds a line, and drops the oldest lines beyond the limits.
    pub fn push(&mut self, line: &str) {
        self.bytes += line.len();
        self.lines.push_back(Arc::from(line));
        while self.lines.len() > MAX_KEPT_LINES || self.bytes > MAX_KEPT_BYTES {
            let Some(dropped) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= dropped.len();
        }
    }

    /// The last `count` lines, oldest first, as references: whoever adds a line waits for this only as long as counting takes.
    pub fn last(&self, count: usize) -> Vec<Arc<str>> {
        let skipped = self.lines.len().saturating_sub(count);
        self.lines.range(skipped..).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_oldest_first() {
        let mut kept = Kept::default();
        for number in 0..MAX_KEPT_LINES + 5 {
            kept.push(&format!("line {number}"));
        }
        let last = MAX_KEPT_LINES + 4;
        let lines = [format!("line {}", last - 1), format!("line {last}")];
        assert_eq!(kept.last(2), lines.map(Arc::from));
        let all = kept.last(usize::MAX);
        assert_eq!((all.len(), &*all[0]), (MAX_KEPT_LINES, "line 5"));
    }

    #[test]
    fn the_oldest_lines_are_dropped_when_the_lines_have_too_many_bytes() {
        let mut kept = Kept::default();
        let quarter = "x".repeat(MAX_KEPT_BYTES / 4);
        kept.push("first");
        for _ in 0..4 {
            kept.push(&quarter);
        }
        kept.push("last");
        let lengths: Vec<_> = kept
            .last(usize::MAX)
            .iter()
            .map(|line| line.len())
            .collect();
        assert_eq!(lengths, [quarter.len(), quarter.len(), quarter.len(), 4]);
    }
}
