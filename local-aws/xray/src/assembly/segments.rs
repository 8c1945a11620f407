//! Splits the documents of a trace into its segments and subsegments.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::id::SegmentId;
use crate::time::Time;
use crate::trace::Namespace;

/// A segment or subsegment. Embedded subsegments are removed from `document` and become `ParsedSegment`s of their own.
#[derive(Debug)]
pub struct ParsedSegment<'a> {
    pub id: SegmentId,
    pub parent_id: Option<SegmentId>,
    pub is_subsegment: bool,
    pub start: Time,
    /// The end time; `None` while the segment is in progress.
    pub end: Option<Time>,
    pub document: Document<'a>,
}

impl ParsedSegment<'_> {
    /// The priority of a document. If two documents have the same id, the document with the greater priority
    /// is used. Segments have priority over subsegments, and complete documents over documents in progress.
    fn priority(&self) -> (bool, Option<Time>, Time) {
        (!self.is_subsegment, self.end, self.start)
    }

    /// The namespace of a subsegment. The namespace of a segment is always `Local`.
    pub fn namespace(&self) -> Namespace {
        match self.document.namespace.as_text() {
            Some("aws") if self.is_subsegment => Namespace::Aws,
            Some("remote") if self.is_subsegment => Namespace::Remote,
            _ => Namespace::Local,
        }
    }
}

/// Parses the documents of a trace. The result is sorted by id and contains each id once. The store contains
/// only valid documents; an invalid document would be skipped.
pub fn parse_segments<'a>(documents: impl IntoIterator<Item = &'a str>) -> Vec<ParsedSegment<'a>> {
    let mut by_id = BTreeMap::new();
    let documents = documents.into_iter().map(Document::parse);
    for (document, header) in documents.flatten() {
        let parent_id = document.valid_parent_id();
        let mut unprocessed_documents = vec![(document, parent_id, header.is_subsegment)];
        while let Some((mut document, parent_id, is_subsegment)) = unprocessed_documents.pop() {
            let (Some(id), Some(start)) = (document.valid_id(), document.valid_start()) else {
                continue;
            };
            let embedded_subsegments = std::mem::take(&mut document.subsegments).0;
            let embedded_subsegments = embedded_subsegments
                .into_iter()
                .filter_map(|object| object.0);
            unprocessed_documents
                .extend(embedded_subsegments.map(|document| (document, Some(id), true)));
            let segment = ParsedSegment {
                id,
                parent_id,
                is_subsegment,
                start,
                end: document.valid_end(),
                document,
            };
            match by_id.get(&id) {
                Some(existing) if ParsedSegment::priority(existing) >= segment.priority() => {}
                _ => drop(by_id.insert(id, segment)),
            }
        }
    }
    by_id.into_values().collect()
}
