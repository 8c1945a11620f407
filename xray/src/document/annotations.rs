//! Which annotations X-Ray indexes.
//!
//! Sources: the X-Ray developer guide, "Annotations", and the schema of segment documents that it links: keys of 1 to
//! 500 letters, digits, underscores and periods; values that are booleans, numbers, or texts of up to 1,000
//! characters; at most 50 annotations of a trace. What exceeds this is dropped, and its document is accepted.

use std::collections::{HashMap, HashSet};

use super::lenient::{Pairs, Scalar};

/// Longest key in characters.
const MAX_KEY: usize = 500;

/// Longest text in characters.
const MAX_TEXT: usize = 1_000;

/// How many keys are indexed of one trace.
const MAX_KEYS: usize = 50;

/// Whether an annotation complies with the schema.
pub fn is_valid(key: &str, value: &Scalar<'_>) -> bool {
    let is_permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.');
    let has_key = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(is_permitted);
    has_key
        && match value {
            Scalar::Absent => false,
            Scalar::Flag(_) | Scalar::Number(_) => true,
            Scalar::Text(text) => text.chars().count() <= MAX_TEXT,
        }
}

/// The annotations of one trace that are indexed.
#[derive(Debug, Default)]
pub struct Index {
    keys: HashSet<String>,
    /// How many annotations were dropped.
    pub dropped: u64,
}

impl Index {
    /// Those annotations of a segment or subsegment that are indexed. Of a key that stands there twice, the last
    /// value counts.
    pub fn of<'a>(&mut self, pairs: &'a Pairs<'_>) -> Vec<(&'a str, &'a Scalar<'a>)> {
        let last: HashMap<&str, usize> = pairs
            .0
            .iter()
            .enumerate()
            .map(|(at, (key, _))| (&**key, at))
            .collect();
        let mut indexed = Vec::new();
        for (at, (key, value)) in pairs.0.iter().enumerate() {
            if last.get(&**key) != Some(&at) {
                continue;
            }
            if is_valid(key, value) && self.has_room_for(key) {
                indexed.push((&**key, value));
            } else {
                self.dropped += 1;
            }
        }
        indexed
    }

    fn has_room_for(&mut self, key: &str) -> bool {
        if self.keys.contains(key) {
            return true;
        }
        let has_room = self.keys.len() < MAX_KEYS;
        if has_room {
            self.keys.insert(key.to_owned());
        }
        has_room
    }
}
