//! The outputs of a process: its log lines, the line with its address, and its first lines of standard error.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::logs::{LogStream, Logs};
use crate::task::LISTENING;

/// How long the outputs of an ended process may stay open.
const LAST_LINES_TIME: Duration = Duration::from_secs(1);

/// Maximum size of the kept lines of standard error in bytes.
const MAX_STDERR: usize = 8 * 1024;

/// Collects the outputs until they are closed, or until this is dropped.
pub struct Outputs {
    stderr: Arc<Mutex<String>>,
    collecting: JoinSet<()>,
}

impl Outputs {
    /// Collects both outputs of `child`. `listening` gets the address at which the process says that it listens.
    pub fn collect(
        logs: &Logs,
        stream: Option<Arc<LogStream>>,
        task: &str,
        child: &mut Child,
        listening: oneshot::Sender<SocketAddr>,
    ) -> Self {
        let mut collecting = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            let mut listening = Some(listening);
            let take = move |line: &str| {
                let address = line.strip_prefix(LISTENING);
                let address = address.and_then(|address| address.parse().ok());
                let found = address.and_then(|address| Some((listening.take()?, address)));
                found.is_some_and(|(listening, address)| listening.send(address).is_ok())
            };
            collecting.spawn(
                logs.clone()
                    .collect(stream.clone(), task.to_owned(), stdout, take),
            );
        }
        let kept = Arc::<Mutex<String>>::default();
        if let Some(stderr) = child.stderr.take() {
            let kept = Arc::clone(&kept);
            let note = move |line: &str| {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() < MAX_STDERR {
                    *kept += line;
                    kept.push('\n');
                }
                false
            };
            collecting.spawn(logs.clone().collect(stream, task.to_owned(), stderr, note));
        }
        Self {
            stderr: kept,
            collecting,
        }
    }

    /// Waits for the last lines of an ended process. Returns the first lines of standard error.
    pub async fn finish(mut self) -> String {
        // A child of the process can hold the outputs open.
        let all = async { while self.collecting.join_next().await.is_some() {} };
        let _ = timeout(LAST_LINES_TIME, all).await;
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        stderr.trim().to_owned()
    }
}
