//! Requests that fail or are dropped.

use std::fmt;
use std::sync::{Arc, Mutex};

use actix_web::App;
use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::SpanData;

use super::{
    TestTelemetry, active_requests, attribute_text, find_attribute, init_app, init_app_with_hook,
    request_counts, send,
};
use crate::middleware::handle_request;
use crate::observe::RequestHook;

#[tokio::test]
async fn an_error_and_its_cause_are_exceptions_of_the_span() {
    let telemetry = TestTelemetry::new();
    let request = TestRequest::with_uri("/broken").to_request();
    send(&init_app(&telemetry).await, request).await;
    let span = telemetry.only_span();
    assert_eq!(span.status, Status::error(""));
    assert_eq!(attribute_text(&span, "error.type").as_deref(), Some("503"));
    let exceptions: Vec<Vec<String>> = span
        .events
        .iter()
        .map(|event| {
            event
                .attributes
                .iter()
                .map(|attribute| attribute.value.to_string())
                .collect()
        })
        .collect();
    let cause = fmt::Error.to_string();
    assert_eq!(
        exceptions,
        [["TestError", "it broke"], ["Error", cause.as_str()]]
    );
}

#[tokio::test]
async fn a_dropped_request_ends_its_span_with_client_disconnected() {
    let telemetry = TestTelemetry::new();
    let app = init_app(&telemetry).await;
    let mut call = Box::pin(app.call(TestRequest::with_uri("/never").to_request()));
    assert!(futures_util::poll!(&mut call).is_pending());
    assert!(
        telemetry
            .span_exporter
            .get_finished_spans()
            .unwrap()
            .is_empty()
    );
    drop(call);
    let span = telemetry.only_span();
    assert_eq!(
        attribute_text(&span, "error.type").as_deref(),
        Some("client_disconnected")
    );
    assert_eq!(find_attribute(&span, "http.response.status_code"), None);
    assert!(matches!(span.status, Status::Error { .. }));
    assert_eq!(
        active_requests(&telemetry.exported_metrics()),
        [("GET /never".to_owned(), 0)]
    );
}

#[tokio::test]
async fn an_error_of_another_middleware_is_answered_and_recorded_once() {
    let telemetry = TestTelemetry::new();
    let refuse = async |_: ServiceRequest, _: Next<BoxBody>| {
        Err::<ServiceResponse, _>(ErrorServiceUnavailable("no"))
    };
    let observer = Data::new(telemetry.observer());
    let app = App::new()
        .wrap(from_fn(refuse))
        .wrap(from_fn(move |request, next| {
            handle_request(observer.clone(), request, next)
        }));
    let app = init_service(app).await;
    let error = app.call(TestRequest::get().to_request()).await.err();
    let response = error.unwrap().error_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("x-amzn-trace-id"));
    assert!(
        response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    assert!(to_bytes(response.into_body()).await.is_ok());
    let span = telemetry.only_span();
    assert_eq!(attribute_text(&span, "error.type").as_deref(), Some("503"));
    assert_eq!(
        request_counts(&telemetry.exported_metrics()),
        [("GET 503 503".to_owned(), 1)]
    );
}

/// Returns the values of the attributes of the span's `exception` events.
fn exception_texts(span: &SpanData) -> Vec<String> {
    let attributes = span.events.iter().flat_map(|event| &event.attributes);
    let values = attributes.map(|attribute| attribute.value.to_string());
    values.collect()
}

#[tokio::test]
async fn a_panic_is_answered_with_500_and_its_message_is_an_exception_of_the_span() {
    let telemetry = TestTelemetry::new();
    let app = init_app(&telemetry).await;
    let error = app
        .call(TestRequest::with_uri("/panic").to_request())
        .await
        .err();
    let response = error.unwrap().error_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(to_bytes(response.into_body()).await.is_ok());
    let span = telemetry.only_span();
    assert_eq!(
        attribute_text(&span, "error.type").as_deref(),
        Some("panic")
    );
    assert_eq!(exception_texts(&span), ["panic", "out of mysfits"]);
}

#[tokio::test]
async fn the_error_of_a_response_body_is_an_exception_of_the_span() {
    let telemetry = TestTelemetry::new();
    let request = TestRequest::with_uri("/failing-body").to_request();
    let response = call_service(&init_app(&telemetry).await, request).await;
    assert!(to_bytes(response.into_body()).await.is_err());
    let span = telemetry.only_span();
    let error_type = attribute_text(&span, "error.type");
    assert_eq!(error_type.as_deref(), Some("body_failed"));
    assert_eq!(
        exception_texts(&span),
        ["TestError", "it broke", "Error", &fmt::Error.to_string()]
    );
}

#[tokio::test]
async fn the_hook_is_called_once_for_each_request_with_its_route_and_status() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let recorded_calls = Arc::clone(&calls);
    let hook = RequestHook::new(move |end| {
        let status = end.status.map(|status| status.as_u16());
        let call = (end.method.to_string(), end.route.map(str::to_owned), status);
        recorded_calls.lock().unwrap().push(call);
    });
    let telemetry = TestTelemetry::new();
    let app = init_app_with_hook(&telemetry, Some(hook)).await;
    send(&app, TestRequest::with_uri("/broken").to_request()).await;
    let mut call = Box::pin(app.call(TestRequest::with_uri("/never").to_request()));
    assert!(futures_util::poll!(&mut call).is_pending());
    drop(call);
    let expected = [("/broken", Some(503)), ("/never", None)];
    let expected =
        expected.map(|(route, status)| ("GET".to_owned(), Some(route.to_owned()), status));
    assert_eq!(*calls.lock().unwrap(), expected);
}
