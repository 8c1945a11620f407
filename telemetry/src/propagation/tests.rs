//! Tests of extracting traces from headers and of injecting traces into headers.

use super::*;
use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
use proptest::prelude::*;
use std::collections::HashMap;

const XRAY_ROOT: &str = "Root=1-58406520-a006649127e371903a2de979";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn create_propagator(formats: &str, forwards_incoming_trace: bool) -> MultiFormatPropagator {
    let formats = Propagators::parse(formats).unwrap();
    MultiFormatPropagator::new(&formats, forwards_incoming_trace)
}

/// Extracts a context from `headers` with the propagators `formats`.
fn extract_headers(formats: &str, headers: &[(&str, &str)]) -> Context {
    let to_owned_header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers: HashMap<String, String> = headers.iter().map(to_owned_header).collect();
    create_propagator(formats, false).extract_with_context(&Context::new(), &headers)
}

fn inject_headers(propagator: &MultiFormatPropagator, cx: &Context) -> HashMap<String, String> {
    let mut headers = HashMap::new();
    propagator.inject_context(cx, &mut headers);
    headers
}

/// Returns a copy of `request_cx` whose current span belongs to this process.
fn start_local_span(request_cx: &Context, sampled: bool) -> Context {
    let trace = request_cx.get::<PropagatedTrace>();
    let trace_id = trace.map(|trace| trace.span_context.trace_id());
    let flags = TraceFlags::default().with_sampled(sampled);
    let span_context = SpanContext::new(
        trace_id.unwrap_or(TraceId::from(0xabc)),
        SpanId::from(0x42),
        flags,
        false,
        TraceState::NONE,
    );
    request_cx.with_remote_span_context(span_context)
}

#[test]
fn if_headers_contradict_each_other_the_first_configured_format_takes_precedence() {
    let headers = [
        (
            "x-amzn-trace-id",
            "Root=1-58406520-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled=0",
        ),
        ("traceparent", TRACEPARENT),
    ];
    let parent_id = |formats| {
        let cx = extract_headers(formats, &headers);
        cx.span().span_context().span_id()
    };
    let (xray_parent, w3c_parent) = ("53995c3f42cd8ad8", "b7ad6b7169203331");
    assert_eq!(parent_id("xray,tracecontext").to_string(), xray_parent);
    assert_eq!(parent_id("tracecontext,xray").to_string(), w3c_parent);
    assert_eq!(parent_id("tracecontext").to_string(), w3c_parent);
    assert_eq!(parent_id("none"), SpanId::INVALID);
}

#[test]
fn if_the_header_of_the_first_format_is_invalid_the_second_format_is_used() {
    let headers = [("x-amzn-trace-id", "garbage"), ("traceparent", TRACEPARENT)];
    let cx = extract_headers("xray,tracecontext", &headers);
    let parent_id = cx.span().span_context().span_id();
    assert_eq!(parent_id.to_string(), "b7ad6b7169203331");
    assert_eq!(cx.get::<PropagatedTrace>().unwrap().sampled, Some(true));
}

#[test]
fn an_xray_header_with_only_a_root_contains_no_parent_and_no_sampling_decision() {
    let cx = extract_headers("xray", &[("x-amzn-trace-id", XRAY_ROOT)]);
    assert!(!cx.span().span_context().is_valid());
    let trace = cx.get::<PropagatedTrace>().unwrap();
    let trace_id = trace.span_context.trace_id().to_string();
    assert_eq!(trace_id, "58406520a006649127e371903a2de979");
    assert_eq!(trace.sampled, None);
}

#[test]
fn outgoing_headers_of_every_format_contain_the_local_span_as_the_parent() {
    let request_cx = extract_headers("xray", &[("x-amzn-trace-id", XRAY_ROOT)]);
    let propagator = create_propagator("xray,tracecontext", false);
    let headers = inject_headers(&propagator, &start_local_span(&request_cx, true));
    assert_eq!(
        headers["x-amzn-trace-id"],
        format!("{XRAY_ROOT};Parent=0000000000000042;Sampled=1")
    );
    assert_eq!(
        headers["traceparent"],
        "00-58406520a006649127e371903a2de979-0000000000000042-01"
    );
    assert_eq!(headers.get("tracestate").map_or("", String::as_str), "");
}

#[test]
fn without_an_exporter_incoming_headers_are_forwarded_unchanged() {
    let propagator = create_propagator("xray,tracecontext", true);
    for header in [
        XRAY_ROOT.to_owned(),
        format!("{XRAY_ROOT};Sampled=1"),
        format!("{XRAY_ROOT};Parent=53995c3f42cd8ad8"),
        format!("{XRAY_ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
    ] {
        let request_cx = extract_headers("xray", &[("x-amzn-trace-id", &header)]);
        let headers = inject_headers(&propagator, &start_local_span(&request_cx, false));
        assert_eq!(headers["x-amzn-trace-id"], header);
    }
    let request_cx = extract_headers("tracecontext", &[("traceparent", TRACEPARENT)]);
    let headers = inject_headers(&propagator, &start_local_span(&request_cx, false));
    assert_eq!(headers["traceparent"], TRACEPARENT);
}

#[test]
fn without_an_exporter_and_without_incoming_headers_a_new_trace_id_is_injected_without_a_decision()
{
    let propagator = create_propagator("xray,tracecontext", true);
    let headers = inject_headers(&propagator, &start_local_span(&Context::new(), false));
    let root = "Root=1-00000000-000000000000000000000abc";
    assert_eq!(headers["x-amzn-trace-id"], root);
    assert!(!headers.contains_key("traceparent"));
}

#[test]
fn a_tracestate_or_baggage_header_above_the_size_limit_is_ignored() {
    let long_trace_state = format!("a={}", "x".repeat(600));
    let headers = [
        ("traceparent", TRACEPARENT),
        ("tracestate", long_trace_state.as_str()),
    ];
    let cx = extract_headers("tracecontext", &headers);
    assert!(cx.span().span_context().is_valid());
    assert_eq!(cx.span().span_context().trace_state().header(), "");

    let long_baggage = format!("a={}", "x".repeat(9000));
    let cx = extract_headers("xray,baggage", &[("baggage", &long_baggage)]);
    let headers = inject_headers(&create_propagator("xray,baggage", false), &cx);
    assert_eq!(headers.get("baggage"), None);
}

#[test]
fn baggage_is_propagated_only_if_the_propagator_baggage_is_configured() {
    let cx = extract_headers("xray", &[("baggage", "a=b")]);
    let headers = inject_headers(&create_propagator("xray", false), &cx);
    assert_eq!(headers.get("baggage"), None);

    let cx = extract_headers("xray,baggage", &[("baggage", "a=b")]);
    let headers = inject_headers(&create_propagator("baggage", false), &cx);
    assert_eq!(headers["baggage"], "a=b");
}

proptest! {
    #[test]
    fn arbitrary_incoming_headers_cause_no_panic_and_no_outgoing_headers_above_the_size_limits(
        xray_header in "\\PC{0,60}|(Root|Parent|Self|Sampled|[=;0-9a-f-]){0,40}",
        traceparent in "\\PC{0,60}|00-[0-9a-f]{30,34}-[0-9a-f]{14,18}-[0-9a-f]{1,3}",
        tracestate in "\\PC{0,700}|([a-z]{1,9}=[a-z]{1,9},?){0,80}",
    ) {
        let incoming_headers = [
            ("x-amzn-trace-id", xray_header.as_str()),
            ("traceparent", traceparent.as_str()),
            ("tracestate", tracestate.as_str()),
        ];
        let cx = extract_headers("tracecontext,xray,baggage", &incoming_headers);
        let propagator = create_propagator("xray,tracecontext,baggage", true);
        let outgoing_headers = inject_headers(&propagator, &start_local_span(&cx, false));
        let bytes: usize = outgoing_headers.values().map(String::len).sum();
        prop_assert!(bytes <= 100 + 60 + MAX_TRACE_STATE_BYTES, "{outgoing_headers:?}");
    }
}
