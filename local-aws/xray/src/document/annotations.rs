//! Selects the annotations that X-Ray indexes.
//!
//! The sources of the limits are the X-Ray developer guide ("Annotations"), and the schema of segment
//! documents that the guide links. The key of an annotation has 1 to 500 letters, digits, underscores and
//! periods. The value of an annotation is a boolean, a number, or a text of up to 1,000 characters. A trace
//! has at most 50 annotation keys. If an annotation exceeds a limit, the annotation is dropped, and the
//! document of the annotation is accepted.

use std::collections::{HashMap, HashSet};

use super::lenient::{Pairs, Scalar};

/// Maximum length of an annotation's key in bytes.
const MAX_KEY_BYTES: usize = 500;

/// Maximum length of an annotation's text in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// Maximum number of annotation keys that are indexed for one trace.
const MAX_KEYS_PER_TRACE: usize = 50;

/// Whether an annotation complies with the schema.
pub fn is_valid_annotation(key: &str, value: &Scalar<'_>) -> bool {
    let is_permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.');
    let is_valid_key = (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(is_permitted);
    let is_valid_value = match value {
        Scalar::Absent => false,
        Scalar::Boolean(_) | Scalar::Number(_) => true,
        Scalar::Text(text) => text.chars().count() <= MAX_TEXT_CHARS,
    };
    is_valid_key && is_valid_value
}

/// Selects the annotations of one trace that are indexed.
#[derive(Debug, Default)]
pub struct AnnotationSelector {
    indexed_keys: HashSet<String>,
    /// Number of annotations that exceed a limit and are not indexed.
    pub dropped_count: u64,
}

impl AnnotationSelector {
    /// The indexed annotations of one segment or subsegment. If an annotation key occurs twice, the last
    /// value is used.
    pub fn select_annotations<'a>(
        &mut self,
        pairs: &'a Pairs<'_>,
    ) -> Vec<(&'a str, &'a Scalar<'a>)> {
        let pairs = pairs.0.iter().map(|(key, value)| (&**key, value));
        let last_positions: HashMap<_, _> = pairs
            .clone()
            .enumerate()
            .map(|(position, (key, _))| (key, position))
            .collect();
        let mut selected_annotations = Vec::new();
        for (position, (key, value)) in pairs.enumerate() {
            if last_positions.get(key) != Some(&position) {
                continue;
            }
            if is_valid_annotation(key, value) && self.add_key(key) {
                selected_annotations.push((key, value));
            } else {
                self.dropped_count += 1;
            }
        }
        selected_annotations
    }

    /// Adds an annotation key to the indexed keys. Returns false if the trace already has the maximum number
    /// of keys.
    fn add_key(&mut self, key: &str) -> bool {
        if self.indexed_keys.contains(key) {
            return true;
        }
        let has_room = self.indexed_keys.len() < MAX_KEYS_PER_TRACE;
        if has_room {
            self.indexed_keys.insert(key.to_owned());
        }
        has_room
    }
}
