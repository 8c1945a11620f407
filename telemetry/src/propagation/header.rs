//! `X-Amzn-Trace-Id`, as the X-Ray guide ("Tracing header") and the load balancer's guide ("Request
//! tracing") describe it, and as clients misspell it.

use std::fmt;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::Upstream;

/// A header that names a trace. Fields that are not ours (`Self`, `Lineage`, …) are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    root: TraceId,
    parent: Option<SpanId>,
    sampled: Option<bool>,
}

impl TraceHeader {
    /// The header of a trace of which nothing more is known.
    pub fn root(root: TraceId) -> Self {
        Self {
            root,
            parent: None,
            sampled: None,
        }
    }

    /// Reads a header; there is none without a whole `Root`. Of a field that comes twice, the first
    /// counts; a parent that is none, and a decision other than 0 and 1, are as if not there.
    pub fn parse(text: &str) -> Option<Self> {
        let mut root = None;
        let mut parent = None;
        let mut sampled = None;
        for field in text.split(';') {
            let Some((name, value)) = field.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("Root") {
                root = root.or_else(|| trace_id(value));
            } else if name.eq_ignore_ascii_case("Parent") {
                parent = parent.or_else(|| span_id(value));
            } else if name.eq_ignore_ascii_case("Sampled") {
                sampled = sampled.or(match value {
                    "1" => Some(true),
                    "0" => Some(false),
                    _ => None,
                });
            }
        }
        Some(Self {
            root: root?,
            parent,
            sampled,
        })
    }
}

/// `1-` and 8 digits of time, `-` and 24 of chance; all hexadecimal.
fn trace_id(text: &str) -> Option<TraceId> {
    let (time, chance) = text.strip_prefix("1-")?.split_once('-')?;
    let time = u32::from_str_radix(hex(time, 8)?, 16).ok()?;
    let chance = u128::from_str_radix(hex(chance, 24)?, 16).ok()?;
    let id = TraceId::from(u128::from(time) << 96 | chance);
    (id != TraceId::INVALID).then_some(id)
}

fn span_id(text: &str) -> Option<SpanId> {
    let id = SpanId::from(u64::from_str_radix(hex(text, 16)?, 16).ok()?);
    (id != SpanId::INVALID).then_some(id)
}

fn hex(text: &str, digits: usize) -> Option<&str> {
    // Rust's own parsers take a sign too.
    let all = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then_some(text)
}

impl fmt::Display for TraceHeader {
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

impl From<TraceHeader> for Upstream {
    fn from(header: TraceHeader) -> Self {
        let parent = header.parent.unwrap_or(SpanId::INVALID);
        let flags = TraceFlags::default().with_sampled(header.sampled == Some(true));
        Self {
            span: SpanContext::new(header.root, parent, flags, true, TraceState::NONE),
            sampled: header.sampled,
        }
    }
}

impl TraceHeader {
    /// The header that says the same; none where there is no trace.
    pub fn of(upstream: &Upstream) -> Option<Self> {
        let Upstream { span, sampled } = upstream;
        (span.trace_id() != TraceId::INVALID).then(|| Self {
            root: span.trace_id(),
            parent: Some(span.span_id()).filter(|id| *id != SpanId::INVALID),
            sampled: *sampled,
        })
    }
}

/// A trace id in the form of X-Ray.
pub struct XrayTraceId(pub TraceId);

impl fmt::Display for XrayTraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u128::from_be_bytes(self.0.to_bytes());
        write!(f, "1-{:08x}-{:024x}", id >> 96, id & ((1 << 96) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROOT: &str = "1-58406520-a006649127e371903a2de979";

    fn parse(text: &str) -> Option<String> {
        TraceHeader::parse(text).map(|header| header.to_string())
    }

    #[test]
    fn the_headers_of_the_guides_are_understood() {
        for (text, understood) in [
            ("Root={}", "Root={}"),
            ("Root={};Sampled=1", "Root={};Sampled=1"),
            (
                "Root={};Parent=53995c3f42cd8ad8;Sampled=0",
                "Root={};Parent=53995c3f42cd8ad8;Sampled=0",
            ),
            // What a load balancer puts before the header of its client.
            ("Self=1-67891234-12456789abcdef012345678;Root={}", "Root={}"),
            (
                "Root={};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5",
                "Root={};Parent=53995c3f42cd8ad8;Sampled=1",
            ),
        ] {
            let understood = understood.replace("{}", ROOT);
            assert_eq!(parse(&text.replace("{}", ROOT)), Some(understood), "{text}");
        }
    }

    #[test]
    fn odd_headers_keep_what_makes_sense() {
        for (text, understood) in [
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
            let understood = understood.replace("{}", ROOT);
            assert_eq!(parse(&text.replace("{}", ROOT)), Some(understood), "{text}");
        }
        let upper = "Root=1-58406520-A006649127E371903A2DE979";
        assert_eq!(parse(upper), Some(format!("Root={ROOT}")));
    }

    #[test]
    fn without_a_whole_root_there_is_no_header() {
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
            assert_eq!(parse(text), None, "{text}");
        }
    }

    prop_compose! {
        fn headers()(
            root in 1..=u128::MAX,
            parent in proptest::option::of(1..=u64::MAX),
            sampled: Option<bool>,
        ) -> TraceHeader {
            let root = TraceId::from(root);
            TraceHeader { root, parent: parent.map(SpanId::from), sampled }
        }
    }

    proptest! {
        #[test]
        fn every_header_survives_text_and_context(header in headers()) {
            prop_assert_eq!(TraceHeader::parse(&header.to_string()), Some(header));
            prop_assert_eq!(TraceHeader::of(&header.into()), Some(header));
        }

        #[test]
        fn the_order_of_the_fields_and_what_is_between_them_do_not_matter(
            header in headers(), noise in "[a-z]{0,9}=?[a-z?]{0,9}", turn in 0..3_usize
        ) {
            let text = header.to_string();
            let mut fields: Vec<_> = text.split(';').chain([noise.as_str()]).collect();
            let turn = turn % fields.len();
            fields.rotate_left(turn);
            prop_assert_eq!(TraceHeader::parse(&fields.join(" ; ")), Some(header));
        }

        #[test]
        fn no_text_makes_the_parser_panic_or_an_id_that_is_none(text in "\\PC{0,80}|(Root|Parent|Sampled|[=;0-9a-f-]){0,30}") {
            if let Some(header) = TraceHeader::parse(&text) {
                prop_assert!(header.root != TraceId::INVALID);
                prop_assert!(header.parent != Some(SpanId::INVALID));
            }
        }
    }
}
