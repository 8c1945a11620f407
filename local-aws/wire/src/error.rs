//! Errors of operations, and their HTTP responses in the form of each protocol.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::body::BodyError;
use crate::cbor;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The header that names Smithy's protocols.
pub(crate) const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// An error of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// HTTP status of the response.
    pub status: StatusCode,
    /// The code that clients compare, for example `InvalidRequestException`. A code has only ASCII letters, digits and
    /// dots.
    pub code: &'static str,
    /// The message for people. An empty message is absent from a response in the query protocol.
    pub message: String,
}

/// The protocols with JSON bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonProtocol {
    /// AWS JSON 1.0, for example of DynamoDB.
    V1_0,
    /// AWS JSON 1.1, for example of ECS.
    V1_1,
    /// REST-JSON, for example of X-Ray.
    Rest,
}

impl Error {
    /// An error in the request, with status 400.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    /// An error because a resource does not exist, with status 404.
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::bad_request(code, message)
        }
    }

    /// Whose fault it is, in the words of the query protocol.
    pub(crate) fn fault(&self) -> &'static str {
        match self.status.is_server_error() {
            true => "Receiver",
            false => "Sender",
        }
    }

    /// The response in a protocol with JSON bodies.
    pub fn json_response(&self, protocol: JsonProtocol) -> Response {
        let (content_type, message_member) = match protocol {
            JsonProtocol::V1_0 => ("application/x-amz-json-1.0", "message"),
            JsonProtocol::V1_1 => ("application/x-amz-json-1.1", "message"),
            JsonProtocol::Rest => ("application/json", "Message"),
        };
        let body = json!({ "__type": self.code, message_member: self.message }).to_string();
        let mut response = self.response(content_type, body);
        if protocol == JsonProtocol::Rest {
            let code = HeaderValue::from_static(self.code);
            response.headers_mut().insert(ERROR_TYPE, code);
        }
        response
    }

    /// The response in the protocol Smithy RPC v2 CBOR.
    pub fn cbor_response(&self) -> Response {
        let body = json!({ "__type": self.code, "message": self.message });
        let body = cbor::encode(&body, &[]);
        let mut response = self.response("application/cbor", body);
        let protocol = HeaderValue::from_static("rpc-v2-cbor");
        response.headers_mut().insert(SMITHY_PROTOCOL, protocol);
        response
    }

    pub(crate) fn response(&self, content_type: &'static str, body: impl Into<Body>) -> Response {
        (self.status, [(CONTENT_TYPE, content_type)], body.into()).into_response()
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        Self::from(&error)
    }
}

impl From<&BodyError> for Error {
    fn from(error: &BodyError) -> Self {
        let (status, code) = match error {
            BodyError::TooLarge(_) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
            ),
            BodyError::TimedOut => (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException"),
            BodyError::UnsupportedEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
            ),
            BodyError::Incomplete | BodyError::InvalidGzip(_) => {
                (StatusCode::BAD_REQUEST, "SerializationException")
            }
        };
        Self {
            status,
            code,
            message: error.to_string(),
        }
    }
}
