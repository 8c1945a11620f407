//! The header `X-Amzn-Trace-Id`.
//!
//! The X-Ray developer guide ("Tracing header") and the user guide of Application Load Balancers ("Request
//! tracing") describe the format of the header. The parser ignores invalid fields of the header.

use std::fmt;

use opentelemetry::trace::{SpanId, TraceId};

use super::trace::PropagatedTrace;

/// A parsed `X-Amzn-Trace-Id` header. The parser ignores further fields of the header, such as `Self` and
/// `Lineage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct XrayTraceHeader {
    /// `Root`: the trace id.
    root: TraceId,
    /// `Parent`: the id of the caller's span.
    parent: Option<SpanId>,
    /// `Sampled`: the sampling decision.
    sampled: Option<bool>,
}

impl XrayTraceHeader {
    /// Parses the value of an `X-Amzn-Trace-Id` header. Returns `None` if the header has no valid `Root`.
    ///
    /// If a field is repeated, the parser uses the first valid value. An invalid `Parent` or `Sampled` is
    /// ignored.
    pub fn parse(value: &str) -> Option<Self> {
        let mut root = None;
        let mut parent = None;
        let mut sampled = None;
        for field in value.split(';') {
            let Some((name, value)) = field.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("Root") {
                root = root.or_else(|| parse_trace_id(value));
            } else if name.eq_ignore_ascii_case("Parent") {
                parent = parent.or_else(|| parse_span_id(value));
            } else if name.eq_ignore_ascii_case("Sampled") {
                sampled = sampled.or_else(|| parse_sampling_decision(value));
            }
        }
        Some(Self {
            root: root?,
            parent,
            sampled,
        })
    }

    /// Creates the header for `trace`. Returns `None` if the trace id is invalid.
    pub fn from_trace(trace: &PropagatedTrace) -> Option<Self> {
        let trace_id = trace.span_context.trace_id();
        let span_id = trace.span_context.span_id();
        (trace_id != TraceId::INVALID).then_some(Self {
            root: trace_id,
            parent: (span_id != SpanId::INVALID).then_some(span_id),
            sampled: trace.sampled,
        })
    }
}

/// Parses an X-Ray trace id: `1-`, the time as 8 hexadecimal digits, `-`, and 24 random hexadecimal digits.
fn parse_trace_id(text: &str) -> Option<TraceId> {
    let (time, random) = text.strip_prefix("1-")?.split_once('-')?;
    let id = parse_hex(time, 8)? << 96 | parse_hex(random, 24)?;
    let id = TraceId::from(id);
    (id != TraceId::INVALID).then_some(id)
}

fn parse_span_id(text: &str) -> Option<SpanId> {
    let id = SpanId::from(u64::try_from(parse_hex(text, 16)?).ok()?);
    (id != SpanId::INVALID).then_some(id)
}

fn parse_sampling_decision(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// Parses a text of exactly `digit_count` hexadecimal digits.
fn parse_hex(text: &str, digit_count: usize) -> Option<u128> {
    // The function checks the digits itself, because `from_str_radix` also accepts a plus sign.
    let is_hex = text.len() == digit_count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok())?
}

impl fmt::Display for XrayTraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root={}", XrayTraceId(self.root))?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        if let Some(sampled) = self.sampled {
            write!(f, ";Sampled={}", u8::from(sampled))?;
        }
        Ok(())
    }
}

impl From<XrayTraceHeader> for PropagatedTrace {
    fn from(header: XrayTraceHeader) -> Self {
        Self::new(header.root, header.parent, header.sampled)
    }
}

/// Displays a trace id in X-Ray's format: `1-58406520-a006649127e371903a2de979`.
#[derive(Clone, Copy, Debug)]
pub struct XrayTraceId(pub TraceId);

impl fmt::Display for XrayTraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u128::from_be_bytes(self.0.to_bytes());
        // The formatting of `u64` needs less CPU time than the formatting of `u128`.
        let (high, low) = ((id >> 64) as u64, id as u64);
        let (time, random) = (high >> 32, high as u32);
        write!(f, "1-{time:08x}-{random:08x}{low:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRACE_ID: &str = "1-58406520-a006649127e371903a2de979";

    /// Parses a header, and formats the parsed fields as a header.
    fn parse_and_format(value: &str) -> Option<String> {
        XrayTraceHeader::parse(value).map(|header| header.to_string())
    }

    #[test]
    fn the_parser_accepts_the_example_headers_of_the_aws_guides() {
        for (text, expected) in [
            ("Root={}", "Root={}"),
            ("Root={};Sampled=1", "Root={};Sampled=1"),
            (
                "Root={};Parent=53995c3f42cd8ad8;Sampled=0",
                "Root={};Parent=53995c3f42cd8ad8;Sampled=0",
            ),
            // A load balancer adds the field `Self` to the header of the client.
            ("Self=1-67891234-12456789abcdef012345678;Root={}", "Root={}"),
            (
                "Root={};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5",
                "Root={};Parent=53995c3f42cd8ad8;Sampled=1",
            ),
        ] {
            let expected = expected.replace("{}", TRACE_ID);
            assert_eq!(
                parse_and_format(&text.replace("{}", TRACE_ID)),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn the_parser_ignores_invalid_and_repeated_fields() {
        for (text, expected) in [
            ("root={}", "Root={}"),
            (" Root = {} ; ", "Root={}"),
            ("Root={};;Sampled=?", "Root={}"),
            ("Root={};Sampled=yes;Parent=x", "Root={}"),
            ("Root={};Parent=0000000000000000", "Root={}"),
            (
                "Root={};Root=1-00000000-000000000000000000000001",
                "Root={}",
            ),
            ("garbage;Root={};=;a=b=c", "Root={}"),
        ] {
            let expected = expected.replace("{}", TRACE_ID);
            assert_eq!(
                parse_and_format(&text.replace("{}", TRACE_ID)),
                Some(expected),
                "{text}"
            );
        }
        let upper_case_header = "Root=1-58406520-A006649127E371903A2DE979";
        assert_eq!(
            parse_and_format(upper_case_header),
            Some(format!("Root={TRACE_ID}"))
        );
    }

    #[test]
    fn a_header_without_a_valid_root_is_ignored() {
        for text in [
            "",
            ";",
            "Sampled=1",
            "Self=1-67891234-12456789abcdef012345678",
            "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=",
            "Root=2-58406520-a006649127e371903a2de979",
            "Root=1-58406520-a006649127e371903a2de97",
            "Root=1-58406520-a006649127e371903a2de9799",
            "Root=1-5840652-0a006649127e371903a2de979",
            "Root=1-58406520-a006649127e371903a2de97g",
            "Root=1-+8406520-a006649127e371903a2de979",
            "Root=1-00000000-000000000000000000000000",
            "Root=58406520a006649127e371903a2de979",
            "Root=1-58406520-a006649127e371903a2de979-1",
        ] {
            assert_eq!(parse_and_format(text), None, "{text}");
        }
    }

    prop_compose! {
        fn any_header()(
            trace_id in 1..=u128::MAX,
            parent_id in proptest::option::of(1..=u64::MAX),
            sampled: Option<bool>,
        ) -> XrayTraceHeader {
            let root = TraceId::from(trace_id);
            XrayTraceHeader { root, parent: parent_id.map(SpanId::from), sampled }
        }
    }

    proptest! {
        #[test]
        fn parsing_a_formatted_header_returns_the_same_header(header in any_header()) {
            prop_assert_eq!(XrayTraceHeader::parse(&header.to_string()), Some(header));
            prop_assert_eq!(XrayTraceHeader::from_trace(&header.into()), Some(header));
        }

        #[test]
        fn the_parser_accepts_fields_in_any_order_and_ignores_unknown_fields(
            header in any_header(), unknown_field in "[a-z]{0,9}=?[a-z?]{0,9}", rotation in 0..3_usize
        ) {
            let text = header.to_string();
            let mut fields: Vec<_> = text.split(';').chain([unknown_field.as_str()]).collect();
            let rotation = rotation % fields.len();
            fields.rotate_left(rotation);
            prop_assert_eq!(XrayTraceHeader::parse(&fields.join(" ; ")), Some(header));
        }

        #[test]
        fn parsing_arbitrary_text_never_panics_and_never_returns_an_invalid_id(text in "\\PC{0,80}|(Root|Parent|Sampled|[=;0-9a-f-]){0,30}") {
            if let Some(header) = XrayTraceHeader::parse(&text) {
                prop_assert!(header.root != TraceId::INVALID);
                prop_assert!(header.parent != Some(SpanId::INVALID));
            }
        }
    }
}
