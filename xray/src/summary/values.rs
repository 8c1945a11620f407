//! Distinct values of annotations and users, with the services that have them. Adding a value takes constant time.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::service_id::{account_id, service_id};
use crate::trace::{AnnotationValue, Trace};

/// The value of an annotation, or a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum DistinctValue<'a> {
    Flag(bool),
    /// The bits of an `f64`. Equal numbers have equal bits, because -0.0 is replaced by 0.0.
    NumberBits(u64),
    Text(&'a str),
}

/// Distinct values in the order in which they were added.
#[derive(Default)]
pub struct DistinctValues<'a> {
    value_indexes: HashMap<DistinctValue<'a>, usize>,
    /// Each value with the indexes of the segments that have it.
    values: Vec<(DistinctValue<'a>, Vec<u32>)>,
}

impl<'a> DistinctValue<'a> {
    /// The value of an annotation.
    pub fn from_annotation(annotation: &'a AnnotationValue) -> Self {
        match annotation {
            AnnotationValue::Flag(flag) => Self::Flag(*flag),
            // The sum of -0.0 and 0.0 is 0.0.
            AnnotationValue::Number(number) => Self::NumberBits((number + 0.0).to_bits()),
            AnnotationValue::Text(text) => Self::Text(text),
        }
    }

    /// The API's `AnnotationValue`.
    pub fn to_json(self) -> Value {
        match self {
            Self::Flag(flag) => json!({ "BooleanValue": flag }),
            Self::NumberBits(bits) => json!({ "NumberValue": f64::from_bits(bits) }),
            Self::Text(text) => json!({ "StringValue": text }),
        }
    }
}

impl<'a> DistinctValues<'a> {
    /// Adds a value of a segment or of one of its subsegments. `segment_index` is `None` if the segment is missing.
    pub fn add(&mut self, value: DistinctValue<'a>, segment_index: Option<u32>) {
        let next_index = self.values.len();
        let index = *self.value_indexes.entry(value).or_insert(next_index);
        if index == next_index {
            self.values.push((value, Vec::new()));
        }
        self.values[index].1.extend(segment_index);
    }

    /// The values with the `ServiceId` of each service that has them. No `ServiceId` is repeated.
    pub fn with_service_ids(
        self,
        trace: &Trace,
    ) -> impl Iterator<Item = (DistinctValue<'a>, Vec<Value>)> + use<'a, '_> {
        self.values.into_iter().map(|(value, segment_indexes)| {
            let mut seen = HashSet::new();
            let service_ids = segment_indexes
                .iter()
                .map(|index| &trace.entities[*index as usize])
                .filter(|segment| {
                    let node_id = segment.node.as_ref().map(|node| node.id);
                    seen.insert((node_id, account_id(segment)))
                })
                .map(service_id)
                .collect();
            (value, service_ids)
        })
    }
}
