//! Who belongs to whom.

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

    /// Who is their own ancestor hangs below no top; each such circle is cut at its first piece.
    fn cut_circles(&mut self, parents: &[Option<usize>], order: &[usize]) {
        let mut is_reached = vec![false; self.pieces.len()];
        for place in self.tops.clone().iter().chain(order) {
            if is_reached[*place] {
                continue;
            }
            if let Some(parent) = parents[*place] {
                self.children[parent].retain(|child| child != place);
                self.tops.push(*place);
            }
            let mut todo = vec![*place];
            while let Some(place) = todo.pop() {
                if !std::mem::replace(&mut is_reached[place], true) {
                    todo.extend(&self.children[place]);
                }
            }
        }
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
