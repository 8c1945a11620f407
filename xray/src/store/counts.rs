//! Counts of stored, refused and evicted data.

use serde::Serialize;

/// Counts of the store, as `GET /status` returns them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreCounts {
    /// Stored traces.
    pub traces: usize,
    /// Stored documents.
    pub documents: usize,
    /// Bytes of the stored documents' JSON.
    pub bytes: usize,
    /// Heap memory of the stored traces in bytes: documents, assembled traces and indexes.
    pub memory_bytes: usize,
    /// Documents that were accepted since the start.
    pub taken: u64,
    /// Accepted documents that are not stored: duplicates, documents that a later document replaced, and documents in
    /// progress that arrived after the complete document.
    pub superseded: u64,
    /// Documents that were refused since the start.
    pub refused: u64,
    /// Annotations that are not indexed because they exceed a limit.
    pub annotations_dropped: u64,
    /// Traces that were evicted because a limit was reached.
    pub evicted_traces: u64,
    /// Documents of the evicted traces.
    pub evicted_documents: u64,
}
