//! Tests of complete log lines.

use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::captured_log::CapturedLog;

/// Returns the line that `log` logs, and the parsed line without its timestamp.
fn log_line(log: impl FnOnce()) -> (String, Value) {
    let captured = CapturedLog::default();
    let writer = captured.clone();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(JsonFormat)
        .with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    let line = captured.take();
    let mut members: Value = serde_json::from_str(&line).unwrap();
    let timestamp = members.as_object_mut().unwrap().remove("timestamp");
    let timestamp = timestamp.unwrap().as_str().unwrap().to_owned();
    assert!(
        timestamp.len() == "2026-01-01T00:00:00.000000Z".len() && timestamp.ends_with('Z'),
        "{timestamp}"
    );
    (line, members)
}

#[test]
fn each_field_is_a_json_member_of_its_type() {
    let (line, members) = log_line(|| {
        tracing::warn!(
            target: "access",
            count = 3_u16,
            mysfit.id = "a\"b\\c\n\u{1}\u{e4}",
            difference = -3_i64,
            ms = 1.5,
            infinite = f64::INFINITY,
            is_on = true,
            missing = None::<&str>,
            debug = ?Some("x"),
            "like {}",
            7
        );
    });
    let expected = json!({
        "level": "WARN",
        "mysfit.id": "a\"b\\c\n\u{1}\u{e4}",
        "count": 3,
        "difference": -3,
        "ms": 1.5,
        "infinite": null,
        "is_on": true,
        "debug": "Some(\"x\")",
        "message": "like 7",
        "target": "access",
    });
    assert_eq!(members, expected);
    assert!(line.ends_with("\"target\":\"access\"}\n"), "{line}");
    assert_eq!(line.matches('\n').count(), 1);
}

#[test]
fn a_line_in_a_span_ends_with_the_ids_of_the_span() {
    let span_context = SpanContext::new(
        0x5840_6520_a006_6491_27e3_7190_3a2d_e979.into(),
        0x5399_5c3f_42cd_8ad8.into(),
        TraceFlags::default(),
        false,
        TraceState::NONE,
    );
    let _attached = Context::new()
        .with_remote_span_context(span_context)
        .attach();
    let (line, _) = log_line(|| tracing::info!("x"));
    let ids = r#","trace_id":"1-58406520-a006649127e371903a2de979","span_id":"53995c3f42cd8ad8"}"#;
    assert!(line.trim_end().ends_with(ids), "{line}");
}

#[test]
fn an_event_of_the_crate_log_has_its_own_target_and_level() {
    let record = tracing_log::log::Record::builder()
        .target("rustls")
        .level(tracing_log::log::Level::Warn)
        .args(format_args!("y"))
        .build();
    let (_, members) = log_line(|| tracing_log::format_trace(&record).unwrap());
    assert_eq!(members["target"], "rustls");
    assert_eq!(members["level"], "WARN");
    assert_eq!(members["message"], "y");
}
