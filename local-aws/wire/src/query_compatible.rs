//! A service that AWS has moved from the query protocol to newer ones. Clients call it with AWS JSON 1.0, with the query
//! protocol, and with Smithy RPC v2 CBOR. The operations are the same in all of them.
//!
//! Clients of the newer protocols state with the header `x-amzn-query-mode: true` that they understand the codes and
//! statuses of errors in the query protocol. <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::cbor;
use crate::error::{Error, SMITHY_PROTOCOL};
use crate::query::Parameters;
use crate::shape::Input;
use crate::xml::{self, MemberTypes};

const QUERY_MODE: HeaderName = HeaderName::from_static("x-amzn-query-mode");
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// A service with three protocols.
#[derive(Clone)]
pub struct QueryCompatible {
    /// The prefix of operations in the header `X-Amz-Target`, and the name of the service in the path
    /// `/service/<name>/operation/<operation>`.
    pub target_prefix: &'static str,
    /// The parameter `Version` of requests in the query protocol.
    pub version: &'static str,
    /// The XML namespace of responses in the query protocol.
    pub namespace: &'static str,
    /// The names of errors. An error that is not there has the same name everywhere.
    pub errors: &'static [ErrorNames],
    /// The members of responses that are not what their JSON value says.
    pub members: MemberTypes,
    /// The operations.
    pub call: InputCall,
}

/// The names of an error.
#[derive(Clone, Copy, Debug)]
pub struct ErrorNames {
    /// The code with which operations return the error.
    pub code: &'static str,
    /// The code in the query protocol.
    pub query_code: &'static str,
    /// The type in the newer protocols.
    pub error_type: &'static str,
}

/// Calls the operation with the given name. Returns its result as an object, null if the operation has no result, or `None`
/// if there is no such operation.
pub type InputCall = Arc<dyn Fn(&str, Input) -> Option<Result<Value, Error>> + Send + Sync>;

/// The protocols besides the query protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewProtocol {
    Json,
    Cbor,
}

impl NewProtocol {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-amz-json-1.0",
            Self::Cbor => "application/cbor",
        }
    }

    fn decode(self, body: &[u8]) -> Result<Input, Error> {
        let value = match self {
            // An operation without parameters has an empty body.
            _ if body.is_empty() => Ok(json!({})),
            Self::Json => serde_json::from_slice(body).map_err(|error| error.to_string()),
            Self::Cbor => cbor::decode(body),
        };
        match value {
            Ok(value) => Ok(Input {
                value,
                is_text: false,
            }),
            Err(error) => {
                let message = format!("The request body is not valid: {error}");
                Err(Error::bad_request("SerializationException", message))
            }
        }
    }

    fn encode(self, value: &Value, members: MemberTypes) -> Body {
        match self {
            Self::Json => value.to_string().into(),
            Self::Cbor => cbor::encode(value, members.timestamps).into(),
        }
    }

    fn response(self, status: StatusCode, body: Body) -> Response {
        let mut response = (status, [(CONTENT_TYPE, self.content_type())], body).into_response();
        if self == Self::Cbor {
            let protocol = HeaderValue::from_static("rpc-v2-cbor");
            response.headers_mut().insert(SMITHY_PROTOCOL, protocol);
        }
        response
    }
}

impl QueryCompatible {
    /// Calls an operation with the body of a request. Returns `None` if there is no such operation.
    pub(crate) fn respond(
        &self,
        protocol: NewProtocol,
        operation: &str,
        headers: &HeaderMap,
        body: Result<&[u8], Error>,
    ) -> Option<Response> {
        let result = match body.and_then(|body| protocol.decode(body)) {
            Ok(input) => (self.call)(operation, input)?,
            Err(error) => Err(error),
        };
        Some(match result {
            Ok(Value::Null) => {
                let mut response = protocol.response(StatusCode::OK, Body::empty());
                response.headers_mut().remove(CONTENT_TYPE);
                response
            }
            Ok(value) => {
                let value = without_nulls(value);
                protocol.response(StatusCode::OK, protocol.encode(&value, self.members))
            }
            Err(error) => self.error_response(protocol, &error, headers),
        })
    }

    /// Calls an operation in the query protocol, and returns the body of the response.
    pub(crate) fn call_query(
        &self,
        action: &str,
        parameters: Parameters,
        request_id: &str,
    ) -> Option<Result<String, Error>> {
        let value = match parameters.into_value() {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let input = Input {
            value,
            is_text: true,
        };
        let result = (self.call)(action, input)?;
        let body = result.map(|result| {
            xml::result_document(action, self.namespace, &result, self.members, request_id)
        });
        Some(body.map_err(|error| {
            let code = self.names(&error).query_code;
            Error { code, ..error }
        }))
    }

    fn names(&self, error: &Error) -> ErrorNames {
        let names = self.errors.iter().find(|names| names.code == error.code);
        names.copied().unwrap_or(ErrorNames {
            code: error.code,
            query_code: error.code,
            error_type: error.code,
        })
    }

    /// The response with an error. Only clients in the query mode get another status than 400 for an error of their own.
    pub(crate) fn error_response(
        &self,
        protocol: NewProtocol,
        error: &Error,
        headers: &HeaderMap,
    ) -> Response {
        let is_query_mode = headers
            .get(QUERY_MODE)
            .is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"true"));
        let status = match error.status {
            status if is_query_mode || status.is_server_error() => status,
            _ => StatusCode::BAD_REQUEST,
        };
        let names = self.names(error);
        let mut body = json!({ "__type": names.error_type });
        if !error.message.is_empty() {
            body["message"] = error.message.as_str().into();
        }
        let mut response =
            protocol.response(status, protocol.encode(&body, MemberTypes::default()));
        let query_error = format!("{};{}", names.query_code, error.fault());
        if let (true, Ok(query_error)) = (is_query_mode, query_error.try_into()) {
            response.headers_mut().insert(QUERY_ERROR, query_error);
        }
        response
    }
}

/// Removes members that are null: they are absent.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests;
