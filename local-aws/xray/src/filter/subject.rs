//! Values of keywords for a segment, a call, or an element on the path of a root cause.

use std::sync::Arc;

use super::keyword::{FlagKeyword, NumberKeyword, TextKeyword};
use crate::root_cause::{self, RootCauseService};
use crate::trace::{AnnotationValue, Entity, EntityKind, Exception, SearchFields, Trace};

/// An object that an expression is evaluated for. A subject provides the values of the keywords in the
/// expression.
pub trait Subject {
    /// Returns the value of a flag keyword. Returns `false` if the subject does not have the flag.
    fn flag_value(&self, keyword: FlagKeyword) -> bool;

    /// Returns the value of a number keyword. Returns `None` if the subject does not have the number.
    fn number_value(&self, keyword: NumberKeyword) -> Option<f64>;

    /// Whether the predicate is true for one of the keyword's texts.
    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool;

    /// Whether the predicate is true for one of the values of the annotation with the given key.
    fn any_annotation(
        &self,
        _key: &str,
        _predicate: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        false
    }
}

/// A segment including its subsegments, or the subsegment of a call.
#[derive(Clone, Copy)]
pub struct SegmentSubject<'a> {
    pub trace: &'a Trace,
    /// Index of the segment or subsegment among the trace's entities.
    pub index: usize,
}

/// A service, entity or exception on the path of a root cause.
#[derive(Clone, Copy)]
pub struct PathElement<'a, T> {
    pub trace: &'a Trace,
    pub element: T,
    /// Position of the element on the path. The first element has position 0.
    pub position: usize,
    /// Number of elements on the path.
    pub count: usize,
}

impl<'a> SegmentSubject<'a> {
    fn entity(&self) -> &'a Entity {
        &self.trace.entities[self.index]
    }
}

impl Subject for SegmentSubject<'_> {
    fn flag_value(&self, keyword: FlagKeyword) -> bool {
        let entity = self.entity();
        match keyword {
            FlagKeyword::Ok => entity.flags.is_ok(),
            FlagKeyword::Error => entity.flags.error,
            FlagKeyword::Throttle => entity.flags.throttle,
            FlagKeyword::Fault => entity.flags.fault,
            FlagKeyword::Partial => entity.end.is_none(),
            FlagKeyword::Inferred => entity.kind == EntityKind::Inferred,
            FlagKeyword::Root => self.trace.root_index == Some(self.index),
            FlagKeyword::First | FlagKeyword::Last | FlagKeyword::Remote => false,
        }
    }

    fn number_value(&self, keyword: NumberKeyword) -> Option<f64> {
        let entity = self.entity();
        match keyword {
            NumberKeyword::ResponseTime | NumberKeyword::Duration => {
                Some(entity.duration()?.seconds())
            }
            NumberKeyword::Status => Some(entity.search_fields.as_ref()?.status? as f64),
            NumberKeyword::Index | NumberKeyword::Coverage => None,
        }
    }

    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool {
        let entity = self.entity();
        match keyword {
            TextKeyword::Message => {
                let parts = self.trace.segment_with_subsegments(self.index);
                let fields = parts.filter_map(|part| part.search_fields.as_ref());
                let mut exceptions = fields.flat_map(|fields| &fields.exceptions);
                exceptions
                    .any(|exception| exception.message.as_deref().is_some_and(&mut *predicate))
            }
            TextKeyword::Name => {
                predicate(entity.node.as_ref().map_or(&entity.name, |node| &node.name))
            }
            TextKeyword::Type => {
                let node = entity.node.as_ref();
                node.is_some_and(|node| !node.kind.is_empty() && predicate(&node.kind))
            }
            _ => entity_text(entity, keyword).is_some_and(predicate),
        }
    }

    fn any_annotation(
        &self,
        key: &str,
        predicate: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        any_annotation(
            self.trace.segment_with_subsegments(self.index),
            key,
            predicate,
        )
    }
}

impl<T> PathElement<'_, T> {
    fn position_flag(&self, keyword: FlagKeyword) -> bool {
        match keyword {
            FlagKeyword::First => self.position == 0,
            FlagKeyword::Last => self.position + 1 == self.count,
            _ => false,
        }
    }

    fn position_number(&self, keyword: NumberKeyword) -> Option<f64> {
        (keyword == NumberKeyword::Index).then_some(self.position as f64)
    }
}

/// Keywords of a service on the path of a root cause.
impl Subject for PathElement<'_, &RootCauseService> {
    fn flag_value(&self, keyword: FlagKeyword) -> bool {
        match (keyword, self.element.segment_index) {
            (FlagKeyword::Inferred, Some(index)) => {
                self.trace.entities[index].kind == EntityKind::Inferred
            }
            _ => self.position_flag(keyword),
        }
    }

    fn number_value(&self, keyword: NumberKeyword) -> Option<f64> {
        self.position_number(keyword)
    }

    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(index) = self.element.segment_index else {
            return false;
        };
        let trace = self.trace;
        SegmentSubject { trace, index }.any_text(keyword, predicate)
    }
}

/// Keywords of an entity on the path of a root cause.
impl Subject for PathElement<'_, &Entity> {
    fn flag_value(&self, keyword: FlagKeyword) -> bool {
        match keyword {
            FlagKeyword::Remote => root_cause::is_remote(self.element),
            _ => self.position_flag(keyword),
        }
    }

    fn number_value(&self, keyword: NumberKeyword) -> Option<f64> {
        match keyword {
            NumberKeyword::Coverage => root_cause::root_coverage(self.trace, self.element),
            _ => self.position_number(keyword),
        }
    }

    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool {
        keyword == TextKeyword::Name && predicate(&self.element.name)
    }
}

/// Keywords of an exception of an entity on the path of a root cause.
impl Subject for PathElement<'_, &Exception> {
    fn flag_value(&self, keyword: FlagKeyword) -> bool {
        self.position_flag(keyword)
    }

    fn number_value(&self, keyword: NumberKeyword) -> Option<f64> {
        self.position_number(keyword)
    }

    fn any_text(&self, keyword: TextKeyword, predicate: &mut dyn FnMut(&str) -> bool) -> bool {
        let text = match keyword {
            TextKeyword::Name => &self.element.kind,
            TextKeyword::Message => &self.element.message,
            _ => &None,
        };
        text.as_deref().is_some_and(predicate)
    }
}

/// Returns the value of a keyword for one entity. Returns `None` for a keyword whose value depends on other
/// entities.
pub fn entity_text(entity: &Entity, keyword: TextKeyword) -> Option<&str> {
    let fields: &SearchFields = entity.search_fields.as_ref()?;
    let text: &Option<Arc<str>> = match keyword {
        TextKeyword::Url => &fields.url,
        TextKeyword::Method => &fields.method,
        TextKeyword::UserAgent => &fields.user_agent,
        TextKeyword::ClientIp => &fields.client_ip,
        TextKeyword::User => &fields.user,
        TextKeyword::AvailabilityZone => &fields.availability_zone,
        TextKeyword::InstanceId => &fields.instance_id,
        TextKeyword::ResourceArn => &fields.resource_arn,
        TextKeyword::AccountId => &fields.account_id,
        TextKeyword::Name
        | TextKeyword::Type
        | TextKeyword::Message
        | TextKeyword::GroupName
        | TextKeyword::GroupArn => &None,
    };
    text.as_deref()
}

/// Whether one of the entities has an annotation with the given key and with a value for which the predicate
/// is true.
pub fn any_annotation<'a>(
    entities: impl Iterator<Item = &'a Entity>,
    key: &str,
    predicate: &mut dyn FnMut(&AnnotationValue) -> bool,
) -> bool {
    let fields = entities.filter_map(|entity| entity.search_fields.as_ref());
    let mut annotations = fields.flat_map(|fields| &fields.annotations);
    annotations.any(|(name, value)| &**name == key && predicate(value))
}
