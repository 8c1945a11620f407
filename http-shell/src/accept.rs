//! Accepting connections: which errors are skipped, and how long to wait after the others.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// Pause after the first error in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// Longest pause after an error; each one is twice as long as the one before.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// An error is logged if there was none for this long before it.
const QUIET_PERIOD: Duration = Duration::from_secs(60);

/// Errors of one connection, which leave the listener as it was: those that `accept(2)` asks to treat
/// like `EAGAIN`, and those by which other kernels report a client that has closed the connection.
const ERRORS_OF_ONE_CONNECTION: &[Errno] = &[
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

/// A listener that goes on accepting after errors.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    backoff: Backoff,
}

impl Acceptor {
    /// Accepts what connects to `listener`.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            backoff: Backoff::default(),
        }
    }

    /// The next connection.
    ///
    /// Where a lack of files or memory keeps it from being accepted, this waits and tries again, and
    /// logs the error once.
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
                    let (pause, is_new) = self.backoff.next_pause(Instant::now());
                    if is_new {
                        tracing::error!(
                            %error,
                            "connections cannot be accepted: they wait, and accepting is tried again. \
                             This is logged once. If too many files are open, raise `ulimit -n`"
                        );
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    /// The listener.
    pub fn into_inner(self) -> TcpListener {
        self.listener
    }
}

/// Whether the next connection may be accepted at once.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|error| ERRORS_OF_ONE_CONNECTION.contains(&error))
}

/// Exponential back-off after errors of the listener itself.
#[derive(Debug, Default)]
struct Backoff {
    /// How many errors there were since the last connection.
    errors: u32,
    last_error: Option<Instant>,
}

impl Backoff {
    /// How long to wait after an error at `now`, and whether it is the first one for a while.
    fn next_pause(&mut self, now: Instant) -> (Duration, bool) {
        let last = self.last_error.replace(now);
        let is_new = last.is_none_or(|last| now.duration_since(last) > QUIET_PERIOD);
        let pause = FIRST_PAUSE.saturating_mul(1 << self.errors.min(16));
        self.errors = self.errors.saturating_add(1);
        (pause.min(MAX_PAUSE), is_new)
    }

    /// Begins with the shortest pause again.
    fn reset(&mut self) {
        self.errors = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_connection_are_skipped_and_those_of_the_listener_are_not() {
        let concerns_one = |error: Errno| concerns_one_connection(&error.into());
        for error in ERRORS_OF_ONE_CONNECTION {
            assert!(concerns_one(*error), "{error}");
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
            assert!(!concerns_one(error), "{error}");
        }
        assert!(!concerns_one_connection(&io::Error::other(
            "not of the system"
        )));
    }

    #[test]
    fn pauses_double_up_to_a_second_and_begin_anew_after_a_connection() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let mut pause = || backoff.next_pause(now).0.as_millis();
        let pauses: Vec<_> = (0..10).map(|_| pause()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.next_pause(now).0.as_millis(), 5);
        backoff.errors = u32::MAX;
        assert_eq!(backoff.next_pause(now).0, MAX_PAUSE);
    }

    #[test]
    fn an_error_is_new_after_a_minute_without_errors_and_not_after_a_connection() {
        let mut backoff = Backoff::default();
        let start = Instant::now();
        let mut is_new = |seconds| {
            let is_new = backoff.next_pause(start + Duration::from_secs(seconds)).1;
            backoff.reset();
            is_new
        };
        assert!(is_new(0));
        for seconds in 1..100 {
            assert!(!is_new(seconds), "{seconds}");
        }
        assert!(!is_new(159));
        assert!(is_new(220));
        assert!(!is_new(221));
    }
}
