//! Why a request failed.

use std::error::Error;
use std::fmt;
use std::io;
use std::iter::successors;
use std::time::Duration;

use hyper_util::client::legacy;

/// Maximum time from the start of a request to the end of its response. After the last start, a run therefore ends within this
/// time.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The reason of a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The whole response arrived, with this status from 400.
    Status(u16),
    /// No program listens on the port.
    ConnectionRefused,
    /// No connection could be opened for another reason, for example a name without an address.
    ConnectionFailed,
    /// The connection ended before the head of the response was complete.
    ConnectionClosed,
    /// The response is not HTTP.
    ResponseInvalid,
    /// The connection ended within the body of the response.
    ResponseIncomplete,
    /// The response was not complete in time.
    Timeout,
    /// As many requests as permitted were open at the planned time.
    NotSent,
}

impl Failure {
    /// The failure of a response with this status.
    pub fn of_status(status: u16) -> Option<Self> {
        (status >= 400).then_some(Self::Status(status))
    }

    /// The failure of a request without the head of a response.
    pub fn of_error(error: &legacy::Error) -> Self {
        let causes = || successors(error.source(), |&error| error.source());
        if error.is_connect() {
            let of_system = causes().find_map(|cause| cause.downcast_ref::<io::Error>());
            return match of_system.map(io::Error::kind) {
                Some(io::ErrorKind::ConnectionRefused) => Self::ConnectionRefused,
                _ => Self::ConnectionFailed,
            };
        }
        let of_hyper = causes().find_map(|cause| cause.downcast_ref::<hyper::Error>());
        match of_hyper {
            Some(error) if error.is_parse() => Self::ResponseInvalid,
            _ => Self::ConnectionClosed,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::ConnectionRefused => f.write_str("connection refused"),
            Self::ConnectionFailed => f.write_str("connection failed"),
            Self::ConnectionClosed => f.write_str("connection closed before the response"),
            Self::ResponseInvalid => f.write_str("response is not HTTP"),
            Self::ResponseIncomplete => f.write_str("response incomplete"),
            Self::Timeout => write!(f, "no whole response within {} s", TIMEOUT.as_secs()),
            Self::NotSent => f.write_str("not sent, too many requests were open"),
        }
    }
}
