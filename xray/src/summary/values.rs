//! Values that a trace's segments have, each once, with the services that have it. Adding a value takes the same
//! time however many there are.

use std::collections::{HashMap, HashSet};
use std::ptr;

use serde_json::{Value as Json, json};

use super::service_id;
use crate::trace::{Annotation, Entity, Trace};

/// The value of an annotation, or a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    Flag(bool),
    /// The bits of a number, since equal numbers have equal bits here.
    Number(u64),
    Text(&'a str),
}

/// Distinct values in the order in which they were added.
#[derive(Default)]
pub struct Values<'a> {
    places: HashMap<Value<'a>, usize>,
    /// Each with the places of the segments that have it.
    values: Vec<(Value<'a>, Vec<u32>)>,
}

impl<'a> Value<'a> {
    /// Of an annotation.
    pub fn of(annotation: &'a Annotation) -> Self {
        match annotation {
            Annotation::Flag(flag) => Self::Flag(*flag),
            // The negative zero becomes the positive one.
            Annotation::Number(number) => Self::Number((number + 0.0).to_bits()),
            Annotation::Text(text) => Self::Text(text),
        }
    }

    /// As an `AnnotationValue` of the API.
    pub fn json(self) -> Json {
        match self {
            Self::Flag(flag) => json!({ "BooleanValue": flag }),
            Self::Number(bits) => json!({ "NumberValue": f64::from_bits(bits) }),
            Self::Text(text) => json!({ "StringValue": text }),
        }
    }
}

impl<'a> Values<'a> {
    /// Adds a value that a part of this segment has; none where the segment is missing.
    pub fn add(&mut self, value: Value<'a>, segment: Option<u32>) {
        let next = self.values.len();
        let place = *self.places.entry(value).or_insert(next);
        if place == next {
            self.values.push((value, Vec::new()));
        }
        self.values[place].1.extend(segment);
    }

    /// The values, each with the `ServiceId` of each service that has it, once.
    pub fn with_services(
        self,
        trace: &Trace,
    ) -> impl Iterator<Item = (Value<'a>, Vec<Json>)> + use<'a, '_> {
        self.values.into_iter().map(|(value, segments)| {
            let mut seen = HashSet::new();
            let segments = segments
                .iter()
                .map(|place| &trace.entities[*place as usize]);
            let once = segments.filter(|segment| seen.insert(identity(segment)));
            (value, once.map(service_id).collect())
        })
    }
}

/// What makes a `ServiceId`. Equal names are one and the same while a trace holds them.
fn identity(segment: &Entity) -> (*const u8, *const u8) {
    let node = segment
        .node
        .as_ref()
        .map_or(ptr::null(), |node| ptr::from_ref(&**node).cast());
    let account = segment
        .facts
        .as_ref()
        .and_then(|facts| facts.account.as_ref());
    (
        node,
        account.map_or(ptr::null(), |account| account.as_ptr()),
    )
}
