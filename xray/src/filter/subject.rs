//! What an expression can be about, and how each answers the keywords.

use std::sync::Arc;

use super::Group;
use super::keyword::{Flag, Number, Text};
use crate::root_cause::{self, RootCauseService};
use crate::trace::{AnnotationValue, Entity, EntityKind, Exception, SearchFields, Trace};

/// Something that a keyword can be asked of. What it does not have is false, or not there.
pub trait Subject {
    /// Whether it is so.
    fn flag(&self, flag: Flag) -> bool;

    /// The number, if there is one.
    fn number(&self, number: Number) -> Option<f64>;

    /// Whether one of the texts is as wanted.
    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool;

    /// Whether one of the values of this annotation is as wanted.
    fn any_annotation(
        &self,
        _key: &str,
        _is_wanted: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        false
    }
}

/// A whole trace. Its root answers, except where the guide says "any segment".
#[derive(Clone, Copy)]
pub struct WholeTrace<'a> {
    pub trace: &'a Trace,
    pub groups: &'a [Group],
}

/// A segment with its subsegments, or a call alone.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    pub trace: &'a Trace,
    pub place: usize,
}

/// A part of a root cause, with its place among `count`.
#[derive(Clone, Copy)]
pub struct CausePart<'a, T> {
    pub trace: &'a Trace,
    pub part: T,
    pub index: usize,
    pub count: usize,
}

impl Subject for WholeTrace<'_> {
    fn flag(&self, flag: Flag) -> bool {
        match flag {
            Flag::Partial => self.trace.is_partial(),
            Flag::Inferred => self.trace.has_inferred(),
            _ => self.root().is_some_and(|root| root.flag(flag)),
        }
    }

    fn number(&self, number: Number) -> Option<f64> {
        match number {
            Number::Duration => Some(self.trace.duration().seconds()),
            _ => self.root()?.number(number),
        }
    }

    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        match text {
            Text::User | Text::AvailabilityZone | Text::InstanceId | Text::ResourceArn => {
                let mut entities = self.trace.entities.iter();
                entities.any(|entity| own_text(entity, text).is_some_and(&mut *is_wanted))
            }
            Text::GroupName => self.groups().any(|group| is_wanted(&group.name)),
            Text::GroupArn => self.groups().any(|group| is_wanted(&group.arn)),
            _ => self
                .root()
                .is_some_and(|root| root.any_text(text, is_wanted)),
        }
    }

    fn any_annotation(
        &self,
        key: &str,
        is_wanted: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        any_annotation(self.trace.entities.iter(), key, is_wanted)
    }
}

impl<'a> WholeTrace<'a> {
    fn root(&self) -> Option<Segment<'a>> {
        Some(Segment {
            trace: self.trace,
            place: self.trace.root_index?,
        })
    }

    /// The groups that the trace belongs to.
    fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| {
            let filter = group.filter.as_ref();
            filter.is_none_or(|filter| filter.matches(self.trace, &[]))
        })
    }
}

impl<'a> Segment<'a> {
    fn entity(&self) -> &'a Entity {
        &self.trace.entities[self.place]
    }
}

impl Subject for Segment<'_> {
    fn flag(&self, flag: Flag) -> bool {
        let entity = self.entity();
        match flag {
            Flag::Ok => entity.flags.is_ok(),
            Flag::Error => entity.flags.error,
            Flag::Throttle => entity.flags.throttle,
            Flag::Fault => entity.flags.fault,
            Flag::Partial => entity.end.is_none(),
            Flag::Inferred => entity.kind == EntityKind::Inferred,
            Flag::Root => self.trace.root_index == Some(self.place),
            Flag::First | Flag::Last | Flag::Remote => false,
        }
    }

    fn number(&self, number: Number) -> Option<f64> {
        let entity = self.entity();
        match number {
            Number::ResponseTime | Number::Duration => Some(entity.duration()?.seconds()),
            Number::Status => Some(entity.search_fields.as_ref()?.status? as f64),
            Number::Index | Number::Coverage => None,
        }
    }

    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        let entity = self.entity();
        match text {
            Text::Message => {
                let parts = self.trace.segment_with_subsegments(self.place);
                let fields = parts.filter_map(|part| part.search_fields.as_ref());
                let mut exceptions = fields.flat_map(|fields| &fields.exceptions);
                exceptions
                    .any(|exception| exception.message.as_deref().is_some_and(&mut *is_wanted))
            }
            Text::Name => is_wanted(entity.node.as_ref().map_or(&entity.name, |node| &node.name)),
            Text::Type => {
                let node = entity.node.as_ref();
                node.is_some_and(|node| !node.kind.is_empty() && is_wanted(&node.kind))
            }
            _ => own_text(entity, text).is_some_and(is_wanted),
        }
    }

    fn any_annotation(
        &self,
        key: &str,
        is_wanted: &mut dyn FnMut(&AnnotationValue) -> bool,
    ) -> bool {
        any_annotation(
            self.trace.segment_with_subsegments(self.place),
            key,
            is_wanted,
        )
    }
}

impl<T> CausePart<'_, T> {
    fn flag(&self, flag: Flag) -> bool {
        match flag {
            Flag::First => self.index == 0,
            Flag::Last => self.index + 1 == self.count,
            _ => false,
        }
    }

    fn number(&self, number: Number) -> Option<f64> {
        (number == Number::Index).then_some(self.index as f64)
    }
}

/// A service on the way.
impl Subject for CausePart<'_, &RootCauseService> {
    fn flag(&self, flag: Flag) -> bool {
        match (flag, self.part.segment_index) {
            (Flag::Inferred, Some(place)) => {
                self.trace.entities[place].kind == EntityKind::Inferred
            }
            _ => self.flag(flag),
        }
    }

    fn number(&self, number: Number) -> Option<f64> {
        self.number(number)
    }

    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(place) = self.part.segment_index else {
            return false;
        };
        let trace = self.trace;
        Segment { trace, place }.any_text(text, is_wanted)
    }
}

/// An entity on the way.
impl Subject for CausePart<'_, &Entity> {
    fn flag(&self, flag: Flag) -> bool {
        match flag {
            Flag::Remote => root_cause::is_remote(self.part),
            _ => self.flag(flag),
        }
    }

    fn number(&self, number: Number) -> Option<f64> {
        match number {
            Number::Coverage => root_cause::root_coverage(self.trace, self.part),
            _ => self.number(number),
        }
    }

    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        text == Text::Name && is_wanted(&self.part.name)
    }
}

/// An exception of an entity on the way.
impl Subject for CausePart<'_, &Exception> {
    fn flag(&self, flag: Flag) -> bool {
        self.flag(flag)
    }

    fn number(&self, number: Number) -> Option<f64> {
        self.number(number)
    }

    fn any_text(&self, text: Text, is_wanted: &mut dyn FnMut(&str) -> bool) -> bool {
        let found = match text {
            Text::Name => &self.part.kind,
            Text::Message => &self.part.message,
            _ => &None,
        };
        found.as_deref().is_some_and(is_wanted)
    }
}

fn own_text(entity: &Entity, text: Text) -> Option<&str> {
    let fields: &SearchFields = entity.search_fields.as_ref()?;
    let found: &Option<Arc<str>> = match text {
        Text::Url => &fields.url,
        Text::Method => &fields.method,
        Text::UserAgent => &fields.user_agent,
        Text::ClientIp => &fields.client_ip,
        Text::User => &fields.user,
        Text::AvailabilityZone => &fields.availability_zone,
        Text::InstanceId => &fields.instance_id,
        Text::ResourceArn => &fields.resource_arn,
        Text::AccountId => &fields.account_id,
        Text::Name | Text::Type | Text::Message | Text::GroupName | Text::GroupArn => &None,
    };
    found.as_deref()
}

fn any_annotation<'a>(
    entities: impl Iterator<Item = &'a Entity>,
    key: &str,
    is_wanted: &mut dyn FnMut(&AnnotationValue) -> bool,
) -> bool {
    let fields = entities.filter_map(|entity| entity.search_fields.as_ref());
    let mut annotations = fields.flat_map(|fields| &fields.annotations);
    annotations.any(|(known, value)| &**known == key && is_wanted(value))
}
