//! Texts and nodes that many traces share, kept once.

use std::collections::HashSet;
use std::sync::Arc;

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
}

impl Names {
    /// This text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        match self.texts.known.get(text) {
            Some(known) => Arc::clone(known),
            None => self.texts.add(text.into()),
        }
    }

    /// The node of this name and type.
    pub fn node(&mut self, name: &str, kind: &str) -> Arc<Node> {
        let node = Node {
            name: self.text(name),
            kind: self.text(kind),
        };
        match self.nodes.known.get(&node) {
            Some(known) => Arc::clone(known),
            None => self.nodes.add(Arc::new(node)),
        }
    }
}

/// Values that are forgotten some time after the last trace that used them.
#[derive(Debug)]
struct Shared<T: ?Sized> {
    known: HashSet<Arc<T>>,
    /// So many are known when it is time to look for those out of use.
    sweep: usize,
}

impl<T: ?Sized> Default for Shared<T> {
    fn default() -> Self {
        Self {
            known: HashSet::new(),
            sweep: 1024,
        }
    }
}

impl<T: ?Sized + Eq + std::hash::Hash> Shared<T> {
    fn add(&mut self, value: Arc<T>) -> Arc<T> {
        if self.known.len() >= self.sweep {
            self.known.retain(|value| Arc::strong_count(value) > 1);
            self.sweep = 2 * self.known.len().max(512);
        }
        self.known.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(names.texts.known.len() <= 1024);
        assert!(Arc::ptr_eq(&kept, &names.text("kept")));
    }
}
