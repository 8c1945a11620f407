//! The reasons why a request ends before its whole response was sent.

/// The reason why a request failed. Spans, metrics and access lines contain the reason as `error.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// The client closed or reset the connection.
    ClientDisconnected,
    /// The client did not read the whole response within the idle limit of the connection.
    ClientStalled,
    /// The grace period of a shutdown ended before the request ended.
    Shutdown,
    /// The handler of the request or other code on the connection's thread panicked.
    Panic,
    /// The body of the response could not be produced.
    ResponseBody,
}

impl FailureReason {
    /// The value of the attribute `error.type`.
    pub fn error_type(self) -> &'static str {
        match self {
            Self::ClientDisconnected => "client_disconnected",
            Self::ClientStalled => "client_stalled",
            Self::Shutdown => "shutdown",
            Self::Panic => "panic",
            Self::ResponseBody => "body_failed",
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            Self::ClientDisconnected => {
                "the client closed the connection before the whole response was sent"
            }
            Self::ClientStalled => "the client did not read the response",
            Self::Shutdown => {
                "the grace period of the shutdown ended before the whole response was sent"
            }
            Self::Panic => "the service panicked",
            Self::ResponseBody => "the body of the response could not be produced",
        }
    }

    /// The status in the access line of a request without a response. The status 499 is taken from nginx,
    /// which logs 499 when a client closes the connection.
    pub fn access_log_status(self) -> u16 {
        match self {
            Self::ClientDisconnected | Self::ClientStalled => 499,
            Self::Shutdown => 503,
            Self::Panic | Self::ResponseBody => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_message_and_the_status_of_its_access_line() {
        for (reason, status, word) in [
            (FailureReason::ClientDisconnected, 499, "client"),
            (FailureReason::ClientStalled, 499, "client"),
            (FailureReason::Shutdown, 503, "shutdown"),
            (FailureReason::Panic, 500, "panicked"),
            (FailureReason::ResponseBody, 500, "body"),
        ] {
            assert_eq!(reason.access_log_status(), status, "{reason:?}");
            assert!(reason.message().contains(word), "{reason:?}");
        }
    }
}
