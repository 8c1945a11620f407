//! The reasons for which the load balancer answers a request itself. Pure.
//!
//! The access log of an ALB does not contain these reasons. They are the causes that AWS's troubleshooting guide lists for
//! the statuses 502, 503 and 504.

use axum::http::StatusCode;

/// Why a request has no response of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    NoRegisteredTargets,
    /// All target groups of the forward action have the weight 0.
    NoTargetGroupWithWeight,
    ConnectionRefused,
    ConnectionFailed,
    ConnectionTimeout,
    ConnectionClosed,
    ResponseInvalid,
    ResponseTimeout,
    /// The client did not send all of its request.
    RequestIncomplete,
}

impl Failure {
    /// The status of the load balancer's own answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoRegisteredTargets | Self::NoTargetGroupWithWeight => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::ConnectionRefused
            | Self::ConnectionFailed
            | Self::ConnectionClosed
            | Self::ResponseInvalid => StatusCode::BAD_GATEWAY,
            Self::ConnectionTimeout | Self::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::RequestIncomplete => StatusCode::BAD_REQUEST,
        }
    }

    /// The field `error_reason` of the access log.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoRegisteredTargets => "NoRegisteredTargets",
            Self::NoTargetGroupWithWeight => "NoTargetGroupWithWeight",
            Self::ConnectionRefused => "TargetConnectionRefused",
            Self::ConnectionFailed => "TargetConnectionFailed",
            Self::ConnectionTimeout => "TargetConnectionTimeout",
            Self::ConnectionClosed => "TargetConnectionClosed",
            Self::ResponseInvalid => "TargetResponseInvalid",
            Self::ResponseTimeout => "TargetResponseTimeout",
            Self::RequestIncomplete => "RequestIncomplete",
        }
    }

    /// Whether no connection to the target was established.
    pub fn is_of_connection(self) -> bool {
        matches!(
            self,
            Self::ConnectionRefused | Self::ConnectionFailed | Self::ConnectionTimeout
        )
    }
}
