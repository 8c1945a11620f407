//! Which traces are kept: `OTEL_TRACES_SAMPLER` and its argument.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

use super::jaeger::JaegerRemote;
use crate::propagation::Upstream;
use crate::sampler::sampling_result;

/// The attribute by which a span says that it is not worth keeping: 0. The collector knows it too.
const PRIORITY: &str = "sampling.priority";

/// `OTEL_TRACES_SAMPLER`: `parentbased_` follows the caller's decision, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    follows_caller: bool,
    root: Root,
}

/// How a trace is decided that nobody has decided before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Root {
    /// Keep all.
    AlwaysOn,
    /// Keep none.
    AlwaysOff,
    /// Keep this share, from 0 to 1.
    Ratio(f64),
    /// Ask X-Ray's rules.
    Xray,
    /// Do as a server says that speaks Jaeger's protocol for samplers.
    JaegerRemote(JaegerRemote),
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            follows_caller: true,
            root: Root::Xray,
        }
    }
}

impl Sampling {
    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`; empty means not set.
    ///
    /// # Errors
    ///
    /// When there is no such sampler, or its argument is no share.
    pub(crate) fn parse(name: &str, argument: &str) -> Result<Self, String> {
        let (follows_caller, kind) = match name.strip_prefix("parentbased_") {
            Some(kind) => (true, kind),
            None => (false, name),
        };
        let root = match kind {
            "always_on" => Root::AlwaysOn,
            "always_off" => Root::AlwaysOff,
            "traceidratio" => Root::Ratio(ratio(argument)?),
            "jaeger_remote" => Root::JaegerRemote(JaegerRemote::parse(argument)?),
            "xray" | "" if !follows_caller => return Ok(Self::default()),
            _ => {
                return Err(format!(
                    "OTEL_TRACES_SAMPLER is '{name}': expected xray, always_on, always_off, \
                     traceidratio, jaeger_remote, or one of the last four with parentbased_ before it"
                ));
            }
        };
        Ok(Self {
            follows_caller,
            root,
        })
    }

    /// How undecided traces are decided.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }
}

fn ratio(argument: &str) -> Result<f64, String> {
    // Without an argument it is all, says the specification.
    let ratio = if argument.is_empty() { "1" } else { argument };
    let ratio = ratio
        .parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio));
    ratio.ok_or_else(|| {
        format!("OTEL_TRACES_SAMPLER_ARG is '{argument}': expected a share from 0 to 1")
    })
}

/// The sampler of this process.
#[derive(Clone, Debug)]
pub(crate) struct Decider {
    follows_caller: bool,
    root: Box<dyn ShouldSample>,
}

impl Decider {
    /// A sampler that asks `root` where nothing is decided.
    pub fn new(sampling: &Sampling, root: Box<dyn ShouldSample>) -> Self {
        Self {
            follows_caller: sampling.follows_caller,
            root,
        }
    }

    /// Records nothing, whatever the caller wants.
    pub fn never() -> Self {
        Self {
            follows_caller: false,
            root: Box::new(Sampler::AlwaysOff),
        }
    }
}

impl ShouldSample for Decider {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let unwanted = attributes.iter().any(|attribute| {
            attribute.key.as_str() == PRIORITY && attribute.value == Value::I64(0)
        });
        let decided = if unwanted {
            Some(false)
        } else {
            parent.and_then(|cx| decision(cx, self.follows_caller))
        };
        match decided {
            Some(sampled) => sampling_result(sampled, parent),
            None => {
                let root = &self.root;
                root.should_sample(parent, trace_id, name, kind, attributes, links)
            }
        }
    }
}

/// The decision that holds in `cx`, if there is one.
///
/// A span of this process has decided for those within it, whatever the sampler: a trace of which
/// one process keeps a part at random can be read by nobody.
fn decision(cx: &Context, follows_caller: bool) -> Option<bool> {
    let span = cx.span();
    let span = span.span_context();
    if span.is_valid() && !span.is_remote() {
        return Some(span.is_sampled());
    }
    if !follows_caller {
        return None;
    }
    cx.get::<Upstream>()?.sampled
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    fn caller(parent: u64, sampled: Option<bool>) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled == Some(true));
        let span = SpanContext::new(
            TraceId::from(1),
            SpanId::from(parent),
            flags,
            true,
            TraceState::NONE,
        );
        let cx = match parent {
            0 => Context::new(),
            _ => Context::new().with_remote_span_context(span.clone()),
        };
        cx.with_value(Upstream { span, sampled })
    }

    fn keeps(sampler: &str, cx: &Context, attributes: &[KeyValue]) -> bool {
        let sampling = Sampling::parse(sampler, "").unwrap();
        let root = match sampling.root() {
            Root::AlwaysOff => Sampler::AlwaysOff,
            _ => Sampler::AlwaysOn,
        };
        let decider = Decider::new(&sampling, Box::new(root));
        let server = SpanKind::Server;
        let id = TraceId::from(1);
        let result = decider.should_sample(Some(cx), id, "", &server, attributes, &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    #[test]
    fn a_decision_of_the_caller_holds_with_and_without_a_parent() {
        for parent in [0, 7] {
            assert!(keeps(
                "parentbased_always_off",
                &caller(parent, Some(true)),
                &[]
            ));
            assert!(!keeps(
                "parentbased_always_on",
                &caller(parent, Some(false)),
                &[]
            ));
            assert!(!keeps("xray", &caller(parent, Some(false)), &[]));
            assert!(!keeps("", &caller(parent, Some(false)), &[]));
        }
    }

    #[test]
    fn what_the_caller_left_open_is_decided_here() {
        for parent in [0, 7] {
            assert!(keeps("parentbased_always_on", &caller(parent, None), &[]));
            assert!(!keeps("parentbased_always_off", &caller(parent, None), &[]));
        }
    }

    #[test]
    fn a_sampler_without_parentbased_decides_by_itself() {
        assert!(keeps("always_on", &caller(7, Some(false)), &[]));
        assert!(!keeps("always_off", &caller(7, Some(true)), &[]));
    }

    #[test]
    fn a_span_of_this_process_is_followed_by_those_within_it() {
        let id = SpanId::from(7);
        let local = |flags| SpanContext::new(1.into(), id, flags, false, TraceState::NONE);
        let kept = Context::new().with_remote_span_context(local(TraceFlags::SAMPLED));
        let dropped = Context::new().with_remote_span_context(local(TraceFlags::default()));
        assert!(keeps("always_off", &kept, &[]));
        assert!(!keeps("always_on", &dropped, &[]));
    }

    #[test]
    fn a_span_that_is_not_wanted_is_dropped_whoever_asks_for_it() {
        let unwanted = [KeyValue::new(PRIORITY, 0)];
        assert!(!keeps("always_on", &Context::new(), &unwanted));
        assert!(!keeps("xray", &caller(7, Some(true)), &unwanted));
    }

    #[test]
    fn what_is_no_sampler_or_no_share_is_named() {
        let error = Sampling::parse("sometimes", "").unwrap_err();
        assert!(
            error.starts_with("OTEL_TRACES_SAMPLER is 'sometimes'"),
            "{error}"
        );
        for name in ["parentbased_xray", "parentbased_", "jaeger"] {
            assert!(Sampling::parse(name, "").is_err(), "{name}");
        }
        for share in ["2", "-0.1", "NaN", "x"] {
            let error = Sampling::parse("traceidratio", share).unwrap_err();
            assert!(error.starts_with("OTEL_TRACES_SAMPLER_ARG is"), "{error}");
        }
        let half = Sampling::parse("parentbased_traceidratio", "0.5").unwrap();
        assert_eq!((half.follows_caller, half.root), (true, Root::Ratio(0.5)));
    }
}
