//! The log lines of all tasks: the last ones are kept, by service, and shown on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::console::Console;
use crate::service::Service;

mod lines;

use lines::Lines;

/// Lines that are kept of each service.
const KEPT: usize = 10_000;

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// The kept lines. Clones share them.
#[derive(Clone)]
pub struct Logs {
    kept: Arc<BTreeMap<Service, Kept>>,
    live: Option<Console>,
}

type Kept = Mutex<VecDeque<Arc<str>>>;

impl Logs {
    /// No lines yet of `services`; those that come are printed on `live` too.
    pub fn new(services: impl IntoIterator<Item = Service>, live: Option<Console>) -> Self {
        let services = services.into_iter();
        Self {
            kept: Arc::new(services.map(|it| (it, Kept::default())).collect()),
            live,
        }
    }

    /// The services whose lines are kept.
    pub fn services(&self) -> impl Iterator<Item = Service> {
        self.kept.keys().copied()
    }

    /// The last `count` lines of `service`, oldest first.
    pub fn tail(&self, service: Service, count: usize) -> String {
        let mut text = String::new();
        for line in self.last(service, count) {
            text += &line;
            text.push('\n');
        }
        text
    }

    /// The same as references, so that collectors wait for this only as long as counting takes.
    fn last(&self, service: Service, count: usize) -> Vec<Arc<str>> {
        let Some(kept) = self.kept.get(&service) else {
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
        service: Service,
        name: String,
        mut output: impl AsyncRead + Unpin,
        mut take: impl FnMut(&str) -> bool,
    ) {
        let mut keep = |line: &str| {
            if !take(line) {
                self.keep(service, &name, line);
            }
        };
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        while let Ok(bytes @ 1..) = output.read(&mut chunk).await {
            lines.push(&chunk[..bytes], &mut keep);
        }
        lines.finish(keep);
    }

    fn keep(&self, service: Service, name: &str, line: &str) {
        if let Some(console) = &self.live {
            console.say(format_args!("{name} | {line}"));
        }
        let Some(kept) = self.kept.get(&service) else {
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

    #[test]
    fn the_last_lines_are_kept_oldest_first() {
        let logs = Logs::new([Service::Monolith, Service::LikeService], None);
        for number in 0..KEPT + 5 {
            logs.keep(Service::Monolith, "monolith-0", &format!("line {number}"));
        }
        let last = KEPT + 4;
        assert_eq!(
            logs.tail(Service::Monolith, 2),
            format!("line {}\nline {last}\n", last - 1)
        );
        let all = logs.tail(Service::Monolith, usize::MAX);
        assert_eq!(all.lines().count(), KEPT);
        assert!(all.starts_with("line 5\n"));
        assert_eq!(logs.tail(Service::LikeService, usize::MAX), "");
    }

    #[test]
    fn under_the_lock_lines_are_counted_and_not_copied() {
        let logs = Logs::new([Service::Monolith], None);
        logs.keep(Service::Monolith, "monolith-0", "line");
        let (one, two) = (
            logs.last(Service::Monolith, 1),
            logs.last(Service::Monolith, 1),
        );
        assert!(Arc::ptr_eq(&one[0], &two[0]));
    }
}
