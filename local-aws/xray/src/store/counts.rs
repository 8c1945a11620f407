//! Counts of stored, refused and evicted data.

use serde::Serialize;

/// Counts of the store in the format of a `GET /status` response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreCounts {
    /// Stored traces.
    pub traces: usize,
    /// Stored documents.
    pub documents: usize,
    /// Total size of the stored documents' JSON in bytes.
    pub bytes: usize,
    /// Heap memory of the stored traces in bytes: documents, assembled traces and indexes.
    pub memory_bytes: usize,
    /// Number of documents that the store has accepted since the start, or since the last reset.
    pub taken: u64,
    /// Number of accepted documents that are not stored: duplicates, documents that a later document
    /// replaced, and documents in progress that arrived after the complete document.
    pub superseded: u64,
    /// Number of documents that the store has refused since the start, or since the last reset.
    pub refused: u64,
    /// Number of annotations that are not indexed because they exceed a limit.
    pub annotations_dropped: u64,
    /// Number of traces that were evicted because a limit was exceeded.
    pub evicted_traces: u64,
    /// Number of documents in the evicted traces.
    pub evicted_documents: u64,
}
