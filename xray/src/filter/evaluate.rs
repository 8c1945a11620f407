//! Whether a trace is as an expression says.
//!
//! What is not there is not equal, not unequal, not less and not greater: a comparison with it is false. Of
//! several values, one that fits is enough; for `!=`, all must be other than the one named.

use super::Group;
use super::json;
use super::keyword::Keyword;
use super::subject::{CausePart, Segment, Subject, WholeTrace};
use super::tree::{AnnotationTest, Cause, Expression, Id, Match, Order, Part};
use crate::root_cause::{self, RootCause};
use crate::summary;
use crate::trace::{AnnotationValue, CLIENT_NODE_TYPE, Call, Caller, Entity, Trace};

/// Whether the trace is as the expression says.
pub fn matches(expression: &Expression, trace: &Trace, groups: &[Group]) -> bool {
    let whole = WholeTrace { trace, groups };
    holds(expression, &whole, &|complex| match complex {
        Expression::Service(id, inner) => services(trace, id, inner.as_deref()).next().is_some(),
        Expression::Edge(from, to, inner) => {
            edges(trace, from, to, inner.as_deref()).next().is_some()
        }
        Expression::RootCause(cause, part, inner) => {
            has_cause(trace, *cause, *part, inner.as_deref())
        }
        Expression::RootCauseJson(patterns) => {
            json::finds(patterns, &summary::all_root_causes(trace))
        }
        _ => false,
    })
}

/// The places of the segments that `service(id) {inner}` speaks of.
pub fn services<'a>(
    trace: &'a Trace,
    id: &'a Id,
    inner: Option<&'a Expression>,
) -> impl Iterator<Item = usize> + 'a {
    let segments = trace.segments().filter(move |(place, segment)| {
        let is_node = is_entity(id, segment) || (segment.is_entry && is_client(id, segment));
        is_node && inner_holds(inner, trace, *place)
    });
    segments.map(|(place, _)| place)
}

/// The calls that `edge(from, to) {inner}` speaks of.
pub fn edges<'a>(
    trace: &'a Trace,
    from: &'a Id,
    to: &'a Id,
    inner: Option<&'a Expression>,
) -> impl Iterator<Item = Call> + 'a {
    trace.calls().filter(move |call| {
        let callee = &trace.entities[call.callee_index];
        is_entity(to, callee)
            && match call.caller {
                Caller::Client => is_client(from, callee),
                Caller::Service(place) => is_entity(from, &trace.entities[place]),
            }
            && inner_holds(inner, trace, call.measured_index)
    })
}

fn inner_holds(inner: Option<&Expression>, trace: &Trace, place: usize) -> bool {
    inner.is_none_or(|inner| holds(inner, &Segment { trace, place }, &|_| false))
}

/// Whether the segment's node is one of these.
fn is_entity(id: &Id, segment: &Entity) -> bool {
    let Some(node) = &segment.node else {
        return false;
    };
    let account = segment
        .search_fields
        .as_ref()
        .and_then(|fields| fields.account_id.as_deref());
    is_named(&id.name, Some(&node.name))
        && is_named(&id.kind, Some(&node.kind))
        && is_named(&id.account, account)
}

/// Whether the node that stands for those who call this segment from outside is one of these.
fn is_client(id: &Id, segment: &Entity) -> bool {
    let name = segment.node.as_ref().map(|node| &*node.name);
    id.account.is_none() && is_named(&id.name, name) && is_named(&id.kind, Some(CLIENT_NODE_TYPE))
}

fn is_named(wanted: &Option<String>, name: Option<&str>) -> bool {
    wanted.as_deref().is_none_or(|wanted| name == Some(wanted))
}

fn has_cause(trace: &Trace, cause: Cause, part: Part, inner: Option<&Expression>) -> bool {
    let causes = match cause {
        Cause::Fault => root_cause::failure_root_causes(trace, |entity| entity.flags.fault),
        Cause::Error => root_cause::failure_root_causes(trace, |entity| entity.flags.error),
        Cause::ResponseTime => root_cause::response_time_root_cause(trace)
            .into_iter()
            .collect(),
    };
    causes.iter().any(|cause| match part {
        Part::Service => any_part(trace, &cause.services.iter().collect::<Vec<_>>(), inner),
        Part::Entity => any_part(trace, &entities(trace, cause), inner),
        Part::Exception => {
            let fields = entities(trace, cause)
                .into_iter()
                .filter_map(|entity| entity.search_fields.as_ref());
            let exceptions: Vec<_> = fields.flat_map(|fields| &fields.exceptions).collect();
            any_part(trace, &exceptions, inner)
        }
    })
}

fn entities<'a>(trace: &'a Trace, cause: &RootCause) -> Vec<&'a Entity> {
    let places = cause
        .services
        .iter()
        .flat_map(|service| &service.entity_indexes);
    places.map(|place| &trace.entities[*place]).collect()
}

fn any_part<'a, T: Copy>(trace: &'a Trace, parts: &[T], inner: Option<&Expression>) -> bool
where
    CausePart<'a, T>: Subject,
{
    parts.iter().enumerate().any(|(index, part)| {
        let subject = CausePart {
            trace,
            part: *part,
            index,
            count: parts.len(),
        };
        inner.is_none_or(|inner| holds(inner, &subject, &|_| false))
    })
}

/// Whether it holds of `subject`; `complex` answers for what only a whole trace has.
fn holds(
    expression: &Expression,
    subject: &impl Subject,
    complex: &impl Fn(&Expression) -> bool,
) -> bool {
    match expression {
        Expression::All(parts) => parts.iter().all(|part| holds(part, subject, complex)),
        Expression::Any(parts) => parts.iter().any(|part| holds(part, subject, complex)),
        Expression::Not(part) => !holds(part, subject, complex),
        Expression::Flag(flag, wanted) => subject.flag(*flag) == *wanted,
        Expression::Number(number, order, value) => {
            let found = subject.number(*number);
            found.is_some_and(|found| order.holds(found, *value))
        }
        Expression::Text(text, Match::Unequal, value) => {
            subject.any_text(*text, &mut |_| true)
                && !subject.any_text(*text, &mut |found| found == value)
        }
        Expression::Text(text, how, value) => {
            subject.any_text(*text, &mut |found| how.finds(found, value))
        }
        Expression::Has(Keyword::Flag(flag)) => subject.flag(*flag),
        Expression::Has(Keyword::Number(number)) => subject.number(*number).is_some(),
        Expression::Has(Keyword::Text(text)) => subject.any_text(*text, &mut |_| true),
        Expression::Annotation(key, test) => has_annotation(key, test, subject),
        Expression::Service(..)
        | Expression::Edge(..)
        | Expression::RootCause(..)
        | Expression::RootCauseJson(_) => complex(expression),
    }
}

fn has_annotation(key: &str, test: &AnnotationTest, subject: &impl Subject) -> bool {
    let any = |is_wanted: &mut dyn FnMut(&AnnotationValue) -> bool| {
        subject.any_annotation(key, is_wanted)
    };
    // Of several values of the asked type, `!=` wants each to differ.
    let is_unequal = |has_type: fn(&AnnotationValue) -> bool, value: &AnnotationValue| {
        any(&mut |found| has_type(found)) && !any(&mut |found| found == value)
    };
    match test {
        AnnotationTest::Holds => any(&mut |found| *found != AnnotationValue::Flag(false)),
        AnnotationTest::Flag(wanted) => any(&mut |found| *found == AnnotationValue::Flag(*wanted)),
        AnnotationTest::FlagUnequal(value) => is_unequal(
            |found| matches!(found, AnnotationValue::Flag(_)),
            &AnnotationValue::Flag(*value),
        ),
        AnnotationTest::Number(Order::Unequal, value) => is_unequal(
            |found| matches!(found, AnnotationValue::Number(_)),
            &AnnotationValue::Number(*value),
        ),
        AnnotationTest::Number(order, value) => any(&mut |found| match found {
            AnnotationValue::Number(found) => order.holds(*found, *value),
            _ => false,
        }),
        AnnotationTest::Text(Match::Unequal, value) => {
            any(&mut |found| matches!(found, AnnotationValue::Text(_)))
                && !any(
                    &mut |found| matches!(found, AnnotationValue::Text(found) if **found == **value),
                )
        }
        AnnotationTest::Text(how, value) => any(&mut |found| match found {
            AnnotationValue::Text(found) => how.finds(found, value),
            _ => false,
        }),
    }
}
