//! OTLP over HTTP: any OpenTelemetry program can send its spans here, as protobuf or as JSON.
//!
//! Source: the OpenTelemetry protocol's specification, 1.x. Spans become documents by the rules of the
//! OpenTelemetry collector's X-Ray exporter with its option `index_all_attributes`, so that each attribute
//! can be searched for.

mod attributes;
mod blocks;
mod cause;
mod local_root;
mod name;
mod stack;
mod translate;

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use serde_json::json;

use crate::xray::Xray;

/// Largest request in bytes, before and after it is unpacked.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// `POST /v1/traces` of this X-Ray.
pub fn router(xray: Arc<Xray>) -> Router {
    Router::new()
        .route("/v1/traces", post(traces))
        .with_state(xray)
}

/// In which form a client speaks, and is answered.
#[derive(Clone, Copy)]
enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`, with which the protocol tells errors.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The code of `google.rpc.Status` for a request that is not right.
const INVALID_ARGUMENT: i32 = 3;

async fn traces(State(xray): State<Arc<Xray>>, request: Request) -> Response {
    let Some(encoding) = Encoding::of(request.headers()) else {
        let message = "OTLP is application/x-protobuf or application/json\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    };
    let is_packed = request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| encoding == "gzip");
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return encoding.refuse("the body broke off or is larger than 16 MiB");
    };
    let taken = tokio::task::spawn_blocking(move || {
        let body = if is_packed {
            unpack(&body)?
        } else {
            body.into()
        };
        Ok::<_, String>(put(&xray, &encoding.read(&body)?))
    });
    match taken.await {
        Ok(Ok(response)) => encoding.answer(&response),
        Ok(Err(message)) => encoding.refuse(&message),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    // One byte more than is permitted tells that there is more.
    let mut bounded = GzDecoder::new(packed).take(MAX_BODY as u64 + 1);
    let read = bounded.read_to_end(&mut body);
    read.map_err(|error| format!("the body is not gzip: {error}"))?;
    match body.len() <= MAX_BODY {
        true => Ok(body),
        false => Err("the body is larger than 16 MiB when unpacked".to_owned()),
    }
}

/// Takes all spans, and says how many were refused.
fn put(xray: &Xray, request: &ExportTraceServiceRequest) -> ExportTraceServiceResponse {
    let mut refused = Vec::new();
    for spans in &request.resource_spans {
        let attributes = spans
            .resource
            .as_ref()
            .map(|resource| &*resource.attributes);
        let resource = attributes.unwrap_or_default();
        for span in spans.scope_spans.iter().flat_map(|scope| &scope.spans) {
            match translate::documents(span, resource) {
                Some(documents) => {
                    let put = documents.iter().flat_map(|it| xray.put(&it.to_string()));
                    refused.extend(put.map(|refusal| refusal.to_string()));
                }
                None => refused.push("a span without ids of the right length".to_owned()),
            }
        }
    }
    ExportTraceServiceResponse {
        partial_success: refused.first().map(|first| ExportTracePartialSuccess {
            rejected_spans: refused.len() as i64,
            error_message: first.clone(),
        }),
    }
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        match value.split(';').next()?.trim() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    fn read(self, body: &[u8]) -> Result<ExportTraceServiceRequest, String> {
        match self {
            Self::Protobuf => ExportTraceServiceRequest::decode(body)
                .map_err(|error| format!("the body is no ExportTraceServiceRequest: {error}")),
            Self::Json => serde_json::from_slice(body)
                .map_err(|error| format!("the body is no ExportTraceServiceRequest: {error}")),
        }
    }

    fn answer(self, response: &ExportTraceServiceResponse) -> Response {
        let body = match self {
            Self::Protobuf => response.encode_to_vec(),
            Self::Json => match &response.partial_success {
                None => json!({}),
                Some(partial) => json!({ "partialSuccess": {
                    // 64-bit numbers are texts in the JSON of protobuf.
                    "rejectedSpans": partial.rejected_spans.to_string(),
                    "errorMessage": partial.error_message,
                }}),
            }
            .to_string()
            .into(),
        };
        self.respond(StatusCode::OK, body)
    }

    fn refuse(self, message: &str) -> Response {
        let body = match self {
            Self::Protobuf => Status {
                code: INVALID_ARGUMENT,
                message: message.to_owned(),
            }
            .encode_to_vec(),
            Self::Json => json!({ "code": INVALID_ARGUMENT, "message": message })
                .to_string()
                .into(),
        };
        self.respond(StatusCode::BAD_REQUEST, body)
    }

    fn respond(self, status: StatusCode, body: Vec<u8>) -> Response {
        let headers = [(header::CONTENT_TYPE, self.content_type())];
        (status, headers, Body::from(body)).into_response()
    }
}
