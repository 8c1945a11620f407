//! Accepts connections. Errors of the listener are retried with exponential back-off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// Pause after the first error of the listener. Each consecutive error doubles the pause.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Maximum pause after an error of the listener.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// An error of the listener is reported only if the previous error is older than this duration.
const QUIET_PERIOD: Duration = Duration::from_secs(60);

/// Prints a warning for the person who runs the program.
pub type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// A listener that continues to accept connections after errors.
pub struct Acceptor {
    listener: TcpListener,
    backoff: Backoff,
    warn: Warn,
}

impl Acceptor {
    pub fn new(listener: TcpListener, warn: Warn) -> Self {
        Self {
            listener,
            backoff: Backoff::default(),
            warn,
        }
    }

    /// Accepts the next connection. After an error of the listener, for instance because too many files are open, this
    /// function warns once, waits, and accepts again.
    pub async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => {
                    self.backoff.reset();
                    return accepted;
                }
                Err(error) if concerns_one_connection(error.kind()) => {}
                Err(error) => {
                    let (pause, must_warn) = self.backoff.next_pause(Instant::now());
                    if must_warn {
                        (self.warn)(&self.warning(&error));
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    fn warning(&self, error: &io::Error) -> String {
        let address = self.listener.local_addr().ok();
        let to = address.map(|address| format!(" to {address}"));
        format!(
            "Connections{} cannot be accepted: {error}. The server tries again. If too many files are open, raise \
             the limit of open files (`ulimit -n`).",
            to.unwrap_or_default()
        )
    }
}

/// Whether an error of this kind concerns one connection and not the listener. The next connection is then accepted
/// without a pause.
fn concerns_one_connection(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(kind, ConnectionAborted | ConnectionReset | Interrupted)
}

/// Exponential back-off after errors of the listener.
#[derive(Default)]
struct Backoff {
    /// Number of listener errors since the last accepted connection.
    consecutive_errors: u32,
    last_error: Option<Instant>,
}

impl Backoff {
    /// Returns the pause after an error at `now`, and whether the error must be reported.
    fn next_pause(&mut self, now: Instant) -> (Duration, bool) {
        let previous = self.last_error.replace(now);
        let must_warn = previous.is_none_or(|previous| now.duration_since(previous) > QUIET_PERIOD);
        let pause = FIRST_PAUSE.saturating_mul(1 << self.consecutive_errors.min(16));
        self.consecutive_errors = self.consecutive_errors.saturating_add(1);
        (pause.min(MAX_PAUSE), must_warn)
    }

    /// Resets the next pause to [`FIRST_PAUSE`].
    fn reset(&mut self) {
        self.consecutive_errors = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_one_second_and_restart_at_5_ms_after_a_connection() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let pauses: Vec<_> = (0..10)
            .map(|_| backoff.next_pause(now).0.as_millis())
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.next_pause(now).0.as_millis(), 5);
        backoff.consecutive_errors = u32::MAX;
        assert_eq!(backoff.next_pause(now).0, MAX_PAUSE);
    }

    #[test]
    fn an_error_is_reported_again_only_after_a_minute_without_errors() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        let mut must_warn_at = |seconds| {
            let must_warn = backoff.next_pause(start + Duration::from_secs(seconds)).1;
            backoff.reset();
            must_warn
        };
        assert!(must_warn_at(0));
        assert!(!must_warn_at(1));
        assert!(!must_warn_at(60));
        assert!(!must_warn_at(120));
        assert!(must_warn_at(181));
        assert!(!must_warn_at(182));
    }

    #[tokio::test]
    async fn the_warning_names_the_listener_and_the_limit_of_open_files() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = Acceptor::new(listener, Arc::new(|_| {}));
        // EMFILE
        let warning = acceptor.warning(&io::Error::from_raw_os_error(24));
        assert!(
            warning.contains(&format!("Connections to {address}")),
            "{warning}"
        );
        assert!(warning.contains("ulimit -n"), "{warning}");
    }

    #[test]
    fn too_many_open_files_is_no_error_of_one_connection() {
        assert!(concerns_one_connection(io::ErrorKind::ConnectionAborted));
        let too_many_open_files = io::Error::from_raw_os_error(24);
        assert!(!concerns_one_connection(too_many_open_files.kind()));
    }
}
