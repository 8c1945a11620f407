//! The log lines of all tasks and of the load balancer: the last ones are kept and shown on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::console::Console;

mod lines;

use lines::{Lines, MAX_LINE};

/// Lines that are kept of each log.
const KEPT: usize = 10_000;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// The kept lines. Clones share them.
#[derive(Clone)]
pub struct Logs {
    kept: Arc<BTreeMap<&'static str, Kept>>,
    live: Option<Console>,
}

type Kept = Mutex<VecDeque<Arc<str>>>;

impl Logs {
    /// No lines yet in the logs of these names; those that come are printed on `live` too.
    pub fn new(names: impl IntoIterator<Item = &'static str>, live: Option<Console>) -> Self {
        let names = names.into_iter();
        Self {
            kept: Arc::new(names.map(|it| (it, Kept::default())).collect()),
            live,
        }
    }

    /// The names of all logs.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.kept.keys().copied()
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
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = kept.len().saturating_sub(count);
        kept.range(skipped..).cloned().collect()
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

    /// Keeps the first [`MAX_LINE`] bytes of a line that `name` wrote.
    pub fn keep(&self, log: &str, name: &str, line: &str) {
        let line = &line[..line.floor_char_boundary(MAX_LINE)];
        if let Some(console) = &self.live {
            console.say(format_args!("{name} | {line}"));
        }
        let Some(kept) = self.kept.get(log) else {
            return;
        };
        let line = Arc::from(line);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
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
        for number in 0..KEPT + 5 {
            logs.keep(MONOLITH, "monolith-0", &format!("line {number}"));
        }
        let last = KEPT + 4;
        assert_eq!(
            logs.tail(MONOLITH, 2),
            format!("line {}\nline {last}\n", last - 1)
        );
        let all = logs.tail(MONOLITH, usize::MAX);
        assert_eq!(all.lines().count(), KEPT);
        assert!(all.starts_with("line 5\n"));
        assert_eq!(logs.tail(LIKES, usize::MAX), "");
    }

    #[test]
    fn a_long_line_is_cut_between_two_characters() {
        let logs = Logs::new([MONOLITH], None);
        let cut = "x".repeat(MAX_LINE - 1);
        logs.keep(MONOLITH, "monolith-0", &format!("{cut}\u{e9}\u{e9}"));
        assert_eq!(logs.tail(MONOLITH, 1), format!("{cut}\n"));
    }

    #[test]
    fn under_the_lock_lines_are_counted_and_not_copied() {
        let logs = Logs::new([MONOLITH], None);
        logs.keep(MONOLITH, "monolith-0", "line");
        let (one, two) = (logs.last(MONOLITH, 1), logs.last(MONOLITH, 1));
        assert!(Arc::ptr_eq(&one[0], &two[0]));
    }
}
