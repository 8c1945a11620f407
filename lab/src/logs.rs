//! The log lines of all tasks and of the load balancer: the last ones are kept and shown on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::console::Console;

mod lines;

use lines::Lines;

/// Maximum number of kept lines of each log.
const MAX_KEPT_LINES: usize = 10_000;

/// Maximum number of bytes in the kept lines of each log.
const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// The kept lines. Clones share them.
#[derive(Clone)]
pub struct Logs {
    kept: Arc<BTreeMap<&'static str, Mutex<Kept>>>,
    live: Option<Console>,
}

/// The kept lines of a log.
#[derive(Default)]
struct Kept {
    lines: VecDeque<Arc<str>>,
    /// Number of bytes in the lines.
    bytes: usize,
}

impl Kept {
    /// Adds a line, and drops the oldest lines beyond the limits.
    fn push(&mut self, line: &str) {
        self.bytes += line.len();
        self.lines.push_back(Arc::from(line));
        while self.lines.len() > MAX_KEPT_LINES || self.bytes > MAX_KEPT_BYTES {
            let Some(dropped) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= dropped.len();
        }
    }
}

impl Logs {
    /// No lines yet in the logs of these names; those that come are printed on `live` too.
    pub fn new(names: impl IntoIterator<Item = &'static str>, live: Option<Console>) -> Self {
        let names = names.into_iter();
        Self {
            kept: Arc::new(names.map(|it| (it, Mutex::default())).collect()),
            live,
        }
    }

    /// The names of all logs.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.kept.keys().copied()
    }

    /// Drops the kept lines of all logs.
    pub fn clear(&self) {
        for kept in self.kept.values() {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
        }
    }

    /// The last `count` lines of the log, oldest first.
    pub fn tail(&self, log: &str, count: usize) -> String {
        let mut text = String::new();
        for line in self.last(log, count) {
            text += &line;
            text.push('\n');
        }
        text
    }

    /// The same as references, so that collectors wait for this only as long as counting takes.
    fn last(&self, log: &str, count: usize) -> Vec<Arc<str>> {
        let Some(kept) = self.kept.get(log) else {
            return Vec::new();
        };
        let lines = &kept.lock().unwrap_or_else(PoisonError::into_inner).lines;
        let skipped = lines.len().saturating_sub(count);
        lines.range(skipped..).cloned().collect()
    }

    /// Reads a task's output to its end. `name` is what people know the task by. `take` sees each line first; what it
    /// returns true for is not kept.
    pub async fn collect(
        self,
        log: &'static str,
        name: String,
        mut output: impl AsyncRead + Unpin,
        mut take: impl FnMut(&str) -> bool,
    ) {
        let mut keep = |line: &str| {
            if !take(line) {
                self.keep(log, &name, line);
            }
        };
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        while let Ok(bytes @ 1..) = output.read(&mut chunk).await {
            lines.push(&chunk[..bytes], &mut keep);
        }
        lines.finish(keep);
    }

    /// Keeps a line that `name` wrote.
    pub fn keep(&self, log: &str, name: &str, line: &str) {
        if let Some(console) = &self.live {
            console.say(format_args!("{name} | {line}"));
        }
        let Some(kept) = self.kept.get(log) else {
            return;
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONOLITH: &str = "monolith";
    const LIKES: &str = "like-service";

    #[test]
    fn the_last_lines_are_kept_oldest_first() {
        let logs = Logs::new([MONOLITH, LIKES], None);
        for number in 0..MAX_KEPT_LINES + 5 {
            logs.keep(MONOLITH, "monolith-0", &format!("line {number}"));
        }
        let last = MAX_KEPT_LINES + 4;
        assert_eq!(
            logs.tail(MONOLITH, 2),
            format!("line {}\nline {last}\n", last - 1)
        );
        let all = logs.tail(MONOLITH, usize::MAX);
        assert_eq!(all.lines().count(), MAX_KEPT_LINES);
        assert!(all.starts_with("line 5\n"));
        assert_eq!(logs.tail(LIKES, usize::MAX), "");
    }

    #[test]
    fn the_oldest_lines_are_dropped_when_the_lines_have_too_many_bytes() {
        let logs = Logs::new([MONOLITH], None);
        let quarter = "x".repeat(MAX_KEPT_BYTES / 4);
        logs.keep(MONOLITH, "monolith-0", "first");
        for _ in 0..4 {
            logs.keep(MONOLITH, "monolith-0", &quarter);
        }
        logs.keep(MONOLITH, "monolith-0", "last");
        let kept = logs.tail(MONOLITH, usize::MAX);
        let lengths: Vec<_> = kept.lines().map(str::len).collect();
        assert_eq!(lengths, [quarter.len(), quarter.len(), quarter.len(), 4]);
    }

    #[test]
    fn after_a_reset_only_new_lines_are_kept() {
        let logs = Logs::new([MONOLITH], None);
        logs.keep(MONOLITH, "monolith-0", "old");
        logs.clear();
        assert_eq!(logs.tail(MONOLITH, usize::MAX), "");
        logs.keep(MONOLITH, "monolith-0", "new");
        assert_eq!(logs.tail(MONOLITH, usize::MAX), "new\n");
    }

    #[test]
    fn under_the_lock_lines_are_counted_and_not_copied() {
        let logs = Logs::new([MONOLITH], None);
        logs.keep(MONOLITH, "monolith-0", "line");
        let (one, two) = (logs.last(MONOLITH, 1), logs.last(MONOLITH, 1));
        assert!(Arc::ptr_eq(&one[0], &two[0]));
    }
}
