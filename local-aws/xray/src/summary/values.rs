//! Distinct annotation values and user names, each with the services that sent the value. Adding a value to
//! the collection takes constant time.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::service_id::{account_id, service_id_json};
use crate::trace::{AnnotationValue, Trace};

/// The value of an annotation, or the name of a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DistinctValue<'a> {
    Boolean(bool),
    /// The bits of an `f64`. Equal numbers have equal bits, because the conversion replaces -0.0 by 0.0.
    NumberBits(u64),
    Text(&'a str),
}

/// Distinct values, in the order in which the values were added.
#[derive(Default)]
pub struct DistinctValues<'a> {
    value_indexes: HashMap<DistinctValue<'a>, usize>,
    /// Each value, with the indexes of the segments that contain the value.
    values: Vec<(DistinctValue<'a>, Vec<u32>)>,
}

impl<'a> DistinctValue<'a> {
    /// Converts the value of an annotation.
    pub fn from_annotation(annotation: &'a AnnotationValue) -> Self {
        match annotation {
            AnnotationValue::Boolean(boolean) => Self::Boolean(*boolean),
            // Adding 0.0 changes -0.0 to 0.0, and does not change any other number.
            AnnotationValue::Number(number) => Self::NumberBits((number + 0.0).to_bits()),
            AnnotationValue::Text(text) => Self::Text(text),
        }
    }

    /// The API's `AnnotationValue`.
    pub fn to_json(self) -> Value {
        match self {
            Self::Boolean(boolean) => json!({ "BooleanValue": boolean }),
            Self::NumberBits(bits) => json!({ "NumberValue": f64::from_bits(bits) }),
            Self::Text(text) => json!({ "StringValue": text }),
        }
    }
}

impl<'a> DistinctValues<'a> {
    /// Adds a value of a segment or of one of its subsegments. `segment_index` is `None` if the trace does
    /// not contain the segment.
    pub fn add(&mut self, value: DistinctValue<'a>, segment_index: Option<u32>) {
        let next_index = self.values.len();
        let index = *self.value_indexes.entry(value).or_insert(next_index);
        if index == next_index {
            self.values.push((value, Vec::new()));
        }
        self.values[index].1.extend(segment_index);
    }

    /// Each value, with the distinct `ServiceId`s of the services that sent the value.
    pub fn with_service_ids(
        self,
        trace: &Trace,
    ) -> impl Iterator<Item = (DistinctValue<'a>, Vec<Value>)> + use<'a, '_> {
        self.values.into_iter().map(|(value, segment_indexes)| {
            let mut seen_services = HashSet::new();
            let service_ids = segment_indexes
                .iter()
                .map(|index| &trace.entities[*index as usize])
                .filter(|segment| {
                    let node_id = segment.node.as_ref().map(|node| node.id);
                    seen_services.insert((node_id, account_id(segment)))
                })
                .map(service_id_json)
                .collect();
            (value, service_ids)
        })
    }
}
