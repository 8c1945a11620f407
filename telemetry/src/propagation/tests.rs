//! Headers in, headers out.

use super::*;
use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
use proptest::prelude::*;
use std::collections::HashMap;

const ROOT: &str = "Root=1-58406520-a006649127e371903a2de979";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn propagation(names: &str, transparent: bool) -> Propagation {
    Propagation::new(&names.to_owned().try_into().unwrap(), transparent)
}

fn extracted(names: &str, headers: &[(&str, &str)]) -> Context {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let headers: HashMap<String, String> = headers.iter().map(owned).collect();
    propagation(names, false).extract_with_context(&Context::new(), &headers)
}

fn injected(propagation: &Propagation, cx: &Context) -> HashMap<String, String> {
    let mut headers = HashMap::new();
    propagation.inject_context(cx, &mut headers);
    headers
}

/// A request's context once it has a span of its own.
fn within_own_span(caller: &Context, sampled: bool) -> Context {
    let root = caller.get::<Upstream>().map(|it| it.span.trace_id());
    let flags = TraceFlags::default().with_sampled(sampled);
    let span = SpanContext::new(
        root.unwrap_or(TraceId::from(0xabc)),
        SpanId::from(0x42),
        flags,
        false,
        TraceState::NONE,
    );
    caller.with_remote_span_context(span)
}

#[test]
fn the_first_named_format_is_believed_where_both_come() {
    let both = [
        (
            "x-amzn-trace-id",
            "Root=1-58406520-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled=0",
        ),
        ("traceparent", PARENT),
    ];
    let parent = |names| extracted(names, &both).span().span_context().span_id();
    assert_eq!(parent("xray,tracecontext").to_string(), "53995c3f42cd8ad8");
    assert_eq!(parent("tracecontext,xray").to_string(), "b7ad6b7169203331");
    assert_eq!(parent("tracecontext").to_string(), "b7ad6b7169203331");
    assert_eq!(parent("none"), SpanId::INVALID);
}

#[test]
fn the_second_format_counts_where_the_first_says_nothing() {
    let headers = [("x-amzn-trace-id", "garbage"), ("traceparent", PARENT)];
    let cx = extracted("xray,tracecontext", &headers);
    assert_eq!(
        cx.span().span_context().span_id().to_string(),
        "b7ad6b7169203331"
    );
    assert_eq!(cx.get::<Upstream>().unwrap().sampled, Some(true));
}

#[test]
fn a_root_alone_is_a_trace_without_a_parent_and_a_decision() {
    let cx = extracted("xray", &[("x-amzn-trace-id", ROOT)]);
    assert!(!cx.span().span_context().is_valid());
    let upstream = cx.get::<Upstream>().unwrap();
    let root = "58406520a006649127e371903a2de979";
    assert_eq!(upstream.span.trace_id().to_string(), root);
    assert_eq!(upstream.sampled, None);
}

#[test]
fn the_callee_gets_our_span_as_its_parent_in_every_format() {
    let caller = extracted("xray", &[("x-amzn-trace-id", ROOT)]);
    let headers = injected(
        &propagation("xray,tracecontext", false),
        &within_own_span(&caller, true),
    );
    assert_eq!(
        headers["x-amzn-trace-id"],
        format!("{ROOT};Parent=0000000000000042;Sampled=1")
    );
    assert_eq!(
        headers["traceparent"],
        "00-58406520a006649127e371903a2de979-0000000000000042-01"
    );
    assert_eq!(headers.get("tracestate").map_or("", String::as_str), "");
}

#[test]
fn without_spans_of_our_own_what_came_in_goes_out() {
    let transparent = propagation("xray,tracecontext", true);
    for header in [
        ROOT.to_owned(),
        format!("{ROOT};Sampled=1"),
        format!("{ROOT};Parent=53995c3f42cd8ad8"),
        format!("{ROOT};Parent=53995c3f42cd8ad8;Sampled=0"),
    ] {
        let caller = extracted("xray", &[("x-amzn-trace-id", &header)]);
        let headers = injected(&transparent, &within_own_span(&caller, false));
        assert_eq!(headers["x-amzn-trace-id"], header);
    }
    let caller = extracted("tracecontext", &[("traceparent", PARENT)]);
    let headers = injected(&transparent, &within_own_span(&caller, false));
    assert_eq!(headers["traceparent"], PARENT);
}

#[test]
fn without_spans_and_without_a_caller_the_trace_of_our_logs_goes_out_undecided() {
    let headers = injected(
        &propagation("xray,tracecontext", true),
        &within_own_span(&Context::new(), false),
    );
    let root = "Root=1-00000000-000000000000000000000abc";
    assert_eq!(headers["x-amzn-trace-id"], root);
    assert!(!headers.contains_key("traceparent"));
}

#[test]
fn trace_state_and_baggage_are_bounded() {
    let long = format!("a={}", "x".repeat(600));
    let headers = [("traceparent", PARENT), ("tracestate", long.as_str())];
    let cx = extracted("tracecontext", &headers);
    assert!(cx.span().span_context().is_valid());
    assert_eq!(cx.span().span_context().trace_state().header(), "");

    let long = format!("a={}", "x".repeat(9000));
    for (names, baggage) in [("xray", "a=b"), ("xray,baggage", &long)] {
        let cx = extracted(names, &[("baggage", baggage)]);
        let headers = injected(&propagation(names, false), &cx);
        assert_eq!(headers.get("baggage"), None, "{names}");
    }
    let cx = extracted("xray,baggage", &[("baggage", "a=b")]);
    assert_eq!(
        injected(&propagation("baggage", false), &cx)["baggage"],
        "a=b"
    );
}

#[test]
fn a_name_that_is_no_propagator_is_refused() {
    let refused = Propagators::try_from("xray,b3".to_owned()).unwrap_err();
    assert!(
        refused.starts_with("OTEL_PROPAGATORS is 'xray,b3'"),
        "{refused}"
    );
    assert_eq!(
        Propagators::try_from(String::new()),
        Ok(Propagators::default())
    );
}

proptest! {
    #[test]
    fn no_headers_make_it_panic_or_grow(
        xray in "\\PC{0,60}|(Root|Parent|Self|Sampled|[=;0-9a-f-]){0,40}",
        parent in "\\PC{0,60}|00-[0-9a-f]{30,34}-[0-9a-f]{14,18}-[0-9a-f]{1,3}",
        state in "\\PC{0,700}|([a-z]{1,9}=[a-z]{1,9},?){0,80}",
    ) {
        let headers = [
            ("x-amzn-trace-id", xray.as_str()),
            ("traceparent", parent.as_str()),
            ("tracestate", state.as_str()),
        ];
        let cx = extracted("tracecontext,xray,baggage", &headers);
        let propagation = propagation("xray,tracecontext,baggage", true);
        let headers = injected(&propagation, &within_own_span(&cx, false));
        let bytes: usize = headers.values().map(String::len).sum();
        prop_assert!(bytes <= 100 + 60 + MAX_TRACE_STATE, "{headers:?}");
    }
}
