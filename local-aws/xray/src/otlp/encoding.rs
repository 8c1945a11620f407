//! The two encodings of OTLP over HTTP: protobuf and JSON. A response has the same encoding as the request.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::{Value, json};

use super::rejected::RejectedSpans;
use super::{json, protobuf};

/// Encoding of a request and its response.
#[derive(Clone, Copy)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`: the body of error responses.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The values of `google.rpc.Code` that error responses contain.
#[derive(Clone, Copy)]
pub enum RpcCode {
    InvalidArgument = 3,
    Unimplemented = 12,
}

impl Encoding {
    /// Parses the `Content-Type` header. Returns `None` if the header is absent or contains another media
    /// type.
    pub fn from_content_type(headers: &HeaderMap) -> Option<Self> {
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

    /// Decodes a request. The function skips spans that cannot be decoded, and adds the skipped spans to
    /// `rejected`.
    ///
    /// # Errors
    ///
    /// Fails if a message that contains the spans cannot be decoded.
    pub fn decode_request(
        self,
        body: Bytes,
        rejected: &mut RejectedSpans,
    ) -> Result<ExportTraceServiceRequest, String> {
        let request = match self {
            Self::Protobuf => {
                protobuf::decode_request(body, rejected).map_err(|error| error.to_string())
            }
            Self::Json => json::decode_request(&body, rejected),
        };
        request.map_err(|error| format!("the body is not an ExportTraceServiceRequest: {error}"))
    }

    pub fn success_response(self, message: &ExportTraceServiceResponse) -> Response {
        let body = match self {
            Self::Protobuf => message.encode_to_vec(),
            Self::Json => response_to_json(message).to_string().into(),
        };
        self.build_response(StatusCode::OK, body)
    }

    pub fn error_response(self, status: StatusCode, code: RpcCode, message: &str) -> Response {
        let code = code as i32;
        let body = match self {
            Self::Protobuf => {
                let message = message.to_owned();
                RpcStatus { code, message }.encode_to_vec()
            }
            Self::Json => json!({ "code": code, "message": message })
                .to_string()
                .into(),
        };
        self.build_response(status, body)
    }

    fn build_response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let headers = [(header::CONTENT_TYPE, self.content_type())];
        (status, headers, Body::from(body)).into_response()
    }
}

fn response_to_json(message: &ExportTraceServiceResponse) -> Value {
    match &message.partial_success {
        None => json!({}),
        Some(partial_success) => json!({ "partialSuccess": {
            // ProtoJSON writes 64-bit integers as strings.
            "rejectedSpans": partial_success.rejected_spans.to_string(),
            "errorMessage": partial_success.error_message,
        }}),
    }
}
