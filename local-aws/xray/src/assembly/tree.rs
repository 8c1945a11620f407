//! The tree of a trace's segments and subsegments.

use std::collections::HashSet;
use std::iter::successors;

use super::segments::ParsedSegment;
use crate::trace::Namespace;

/// The segments and subsegments of a trace, with their children.
#[derive(Debug)]
pub struct SegmentTree<'a> {
    /// Sorted by id.
    pub segments: Vec<ParsedSegment<'a>>,
    /// For each segment, the indexes of its children, sorted by start time.
    pub children: Vec<Vec<usize>>,
    /// Indexes of the segments without a known parent, sorted by start time.
    roots: Vec<usize>,
}

impl<'a> SegmentTree<'a> {
    /// Builds the tree. The elements of `segments` must be sorted by id.
    pub fn build(segments: Vec<ParsedSegment<'a>>) -> Self {
        let find_parent = |segment: &ParsedSegment<'_>| {
            let parent_id = segment.parent_id?;
            let search_result = segments.binary_search_by_key(&parent_id, |segment| segment.id);
            search_result.ok()
        };
        let parents: Vec<_> = segments.iter().map(find_parent).collect();
        let mut by_start: Vec<_> = (0..segments.len()).collect();
        by_start.sort_unstable_by_key(|index| (segments[*index].start, segments[*index].id));
        let mut children = vec![Vec::new(); segments.len()];
        let mut roots = Vec::new();
        for index in &by_start {
            match parents[*index] {
                Some(parent) => children[parent].push(*index),
                None => roots.push(*index),
            }
        }
        let mut tree = Self {
            segments,
            children,
            roots,
        };
        tree.break_cycles(&parents, &by_start);
        tree
    }

    /// Makes every segment reachable from a root. If the parents of segments form a cycle, the segment of the cycle
    /// with the earliest start time becomes a root.
    fn break_cycles(&mut self, parents: &[Option<usize>], by_start: &[usize]) {
        let mut is_reachable = vec![false; self.segments.len()];
        for root in self.roots.clone() {
            self.mark_reachable(root, &mut is_reachable);
        }
        for index in by_start {
            if is_reachable[*index] {
                continue;
            }
            let earliest_index = self.find_first_of_cycle(*index, parents);
            if let Some(parent) = parents[earliest_index] {
                self.children[parent].retain(|child| *child != earliest_index);
            }
            self.roots.push(earliest_index);
            self.mark_reachable(earliest_index, &mut is_reachable);
        }
    }

    /// Marks a segment and all its descendants as reachable.
    fn mark_reachable(&self, index: usize, is_reachable: &mut [bool]) {
        let mut unvisited = vec![index];
        while let Some(index) = unvisited.pop() {
            if !std::mem::replace(&mut is_reachable[index], true) {
                unvisited.extend(&self.children[index]);
            }
        }
    }

    /// Finds the cycle among the ancestors of `index`, and returns the segment of the cycle with the earliest start
    /// time.
    fn find_first_of_cycle(&self, index: usize, parents: &[Option<usize>]) -> usize {
        let mut visited = HashSet::new();
        let mut ancestors = successors(Some(index), |index| parents[*index]);
        let cycle_entry = ancestors.find(|index| !visited.insert(*index));
        let cycle_entry = cycle_entry.unwrap_or(index);
        let cycle_indexes = successors(Some(cycle_entry), |index| {
            parents[*index].filter(|parent| *parent != cycle_entry)
        });
        let earliest_index = cycle_indexes
            .min_by_key(|index| (self.segments[*index].start, self.segments[*index].id));
        earliest_index.unwrap_or(cycle_entry)
    }

    /// Iterates over all segments, parents before children. An item consists of the index of a segment and
    /// the position of its parent in the iteration.
    pub fn walk(&self) -> impl Iterator<Item = (usize, Option<usize>)> {
        let roots = self.roots.iter().rev();
        let mut unvisited: Vec<_> = roots.map(|root| (*root, None)).collect();
        let mut position = 0;
        std::iter::from_fn(move || {
            let (index, parent_position) = unvisited.pop()?;
            let children = self.children[index].iter().rev();
            unvisited.extend(children.map(|child| (*child, Some(position))));
            position += 1;
            Some((index, parent_position))
        })
    }

    /// Whether the subsegment at `index` calls a service that sent no segment, so that a segment must be inferred.
    pub fn needs_inferred_segment(&self, index: usize) -> bool {
        let mut children = self.children[index].iter();
        self.segments[index].namespace() != Namespace::Local
            && children.all(|child| self.segments[*child].is_subsegment)
    }
}
