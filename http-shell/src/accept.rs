//! Accepts connections. Errors of the listener are retried with exponential back-off.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// Pause after the first error of the listener. Each consecutive error doubles the pause.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Maximum pause after an error. Pauses after consecutive errors double up to this maximum.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The listener logs an error only if the previous error is older than this duration.
const LOG_QUIET_PERIOD: Duration = Duration::from_secs(60);

/// Error codes of `accept` that concern one connection and not the listener.
///
/// The manual page `accept(2)` recommends an immediate retry for most of these codes. The codes that the
/// manual page does not list mean a failed connection or an interrupted system call.
const CONNECTION_ERRORS: &[Errno] = &[
    Errno::CONNABORTED,
    Errno::CONNREFUSED,
    Errno::CONNRESET,
    Errno::HOSTDOWN,
    Errno::HOSTUNREACH,
    Errno::INTR,
    Errno::NETDOWN,
    Errno::NETUNREACH,
    #[cfg(target_os = "linux")]
    Errno::NONET,
    Errno::NOPROTOOPT,
    Errno::OPNOTSUPP,
    Errno::PROTO,
    Errno::TIMEDOUT,
];

/// A listener that continues to accept connections after errors.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    backoff: Backoff,
}

impl Acceptor {
    /// Creates an acceptor for the connections of `listener`.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            backoff: Backoff::default(),
        }
    }

    /// Accepts the next connection.
    ///
    /// After an error of the listener, for instance a lack of file descriptors or memory, this function
    /// logs the error once, waits, and accepts again.
    pub async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => {
                    self.backoff.reset();
                    return accepted;
                }
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!(%error, "a connection failed before it was accepted");
                }
                Err(error) => {
                    let (pause, must_log) = self.backoff.next_pause(Instant::now());
                    if must_log {
                        tracing::error!(
                            %error,
                            "connections cannot be accepted; the server tries again, and logs this error once. \
                             If too many files are open, raise `ulimit -n`"
                        );
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    /// Returns the listener.
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }
}

/// Whether `error` is an error of one connection. After an error of one connection, the listener accepts
/// the next connection without a pause.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|error| CONNECTION_ERRORS.contains(&error))
}

/// Exponential back-off after errors of the listener.
#[derive(Debug, Default)]
struct Backoff {
    /// Number of listener errors since the last accepted connection.
    consecutive_errors: u32,
    last_error: Option<Instant>,
}

impl Backoff {
    /// Returns the pause after an error at `now`, and whether the error must be logged.
    fn next_pause(&mut self, now: Instant) -> (Duration, bool) {
        let previous = self.last_error.replace(now);
        let must_log =
            previous.is_none_or(|previous| now.duration_since(previous) > LOG_QUIET_PERIOD);
        let pause = FIRST_PAUSE.saturating_mul(1 << self.consecutive_errors.min(16));
        self.consecutive_errors = self.consecutive_errors.saturating_add(1);
        (pause.min(MAX_PAUSE), must_log)
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
    fn errors_of_one_connection_are_distinguished_from_errors_of_the_listener() {
        let is_connection_error = |error: Errno| concerns_one_connection(&error.into());
        for error in CONNECTION_ERRORS {
            assert!(is_connection_error(*error), "{error}");
        }
        for error in [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::PERM,
            Errno::BADF,
            Errno::INVAL,
        ] {
            assert!(!is_connection_error(error), "{error}");
        }
        assert!(!concerns_one_connection(&io::Error::other(
            "not from the operating system"
        )));
    }

    #[test]
    fn pauses_double_up_to_one_second_and_restart_at_5_ms_after_a_connection() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let mut pause = || backoff.next_pause(now).0.as_millis();
        let pauses: Vec<_> = (0..10).map(|_| pause()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.next_pause(now).0.as_millis(), 5);
        backoff.consecutive_errors = u32::MAX;
        assert_eq!(backoff.next_pause(now).0, MAX_PAUSE);
    }

    #[test]
    fn an_error_is_logged_again_only_after_a_minute_without_errors() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        let mut must_log_at = |seconds| {
            let must_log = backoff.next_pause(start + Duration::from_secs(seconds)).1;
            backoff.reset();
            must_log
        };
        assert!(must_log_at(0));
        for seconds in 1..100 {
            assert!(!must_log_at(seconds), "{seconds}");
        }
        assert!(!must_log_at(159));
        assert!(must_log_at(220));
        assert!(!must_log_at(221));
    }
}
