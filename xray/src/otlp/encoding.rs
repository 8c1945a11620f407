//! The two encodings of OTLP over HTTP. A response has the encoding of its request.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use super::rejected::Rejected;
use super::{json, protobuf};

/// Encoding of a request and its response.
#[derive(Clone, Copy)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`, the body of error responses.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// `google.rpc.Code` of the errors here.
#[derive(Clone, Copy)]
pub enum Code {
    InvalidArgument = 3,
    Unimplemented = 12,
}

impl Encoding {
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let media_type = value.split(';').next()?.trim();
        [Self::Protobuf, Self::Json]
            .into_iter()
            .find(|encoding| media_type.eq_ignore_ascii_case(encoding.content_type()))
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// Decodes a request. Wrong spans are left out and counted in `rejected`.
    ///
    /// # Errors
    ///
    /// When the body is no such request.
    pub fn read(
        self,
        body: Bytes,
        rejected: &mut Rejected,
    ) -> Result<ExportTraceServiceRequest, String> {
        let read = match self {
            Self::Protobuf => protobuf::read(body, rejected),
            Self::Json => json::read(&body, rejected),
        };
        read.map_err(|error| format!("the body is no ExportTraceServiceRequest: {error}"))
    }

    pub fn answer(self, response: &ExportTraceServiceResponse) -> Response {
        let body = match self {
            Self::Protobuf => response.encode_to_vec(),
            Self::Json => match &response.partial_success {
                None => json!({}),
                Some(partial) => json!({ "partialSuccess": {
                    // 64-bit numbers are strings in ProtoJSON.
                    "rejectedSpans": partial.rejected_spans.to_string(),
                    "errorMessage": partial.error_message,
                }}),
            }
            .to_string()
            .into(),
        };
        self.respond(StatusCode::OK, body)
    }

    pub fn refuse(self, status: StatusCode, code: Code, message: &str) -> Response {
        let code = code as i32;
        let body = match self {
            Self::Protobuf => {
                let message = message.to_owned();
                Status { code, message }.encode_to_vec()
            }
            Self::Json => json!({ "code": code, "message": message })
                .to_string()
                .into(),
        };
        self.respond(status, body)
    }

    fn respond(self, status: StatusCode, body: Vec<u8>) -> Response {
        let headers = [(header::CONTENT_TYPE, self.content_type())];
        (status, headers, Body::from(body)).into_response()
    }
}
