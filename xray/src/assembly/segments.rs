//! Splits the documents of a trace into its segments and subsegments.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::id::SegmentId;
use crate::time::Time;
use crate::trace::Namespace;

/// A segment or subsegment. The subsegments that were embedded in it have been taken out of `document`.
#[derive(Debug)]
pub struct ParsedSegment<'a> {
    pub id: SegmentId,
    pub parent_id: Option<SegmentId>,
    pub is_subsegment: bool,
    pub start: Time,
    /// `None` while the segment is in progress.
    pub end: Option<Time>,
    pub document: Document<'a>,
}

impl ParsedSegment<'_> {
    /// Of two with the same id, the one with the greater priority is used: a segment rather than a subsegment, and a
    /// complete one rather than one in progress.
    fn priority(&self) -> (bool, Option<Time>, Time) {
        (!self.is_subsegment, self.end, self.start)
    }

    /// The namespace of a subsegment. A segment has none, which is the same as `Local`.
    pub fn namespace(&self) -> Namespace {
        match self.document.namespace.text() {
            Some("aws") if self.is_subsegment => Namespace::Aws,
            Some("remote") if self.is_subsegment => Namespace::Remote,
            _ => Namespace::Local,
        }
    }
}

/// Parses the documents of a trace. The result is sorted by id and has each id once. Invalid documents are ignored; the
/// store keeps none.
pub fn parse_segments<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<ParsedSegment<'a>> {
    let mut by_id = BTreeMap::new();
    let documents = documents.into_iter().map(Document::parse);
    for (document, header) in documents.flatten() {
        let parent_id = document.parent_id();
        let mut unread = vec![(document, parent_id, header.is_subsegment)];
        while let Some((mut document, parent_id, is_subsegment)) = unread.pop() {
            let (Some(id), Some(start)) = (document.id(), document.start()) else {
                continue;
            };
            let embedded = std::mem::take(&mut document.subsegments).0;
            let embedded = embedded.into_iter().filter_map(|object| object.0);
            unread.extend(embedded.map(|document| (document, Some(id), true)));
            let segment = ParsedSegment {
                id,
                parent_id,
                is_subsegment,
                start,
                end: document.end(),
                document,
            };
            match by_id.get(&id) {
                Some(known) if ParsedSegment::priority(known) >= segment.priority() => {}
                _ => drop(by_id.insert(id, segment)),
            }
        }
    }
    by_id.into_values().collect()
}
