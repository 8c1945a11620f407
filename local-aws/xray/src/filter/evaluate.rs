//! Evaluates an expression for a trace.
//!
//! A comparison with an absent value is false, even if the operator is `!=`. If a keyword or an annotation
//! has several values, a comparison is true if one value matches. A comparison by `!=` is true only if all
//! values differ from the literal.

use super::json;
use super::keyword::{FlagKeyword, Keyword, NumberKeyword, TextKeyword};
use super::subject::{self, PathElement, SegmentSubject, Subject};
use super::tree::{
    AnnotationCondition, CauseKind, CausePart, Expression, NodePattern, NumberOperator,
    TextOperator,
};
use crate::root_cause::{self, RootCause};
use crate::summary;
use crate::trace::{AnnotationValue, CLIENT_NODE_TYPE, Call, Caller, Entity, Trace};

/// A group that an expression can refer to.
#[derive(Clone, Debug)]
pub struct NamedGroup {
    pub name: String,
    pub arn: String,
    /// The filter of the group. If the field is `None`, the group contains all traces.
    pub(super) expression: Option<Expression>,
}

impl NamedGroup {
    fn contains(&self, trace: &Trace) -> bool {
        let expression = self.expression.as_ref();
        expression.is_none_or(|expression| matches(expression, trace, &[]))
    }
}

/// Whether the trace matches the expression.
pub fn matches(expression: &Expression, trace: &Trace, groups: &[NamedGroup]) -> bool {
    let subject = TraceSubject { trace, groups };
    evaluate(expression, &subject, &|function| match function {
        Expression::Service(node, condition) => {
            let mut segments = matching_segments(trace, node, condition.as_deref());
            segments.next().is_some()
        }
        Expression::Edge(from, to, condition) => {
            let mut calls = matching_calls(trace, from, to, condition.as_deref());
            calls.next().is_some()
        }
        Expression::RootCause(kind, part, condition) => {
            has_root_cause(trace, *kind, *part, condition.as_deref())
        }
        Expression::RootCauseJson(patterns) => {
            json::all_patterns_match(patterns, &summary::all_root_causes_json(trace))
        }
        _ => false,
    })
}

/// Returns the indices of the segments that `service(node) { condition }` matches.
pub fn matching_segments<'a>(
    trace: &'a Trace,
    node: &'a NodePattern,
    condition: Option<&'a Expression>,
) -> impl Iterator<Item = usize> + 'a {
    let segments = trace.segments().filter(move |(index, segment)| {
        let is_selected =
            matches_node(node, segment) || (segment.is_entry && matches_client_node(node, segment));
        is_selected && meets_condition(condition, trace, *index)
    });
    segments.map(|(index, _)| index)
}

/// Returns the calls that `edge(from, to) { condition }` matches.
pub fn matching_calls<'a>(
    trace: &'a Trace,
    from: &'a NodePattern,
    to: &'a NodePattern,
    condition: Option<&'a Expression>,
) -> impl Iterator<Item = Call> + 'a {
    trace.calls().filter(move |call| {
        let callee = &trace.entities[call.callee_index];
        matches_node(to, callee)
            && match call.caller {
                Caller::Client => matches_client_node(from, callee),
                Caller::Service(index) => matches_node(from, &trace.entities[index]),
            }
            && meets_condition(condition, trace, call.measured_index)
    })
}

fn meets_condition(condition: Option<&Expression>, trace: &Trace, index: usize) -> bool {
    let subject = SegmentSubject { trace, index };
    condition.is_none_or(|condition| evaluate(condition, &subject, &|_| false))
}

/// Whether the pattern matches the segment's node.
fn matches_node(pattern: &NodePattern, segment: &Entity) -> bool {
    let Some(node) = &segment.node else {
        return false;
    };
    let fields = segment.search_fields.as_ref();
    let account_id = fields.and_then(|fields| fields.account_id.as_deref());
    matches_property(&pattern.name, Some(&node.name))
        && matches_property(&pattern.node_type, Some(&node.kind))
        && matches_property(&pattern.account_id, account_id)
}

/// Whether the pattern matches the client node that calls the given segment. A client node has the same name
/// as the called segment.
fn matches_client_node(pattern: &NodePattern, segment: &Entity) -> bool {
    let name = segment.node.as_ref().map(|node| &*node.name);
    pattern.account_id.is_none()
        && matches_property(&pattern.name, name)
        && matches_property(&pattern.node_type, Some(CLIENT_NODE_TYPE))
}

fn matches_property(pattern: &Option<String>, value: Option<&str>) -> bool {
    let pattern = pattern.as_deref();
    pattern.is_none_or(|pattern| value == Some(pattern))
}

fn has_root_cause(
    trace: &Trace,
    kind: CauseKind,
    part: CausePart,
    condition: Option<&Expression>,
) -> bool {
    let causes = match kind {
        CauseKind::Fault => {
            root_cause::find_failure_root_causes(trace, |entity| entity.flags.fault)
        }
        CauseKind::Error => {
            root_cause::find_failure_root_causes(trace, |entity| entity.flags.error)
        }
        CauseKind::ResponseTime => root_cause::find_response_time_root_cause(trace)
            .into_iter()
            .collect(),
    };
    causes.iter().any(|cause| match part {
        CausePart::Service => {
            let services: Vec<_> = cause.services.iter().collect();
            any_element_meets(trace, &services, condition)
        }
        CausePart::Entity => any_element_meets(trace, &path_entities(trace, cause), condition),
        CausePart::Exception => {
            let fields = path_entities(trace, cause)
                .into_iter()
                .filter_map(|entity| entity.search_fields.as_ref());
            let exceptions: Vec<_> = fields.flat_map(|fields| &fields.exceptions).collect();
            any_element_meets(trace, &exceptions, condition)
        }
    })
}

/// Returns the entities on the path of a root cause.
fn path_entities<'a>(trace: &'a Trace, cause: &RootCause) -> Vec<&'a Entity> {
    let indices = cause
        .services
        .iter()
        .flat_map(|service| &service.entity_indexes);
    indices.map(|index| &trace.entities[*index]).collect()
}

/// Whether an element of a root cause's path meets the condition.
fn any_element_meets<'a, T: Copy>(
    trace: &'a Trace,
    elements: &[T],
    condition: Option<&Expression>,
) -> bool
where
    PathElement<'a, T>: Subject,
{
    elements.iter().enumerate().any(|(position, element)| {
        let subject = PathElement {
            trace,
            element: *element,
            position,
            count: elements.len(),
        };
        condition.is_none_or(|condition| evaluate(condition, &subject, &|_| false))
    })
}

/// Whether the expression is true for `subject`. The closure `evaluate_function` evaluates `service()`, `edge()` and
/// `rootcause`, because these functions need a whole trace.
fn evaluate(
    expression: &Expression,
    subject: &impl Subject,
    evaluate_function: &impl Fn(&Expression) -> bool,
) -> bool {
    let evaluate_part = |part| evaluate(part, subject, evaluate_function);
    match expression {
        Expression::And(parts) => parts.iter().all(evaluate_part),
        Expression::Or(parts) => parts.iter().any(evaluate_part),
        Expression::Not(part) => !evaluate_part(part),
        Expression::Flag(keyword, value) => subject.flag_value(*keyword) == *value,
        Expression::Number(keyword, operator, value) => {
            let number = subject.number_value(*keyword);
            number.is_some_and(|number| operator.compare(number, *value))
        }
        Expression::Text(keyword, operator, value) => {
            matches_texts(*operator, value, |predicate| {
                subject.any_text(*keyword, predicate)
            })
        }
        Expression::IsSet(Keyword::Flag(keyword)) => subject.flag_value(*keyword),
        Expression::IsSet(Keyword::Number(keyword)) => subject.number_value(*keyword).is_some(),
        Expression::IsSet(Keyword::Text(keyword)) => subject.any_text(*keyword, &mut |_| true),
        Expression::Annotation(key, condition) => annotation_meets(key, condition, subject),
        Expression::Service(..)
        | Expression::Edge(..)
        | Expression::RootCause(..)
        | Expression::RootCauseJson(_) => evaluate_function(expression),
    }
}

/// Whether the comparison `text operator value` is true for the texts of a keyword or an annotation.
/// `any_text` returns whether a predicate is true for at least one of the texts.
fn matches_texts(
    operator: TextOperator,
    value: &str,
    any_text: impl Fn(&mut dyn FnMut(&str) -> bool) -> bool,
) -> bool {
    match operator {
        TextOperator::Equal => any_text(&mut |text| text == value),
        TextOperator::NotEqual => any_text(&mut |_| true) && !any_text(&mut |text| text == value),
        TextOperator::Contains => any_text(&mut |text| text.contains(value)),
        TextOperator::BeginsWith => any_text(&mut |text| text.starts_with(value)),
        TextOperator::EndsWith => any_text(&mut |text| text.ends_with(value)),
    }
}

fn annotation_meets(key: &str, condition: &AnnotationCondition, subject: &impl Subject) -> bool {
    let any_value = |predicate: &mut dyn FnMut(&AnnotationValue) -> bool| {
        subject.any_annotation(key, predicate)
    };
    let any_flag = |predicate: &dyn Fn(bool) -> bool| {
        any_value(
            &mut |annotation| matches!(annotation, AnnotationValue::Boolean(flag) if predicate(*flag)),
        )
    };
    let any_number = |predicate: &dyn Fn(f64) -> bool| {
        any_value(
            &mut |annotation| matches!(annotation, AnnotationValue::Number(number) if predicate(*number)),
        )
    };
    match condition {
        AnnotationCondition::IsSet => {
            any_value(&mut |annotation| *annotation != AnnotationValue::Boolean(false))
        }
        AnnotationCondition::FlagEquals(value) => any_flag(&|flag| flag == *value),
        AnnotationCondition::FlagDiffers(value) => {
            any_flag(&|_| true) && !any_flag(&|flag| flag == *value)
        }
        AnnotationCondition::Number(NumberOperator::NotEqual, value) => {
            any_number(&|_| true) && !any_number(&|number| number == *value)
        }
        AnnotationCondition::Number(operator, value) => {
            any_number(&|number| operator.compare(number, *value))
        }
        AnnotationCondition::Text(operator, value) => {
            matches_texts(*operator, value, |predicate| {
                any_value(&mut |annotation| match annotation {
                    AnnotationValue::Text(text) => predicate(text),
                    _ => false,
                })
            })
        }
    }
}

/// Evaluates keywords for a whole trace. Most keywords refer to the root segment. Some keywords refer to any segment or
/// to the trace.
#[derive(Clone, Copy)]
struct TraceSubject<'a> {
    trace: &'a Trace,
    groups: &'a [NamedGroup],
}

impl<'a> TraceSubject<'a> {
    fn root_segment(&self) -> Option<SegmentSubject<'a>> {
        Some(SegmentSubject {
            trace: self.trace,
            index: self.trace.root_index?,
        })
    }

    /// Returns the groups that the trace belongs to.
    fn containing_groups(&self) -> impl Iterator<Item = &NamedGroup> {
        let groups = self.groups.iter();
        groups.filter(|group| group.contains(self.trace))
    }
}

impl Subject for TraceSubject<'_> {
    fn flag_value(&self, keyword: FlagKeyword) -> bool {
        match keyword {
            FlagKeyword::Partial => self.trace.is_partial(),
            FlagKeyword::Inferred => self.trace.has_inferred(),
            _ => self
                .root_segment()
                .is_some_and(|root| root.flag_value(keyword)),
        }
    }

    fn number_value(&self, keyword: NumberKeyword) -> Option<f64> {
        match keyword {
            NumberKeyword::Duration => Some(self.trace.duration().seconds()),
            _ => self.root_segment()?.number_value(keyword),
        }
    }

    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool {
        match keyword {
            TextKeyword::User
            | TextKeyword::AvailabilityZone
            | TextKeyword::InstanceId
            | TextKeyword::ResourceArn => {
                self.trace.entities.iter().any(|entity| {
                    subject::entity_text(entity, keyword).is_some_and(&mut *predicate)
                })
            }
            TextKeyword::GroupName => self.containing_groups().any(|group| predicate(&group.name)),
            TextKeyword::GroupArn => self.containing_groups().any(|group| predicate(&group.arn)),
            _ => {
                let root = self.root_segment();
                root.is_some_and(|root| root.any_text(keyword, predicate))
            }
        }
    }

    fn any_annotation(
        &self,
        key: &str,
        predicate: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        subject::any_annotation(self.trace.entities.iter(), key, predicate)
    }
}
