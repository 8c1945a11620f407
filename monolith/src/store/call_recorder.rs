//! An interceptor of the AWS SDK that records each DynamoDB call as a span and in metrics.
//!
//! Each page of a list is a separate call. The recorded call includes the retries of the AWS SDK. The
//! throttle counter counts each throttled attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef as Before, BeforeTransmitInterceptorContextMut,
    FinalizerInterceptorContextRef as After,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http_shell::{context_with_span, record_error, tracer};
use opentelemetry::global::BoxedTracer;
use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::propagation::Injector;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue, global};
use serde::Deserialize;

use super::failure::THROTTLE_CODES;

/// Bucket boundaries in seconds that the semantic conventions define for `db.client.operation.duration`.
const DURATION_BOUNDARIES: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The value of `db.system.name` for DynamoDB.
const DB_SYSTEM_NAME: &str = "aws.dynamodb";

/// Records the calls of one client.
#[derive(Debug)]
pub struct CallRecorder {
    tracer: BoxedTracer,
    table: Arc<str>,
    region: Arc<str>,
    instruments: Instruments,
}

#[derive(Clone, Debug)]
struct Instruments {
    duration: Histogram<f64>,
    throttles: Counter<u64>,
}

impl CallRecorder {
    /// Creates a recorder for calls that access `table` in `region`. The recorder uses the current global
    /// tracer and meter providers.
    pub fn new(table: &str, region: &str) -> Self {
        let meter = global::meter("monolith");
        Self {
            tracer: tracer(),
            table: table.into(),
            region: region.into(),
            instruments: Instruments {
                duration: meter
                    .f64_histogram("db.client.operation.duration")
                    .with_unit("s")
                    .with_boundaries(DURATION_BOUNDARIES.to_vec())
                    .build(),
                throttles: meter
                    .u64_counter("dynamodb.throttles")
                    .with_unit("{attempt}")
                    .build(),
            },
        }
    }
}

impl Intercept for CallRecorder {
    fn name(&self) -> &'static str {
        "CallRecorder"
    }

    /// Starts to record the DynamoDB call. Earlier hooks of an interceptor have no access to the
    /// operation's name.
    fn read_before_serialization(
        &self,
        _: &Before<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("", |call| call.name());
        let call = Call::start(self, operation.into());
        bag.interceptor_state().store_put(call);
        Ok(())
    }

    /// Adds the trace headers, as the X-Ray SDKs do for calls of AWS services.
    fn modify_before_retry_loop(
        &self,
        request: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = bag.load::<Call>() {
            let mut headers = SdkHeaders(request.request_mut().headers_mut());
            global::get_text_map_propagator(|propagator| {
                propagator.inject_context(&call.context, &mut headers);
            });
        }
        Ok(())
    }

    /// Counts an attempt that DynamoDB has throttled.
    fn read_after_attempt(
        &self,
        after: &After<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = bag.load::<Call>() {
            call.count_throttle(after);
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        after: &After<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempts = bag.load::<RequestAttempts>().map(RequestAttempts::attempts);
        if let Some(call) = bag.load::<Call>() {
            call.end(after, attempts.unwrap_or(1));
        }
        Ok(())
    }
}

/// The headers of a request of the AWS SDK.
struct SdkHeaders<'a>(&'a mut Headers);

impl Injector for SdkHeaders<'_> {
    fn set(&mut self, name: &str, value: String) {
        // Trace headers are valid. Without one, only the trace in the called service would be separate.
        let _ = self.0.try_insert(name.to_owned(), value);
    }
}

/// A running call. A call that is dropped before its end, for instance at a deadline, is recorded with the
/// error type `no_answer`.
#[derive(Debug)]
struct Call {
    context: Context,
    table: Arc<str>,
    operation: Arc<str>,
    start: Instant,
    instruments: Instruments,
    has_ended: AtomicBool,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

impl Call {
    fn start(recorder: &CallRecorder, operation: Arc<str>) -> Self {
        let tracer = &recorder.tracer;
        let builder = tracer.span_builder("DynamoDB").with_kind(SpanKind::Client);
        let context = Context::map_current(|cx| {
            context_with_span(cx, builder.start_with_context(tracer, cx))
        });
        let span = context.span();
        if span.is_recording() {
            span.update_name(format!("DynamoDB.{operation}"));
            span.set_attributes([
                KeyValue::new("db.system.name", DB_SYSTEM_NAME),
                KeyValue::new("rpc.system", "aws-api"),
                KeyValue::new("rpc.service", "DynamoDB"),
                KeyValue::new("rpc.method", operation.clone()),
                KeyValue::new("aws.table.name", recorder.table.clone()),
                KeyValue::new("aws.region", recorder.region.clone()),
            ]);
        }
        Self {
            context,
            table: recorder.table.clone(),
            operation,
            start: Instant::now(),
            instruments: recorder.instruments.clone(),
            has_ended: AtomicBool::new(false),
        }
    }

    fn count_throttle(&self, after: &After<'_>) {
        if is_throttle_code(failure_code(after).as_deref()) {
            let operation = KeyValue::new("db.operation.name", self.operation.clone());
            self.instruments.throttles.add(1, &[operation]);
        }
    }

    fn end(&self, after: &After<'_>, attempts: u32) {
        self.has_ended.store(true, Ordering::Relaxed);
        let is_failed = has_failed(after);
        let response = after.response();
        let error_code = failure_code(after);
        let is_throttled = is_throttle_code(error_code.as_deref());
        let status = response.map(|response| response.status().as_u16());
        let error_type = is_failed.then(|| match status {
            _ if is_throttled => "throttled".to_owned(),
            Some(status) => status.to_string(),
            None => "no_answer".to_owned(),
        });
        self.record_duration(error_type.clone().map(|error_type| (error_type, status)));
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        if attempts > 1 {
            span.set_attribute(KeyValue::new("aws.retry_count", i64::from(attempts) - 1));
        }
        if is_throttled {
            span.set_attribute(KeyValue::new("aws.throttled", true));
        }
        if let Some(response) = response {
            let status = i64::from(response.status().as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", status));
            if let Some(id) = response.headers().get("x-amzn-requestid") {
                span.set_attribute(KeyValue::new("aws.request_id", id.to_owned()));
            }
        }
        if let Some(error_type) = error_type {
            let sdk_error = after.output_or_error().and_then(Result::err);
            if let Some(error) = sdk_error.and_then(|error| error.as_connector_error()) {
                record_error(&span, error);
            }
            let error_type = error_code.unwrap_or(error_type);
            span.set_status(Status::error(error_type.clone()));
            span.set_attribute(KeyValue::new("error.type", error_type));
        }
        span.end();
    }

    /// Records the duration of the call. `failure` contains the error type, and the HTTP status if DynamoDB
    /// has answered.
    fn record_duration(&self, failure: Option<(String, Option<u16>)>) {
        let mut labels = vec![
            KeyValue::new("db.system.name", DB_SYSTEM_NAME),
            KeyValue::new("db.collection.name", self.table.clone()),
            KeyValue::new("db.operation.name", self.operation.clone()),
        ];
        if let Some((error_type, status)) = failure {
            labels.push(KeyValue::new("error.type", error_type));
            let status = status.map(|status| status.to_string());
            labels.extend(status.map(|status| KeyValue::new("db.response.status_code", status)));
        }
        let seconds = self.start.elapsed().as_secs_f64();
        self.instruments.duration.record(seconds, &labels);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.has_ended.load(Ordering::Relaxed) {
            return;
        }
        self.record_duration(Some(("no_answer".to_owned(), None)));
        let span = self.context.span();
        if span.is_recording() {
            span.set_attribute(KeyValue::new("error.type", "no_answer"));
            span.set_status(Status::error(
                "the call was cancelled before DynamoDB answered",
            ));
            span.end();
        }
    }
}

fn has_failed(after: &After<'_>) -> bool {
    matches!(after.output_or_error(), Some(Err(_)))
}

/// The error code in DynamoDB's answer to a failed attempt or call.
fn failure_code(after: &After<'_>) -> Option<String> {
    after
        .response()
        .filter(|_| has_failed(after))
        .and_then(parse_error_code)
}

fn is_throttle_code(code: Option<&str>) -> bool {
    code.is_some_and(|code| THROTTLE_CODES.contains(&code))
}

/// Parses the error code in the JSON of an error answer, and removes the code's namespace.
fn parse_error_code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        #[serde(rename = "__type")]
        namespaced_code: String,
    }
    let body: ErrorBody = serde_json::from_slice(response.body().bytes()?).ok()?;
    let code = body.namespaced_code.rsplit('#').next();
    code.map(str::to_owned)
}
