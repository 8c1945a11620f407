//! Texts and nodes that many traces share, kept once.

use std::collections::HashSet;
use std::sync::Arc;

use crate::memory::allocation;

/// A text with more references than this is not charged to any trace.
const SHARED: usize = 16;

/// A node of the service graph: what requests pass through, or a resource that is called.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// The service's name, or the resource's.
    pub name: Arc<str>,
    /// `AWS::ECS::Container`, `AWS::DynamoDB::Table`, `remote` and the like; empty where the service did
    /// not tell.
    pub kind: Arc<str>,
}

/// Texts and nodes in use. Equal nodes are one and the same `Arc`.
#[derive(Debug, Default)]
pub struct Names {
    texts: Shared<str>,
    nodes: Shared<Node>,
    /// Bytes of memory that were taken for what was asked for since the last [`Names::take_memory`].
    memory: usize,
}

impl Names {
    /// This text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        let shared = match self.texts.known.get(text) {
            Some(known) => Arc::clone(known),
            None => self.texts.add(text.into()),
        };
        if Arc::strong_count(&shared) <= SHARED {
            self.memory += weight(&*shared);
        }
        shared
    }

    /// The node of this name and type.
    pub fn node(&mut self, name: &str, kind: &str) -> Arc<Node> {
        let node = Node {
            name: self.text(name),
            kind: self.text(kind),
        };
        let shared = match self.nodes.known.get(&node) {
            Some(known) => Arc::clone(known),
            None => self.nodes.add(Arc::new(node)),
        };
        if Arc::strong_count(&shared) <= SHARED {
            self.memory += weight(&*shared);
        }
        shared
    }

    /// How many bytes of memory the texts and nodes take that were asked for since the last call. Those
    /// that many places share are left out.
    pub fn take_memory(&mut self) -> usize {
        std::mem::take(&mut self.memory)
    }
}

/// Bytes of memory that a shared value takes: itself with two counts, and its place in a table that may be half
/// empty.
fn weight<T: ?Sized>(value: &T) -> usize {
    allocation(2 * size_of::<usize>() + size_of_val(value)) + 2 * size_of::<Arc<T>>()
}

/// Values that are forgotten some time after the last trace that used them.
#[derive(Debug)]
struct Shared<T: ?Sized> {
    known: HashSet<Arc<T>>,
    /// Bytes of memory that they take.
    memory: usize,
    /// Unused values are removed when `memory` has reached this many bytes.
    sweep: usize,
}

/// Unused values are not removed before all values together take this many bytes of memory.
const FIRST_SWEEP: usize = 1024 * 1024;

/// Unused values are removed each time that the memory of all values has grown by this share of what the last
/// removal left: a quarter. No trace is charged for unused values, so that the share has to be small; each removal
/// looks at all values, so that it must not be too small.
const SWEEP_SHARE: usize = 4;

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            memory: 0,
            sweep: FIRST_SWEEP,
        }
    }
}

impl<T: ?Sized + Eq + std::hash::Hash> Shared<T> {
    fn add(&mut self, value: Arc<T>) -> Arc<T> {
        if self.memory >= self.sweep {
            self.known.retain(|value| Arc::strong_count(value) > 1);
            self.memory = self.known.iter().map(|value| weight(&**value)).sum();
            self.sweep = self.memory + (self.memory / SWEEP_SHARE).max(FIRST_SWEEP);
        }
        self.memory += weight(&*value);
        self.known.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_texts_take_at_most_a_quarter_of_the_memory_of_those_in_use() {
        let mut names = Names::default();
        let mut text = |kind: &str, number: usize| names.text(&format!("{kind}{number:01000}"));
        let used: Vec<_> = (0..20_000).map(|number| text("used", number)).collect();
        let bytes: usize = used.iter().map(|text| weight(&**text)).sum();
        for number in 0..100_000 {
            drop(text("unused", number));
        }
        let most = bytes + bytes / 4 + 2 * weight(&*used[0]);
        assert!(bytes > 20_000_000);
        assert!(names.texts.memory <= most, "{}", names.texts.memory);
    }

    #[test]
    fn equal_nodes_are_one_and_the_same() {
        let mut names = Names::default();
        let one = names.node("like service", "");
        assert!(Arc::ptr_eq(&one, &names.node("like service", "")));
        assert!(!Arc::ptr_eq(&one, &names.node("like service", "client")));
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let mut names = Names::default();
        let kept = names.text("kept");
        for number in 0..100_000 {
            names.text(&number.to_string());
        }
        assert!(names.texts.memory <= FIRST_SWEEP + 100);
        for number in 0..1_000 {
            names.text(&number.to_string().repeat(10_000));
        }
        assert!(names.texts.memory <= FIRST_SWEEP + 40_000);
        assert!(Arc::ptr_eq(&kept, &names.text("kept")));
    }

    #[test]
    fn a_text_that_many_places_share_takes_memory_of_the_first_ones_alone() {
        let mut names = Names::default();
        let text = "x".repeat(1000);
        let kept: Vec<_> = (0..100).map(|_| names.text(&text)).collect();
        assert_eq!(kept.len(), 100);
        let memory = names.take_memory();
        assert!((1_000..20_000).contains(&memory), "{memory}");
        assert_eq!(names.take_memory(), 0);
    }
}
