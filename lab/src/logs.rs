//! The log lines of all tasks: the last ones are kept, by service, and shown on demand.

use std::collections::VecDeque;
use std::fmt::Write;
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
    like_service: Kept,
    monolith: Kept,
    live: Option<Console>,
}

type Kept = Arc<Mutex<VecDeque<String>>>;

impl Logs {
    /// No lines yet; those that come are printed on `live` too.
    pub fn new(live: Option<Console>) -> Self {
        Self {
            like_service: Kept::default(),
            monolith: Kept::default(),
            live,
        }
    }

    /// The last `count` lines of `service`, oldest first.
    pub fn tail(&self, service: Service, count: usize) -> String {
        let kept = self.kept(service);
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = kept.len().saturating_sub(count);
        kept.iter()
            .skip(skipped)
            .fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "{line}");
                text
            })
    }

    /// Reads a task's output to its end. `name` is what people know the task by.
    pub async fn collect(self, service: Service, name: String, mut output: impl AsyncRead + Unpin) {
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        while let Ok(bytes @ 1..) = output.read(&mut chunk).await {
            lines.push(&chunk[..bytes], |line| self.keep(service, &name, line));
        }
        lines.finish(|line| self.keep(service, &name, line));
    }

    fn keep(&self, service: Service, name: &str, line: &str) {
        if let Some(console) = &self.live {
            console.say(format_args!("{name} | {line}"));
        }
        let kept = self.kept(service);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(line.to_owned());
    }

    fn kept(&self, service: Service) -> &Kept {
        match service {
            Service::LikeService => &self.like_service,
            Service::Monolith => &self.monolith,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_oldest_first() {
        let logs = Logs::new(None);
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
}
