//! Who belongs to whom.

use std::collections::HashSet;
use std::iter::successors;

use super::pieces::{Content, Piece, Pieces};

/// The pieces of a trace and their places.
#[derive(Debug)]
pub struct Tree<T> {
    /// In the order of their ids.
    pub pieces: Vec<Piece<T>>,
    /// For each its children, by start.
    pub children: Vec<Vec<usize>>,
    /// Those without a parent that is known, by start.
    pub tops: Vec<usize>,
}

impl<T: Content> Tree<T> {
    /// Hangs each piece below its parent.
    pub fn of(pieces: Pieces<T>) -> Self {
        let pieces = pieces.into_sorted();
        let parent = |piece: &Piece<T>| {
            let found = pieces.binary_search_by_key(&piece.parent?, |piece| piece.id);
            found.ok()
        };
        let parents: Vec<_> = pieces.iter().map(parent).collect();
        let mut order: Vec<_> = (0..pieces.len()).collect();
        order.sort_unstable_by_key(|place| (pieces[*place].start, pieces[*place].id));
        let mut children = vec![Vec::new(); pieces.len()];
        let mut tops = Vec::new();
        for place in &order {
            match parents[*place] {
                Some(parent) => children[parent].push(*place),
                None => tops.push(*place),
            }
        }
        let mut tree = Self {
            pieces,
            children,
            tops,
        };
        tree.cut_circles(&parents, &order);
        tree
    }

    /// Makes pieces reachable that are their own ancestors, and what hangs below them: each such circle is cut at its
    /// first piece, which becomes a top.
    fn cut_circles(&mut self, parents: &[Option<usize>], order: &[usize]) {
        let mut is_reached = vec![false; self.pieces.len()];
        for place in self.tops.clone() {
            self.reach(place, &mut is_reached);
        }
        for place in order {
            if is_reached[*place] {
                continue;
            }
            let first = self.first_of_circle(*place, parents);
            if let Some(parent) = parents[first] {
                self.children[parent].retain(|child| *child != first);
            }
            self.tops.push(first);
            self.reach(first, &mut is_reached);
        }
    }

    /// Marks a place and everything below it.
    fn reach(&self, place: usize, is_reached: &mut [bool]) {
        let mut todo = vec![place];
        while let Some(place) = todo.pop() {
            if !std::mem::replace(&mut is_reached[place], true) {
                todo.extend(&self.children[place]);
            }
        }
    }

    /// The piece that started first of the circle that the ancestors of `place` lead into.
    fn first_of_circle(&self, place: usize, parents: &[Option<usize>]) -> usize {
        let mut passed = HashSet::new();
        let mut ancestors = successors(Some(place), |place| parents[*place]);
        let entry = ancestors.find(|place| !passed.insert(*place));
        let entry = entry.unwrap_or(place);
        let circle = successors(Some(entry), |place| {
            parents[*place].filter(|parent| *parent != entry)
        });
        let first = circle.min_by_key(|place| (self.pieces[*place].start, self.pieces[*place].id));
        first.unwrap_or(entry)
    }

    /// All places, parents before children; each with the place in this order of its parent.
    pub fn walk(&self) -> impl Iterator<Item = (usize, Option<usize>)> {
        let mut todo: Vec<_> = self.tops.iter().rev().map(|top| (*top, None)).collect();
        let mut number = 0;
        std::iter::from_fn(move || {
            let (place, parent) = todo.pop()?;
            let children = self.children[place].iter().rev();
            todo.extend(children.map(|child| (*child, Some(number))));
            number += 1;
            Some((place, parent))
        })
    }

    /// Whether this is a call of which only the caller has told.
    pub fn is_unanswered(&self, place: usize) -> bool {
        let mut children = self.children[place].iter();
        children.all(|child| self.pieces[*child].is_subsegment)
    }
}
