//! Interning: the store keeps only one copy of a text or graph node that several traces contain.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::memory::allocation_bytes;

/// When a trace interns a value, the bytes of the value are added to the memory of the trace only if the
/// value has at most `MAX_CHARGED_REFERENCES` references.
const MAX_CHARGED_REFERENCES: usize = 16;

/// Memory limit in bytes for the first removal of unused values. The interner removes unused values for the
/// first time when all interned values together reach the limit.
const FIRST_REMOVAL_BYTES: usize = 1024 * 1024;

/// The interner removes unused values when the memory of all values has grown by one quarter (1 /
/// `GROWTH_DIVISOR`) since the last removal. With a larger fraction, unused values would use more memory, and
/// the memory limit does not include unused values. With a smaller fraction, removals would be more frequent,
/// and each removal visits every value.
const GROWTH_DIVISOR: usize = 4;

/// The id of an interned node. While nodes are in use, different nodes have different ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeId(u64);

/// A node of the service graph: a service, or a resource that a service calls. Nodes with the same name and type are
/// equal.
#[derive(Debug)]
pub struct Node {
    /// The id that the interner assigned to the node.
    pub id: NodeId,
    /// Name of the service or the resource.
    pub name: Arc<str>,
    /// Type of the node, such as `AWS::ECS::Container`, `AWS::DynamoDB::Table` or `remote`. The type is empty
    /// if no document states the type of the node.
    pub kind: Arc<str>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.kind) == (&other.name, &other.kind)
    }
}

impl Eq for Node {}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.kind).hash(state);
    }
}

/// The interner stores each distinct text and node once. Equal values share one `Arc`, a reference-counted
/// pointer.
#[derive(Debug, Default)]
pub struct Interner {
    texts: InternedValues<str>,
    nodes: InternedValues<Node>,
    /// The id of the next new node.
    next_node_id: NodeId,
    /// Bytes of the values that were interned since the last [`Interner::take_charged_bytes`].
    charged_bytes: usize,
}

impl Interner {
    /// Returns the shared copy of `text`.
    pub fn intern_text(&mut self, text: &str) -> Arc<str> {
        let shared = match self.texts.values.get(text) {
            Some(shared) => Arc::clone(shared),
            None => self.texts.insert(text.into()),
        };
        self.charge(&shared);
        shared
    }

    /// Returns the shared node with the given name and type.
    pub fn intern_node(&mut self, name: &str, kind: &str) -> Arc<Node> {
        let node = Node {
            id: self.next_node_id,
            name: self.intern_text(name),
            kind: self.intern_text(kind),
        };
        let shared = match self.nodes.values.get(&node) {
            Some(shared) => Arc::clone(shared),
            None => {
                self.next_node_id = NodeId(self.next_node_id.0 + 1);
                self.nodes.insert(Arc::new(node))
            }
        };
        self.charge(&shared);
        shared
    }

    /// Returns the number of bytes of the values that were interned since the last call of
    /// `take_charged_bytes`. The caller adds the returned number of bytes to the memory of one trace. Values
    /// with more than [`MAX_CHARGED_REFERENCES`] references are not included.
    pub fn take_charged_bytes(&mut self) -> usize {
        std::mem::take(&mut self.charged_bytes)
    }

    fn charge<T: ?Sized>(&mut self, shared: &Arc<T>) {
        if Arc::strong_count(shared) <= MAX_CHARGED_REFERENCES {
            self.charged_bytes += memory_bytes(&**shared);
        }
    }
}

/// Heap memory of an interned value in bytes: the value, the two reference counts of its `Arc`, and two slots of a
/// hash table, because the table may be half empty.
fn memory_bytes<T: ?Sized>(value: &T) -> usize {
    allocation_bytes(2 * size_of::<usize>() + size_of_val(value)) + 2 * size_of::<Arc<T>>()
}

/// The distinct interned values of one type. If nothing else refers to a value, the next
/// [`InternedValues::remove_unused`] removes the value.
#[derive(Debug)]
struct InternedValues<T: ?Sized> {
    values: HashSet<Arc<T>>,
    /// Bytes of all interned values, unused values included.
    bytes: usize,
    /// The value of `bytes` at which the interner removes unused values the next time.
    next_removal_bytes: usize,
}

impl<T: ?Sized> Default for InternedValues<T> {
    fn default() -> Self {
        Self {
            values: HashSet::new(),
            bytes: 0,
            next_removal_bytes: FIRST_REMOVAL_BYTES,
        }
    }
}

impl<T: ?Sized + Eq + Hash> InternedValues<T> {
    fn insert(&mut self, value: Arc<T>) -> Arc<T> {
        if self.bytes >= self.next_removal_bytes {
            self.remove_unused();
        }
        self.bytes += memory_bytes(&*value);
        self.values.insert(Arc::clone(&value));
        value
    }

    fn remove_unused(&mut self) {
        self.values.retain(|value| Arc::strong_count(value) > 1);
        self.bytes = self.values.iter().map(|value| memory_bytes(&**value)).sum();
        let growth = (self.bytes / GROWTH_DIVISOR).max(FIRST_REMOVAL_BYTES);
        self.next_removal_bytes = self.bytes + growth;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_texts_take_at_most_a_quarter_of_the_memory_of_used_texts() {
        let mut interner = Interner::default();
        let mut intern_numbered_text =
            |prefix: &str, number: usize| interner.intern_text(&format!("{prefix}{number:01000}"));
        let used_texts: Vec<_> = (0..20_000)
            .map(|number| intern_numbered_text("used", number))
            .collect();
        let used_bytes: usize = used_texts.iter().map(|text| memory_bytes(&**text)).sum();
        for number in 0..100_000 {
            drop(intern_numbered_text("unused", number));
        }
        let max_bytes = used_bytes + used_bytes / 4 + 2 * memory_bytes(&*used_texts[0]);
        assert!(used_bytes > 20_000_000);
        assert!(
            interner.texts.bytes <= max_bytes,
            "{}",
            interner.texts.bytes
        );
    }

    #[test]
    fn equal_nodes_share_one_arc() {
        let mut interner = Interner::default();
        let node = interner.intern_node("like service", "");
        assert!(Arc::ptr_eq(
            &node,
            &interner.intern_node("like service", "")
        ));
        assert!(!Arc::ptr_eq(
            &node,
            &interner.intern_node("like service", "client")
        ));
    }

    #[test]
    fn unused_texts_are_removed_and_used_texts_stay() {
        let mut interner = Interner::default();
        let used_text = interner.intern_text("used");
        for number in 0..100_000 {
            interner.intern_text(&number.to_string());
        }
        assert!(interner.texts.bytes <= FIRST_REMOVAL_BYTES + 100);
        for number in 0..1_000 {
            interner.intern_text(&number.to_string().repeat(10_000));
        }
        assert!(interner.texts.bytes <= FIRST_REMOVAL_BYTES + 40_000);
        assert!(Arc::ptr_eq(&used_text, &interner.intern_text("used")));
    }

    #[test]
    fn only_the_first_references_to_a_text_add_to_the_charged_bytes() {
        let mut interner = Interner::default();
        let text = "x".repeat(1000);
        let references: Vec<_> = (0..100).map(|_| interner.intern_text(&text)).collect();
        assert_eq!(references.len(), 100);
        let charged_bytes = interner.take_charged_bytes();
        assert!((1_000..20_000).contains(&charged_bytes), "{charged_bytes}");
        assert_eq!(interner.take_charged_bytes(), 0);
    }
}
