//! The stored documents and traces, and the eviction of the oldest traces.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::counts::StoreCounts;
use super::limits::Limits;
use crate::document::{DocumentHeader, MAX_DOCUMENT_BYTES, Refusal};
use crate::id::{SegmentId, TraceId};
use crate::memory::allocation_bytes;
use crate::time::Time;
use crate::trace::Trace;

/// Maximum number of traces in a batch. The store's state is locked while a batch is removed from the changed
/// traces, and while the assembled traces of the batch are stored. Batches are small so that the lock is held
/// only for a short time.
const MAX_BATCH_TRACES: usize = 128;

/// A batch is complete when the total size of its documents reaches 1 MiB. The assembled traces of a batch
/// count towards the memory limit only after the traces are stored.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Maximum total size of one trace's documents in bytes. The limit of AWS is 500 kB.
const MAX_TRACE_BYTES: usize = 16 * 1024 * 1024;

/// The documents of one trace may use 1/16 of the memory limit. An assembled trace may use several times as
/// much memory as the documents of the trace.
const TRACE_LIMIT_DIVISOR: usize = 16;

/// All traces together may use half of the memory limit. The other half of the memory limit is for requests,
/// and for freed memory that the allocator cannot reuse immediately.
const ALL_TRACES_LIMIT_DIVISOR: usize = 2;

/// Number of entries in a node of the standard library's B-tree.
const BTREE_NODE_ENTRIES: usize = 11;

/// Memory in bytes of a trace without its documents and entities. The sizes of the trace's entries in
/// collections are doubled, because a collection may be half empty.
const TRACE_OVERHEAD_BYTES: usize = 2
    * (size_of::<(TraceId, StoredTrace)>()
        + size_of::<(Instant, TraceId)>()
        + size_of::<((Time, TraceId), Arc<Trace>)>()
        + size_of::<(u64, TraceId)>())
    + allocation_bytes(BTREE_NODE_ENTRIES * size_of::<(SegmentId, StoredDocument)>());

/// Memory in bytes of a document without its JSON. The size of the document's entry in the B-tree is doubled,
/// because the B-tree may be half empty.
const DOCUMENT_OVERHEAD_BYTES: usize = 2 * size_of::<(SegmentId, StoredDocument)>();

#[derive(Debug, Default)]
pub struct StoreState {
    traces: HashMap<TraceId, StoredTrace>,
    /// Traces in the order in which their first documents arrived.
    arrivals: VecDeque<(Instant, TraceId)>,
    pub traces_by_time: BTreeMap<(Time, TraceId), Arc<Trace>>,
    /// Traces that have changed since they were last assembled. The key of a trace is the number of its first
    /// change since the trace was last assembled.
    changed: BTreeMap<u64, TraceId>,
    /// The number that the next change of a trace gets.
    pub next_change: u64,
    /// The highest revision of all evicted traces. A trace that arrives again after its eviction gets a higher revision.
    max_evicted_revision: u64,
    pub counts: StoreCounts,
}

#[derive(Debug, Default)]
struct StoredTrace {
    documents: BTreeMap<SegmentId, StoredDocument>,
    /// Total size of the documents' JSON in bytes.
    document_bytes: usize,
    /// Version number of the trace. The store increments the version number when a document of the trace is
    /// added or replaced.
    revision: u64,
    /// The number of the first change that `assembled` does not include; `None` if `assembled` is up to date.
    first_change: Option<u64>,
    assembled: Option<Arc<Trace>>,
}

/// A trace that must be assembled, with its documents.
pub struct ChangedTrace {
    pub id: TraceId,
    pub revision: u64,
    pub documents: Vec<Arc<str>>,
}

/// A received document, without a change.
#[derive(Debug)]
struct StoredDocument {
    is_subsegment: bool,
    end: Option<Time>,
    json: Arc<str>,
}

impl StoredDocument {
    /// The priority of the document. If two documents have the same id, the document with the greater
    /// priority is stored. Segments have priority over subsegments, and complete documents over documents in
    /// progress. Documents of the same kind with the same end time are compared by their JSON text, so that
    /// the result does not depend on the order of arrival.
    fn priority(&self) -> (bool, Option<Time>, &str) {
        (!self.is_subsegment, self.end, &self.json)
    }

    fn memory_bytes(&self) -> usize {
        // An `Arc` stores two reference counts before its value.
        DOCUMENT_OVERHEAD_BYTES + allocation_bytes(2 * size_of::<usize>() + self.json.len())
    }
}

impl StoredTrace {
    fn documents(&self) -> Vec<Arc<str>> {
        let documents = self.documents.values();
        documents
            .map(|document| Arc::clone(&document.json))
            .collect()
    }

    fn memory_bytes(&self) -> usize {
        let documents = self.documents.values().map(StoredDocument::memory_bytes);
        let assembled_bytes = self
            .assembled
            .as_ref()
            .map_or(0, |trace| trace.memory_bytes);
        TRACE_OVERHEAD_BYTES + documents.sum::<usize>() + assembled_bytes
    }
}

impl StoreState {
    /// Adds a document. If a document with the same id is stored, the new document replaces the stored
    /// document only if the new document has the greater priority.
    pub fn put_document(
        &mut self,
        header: &DocumentHeader,
        json: &str,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let document = StoredDocument {
            is_subsegment: header.is_subsegment,
            end: header.end,
            json: json.into(),
        };
        let trace = self.traces.entry(header.trace_id).or_insert_with(|| {
            self.arrivals.push_back((Instant::now(), header.trace_id));
            self.counts.traces += 1;
            self.counts.memory_bytes += TRACE_OVERHEAD_BYTES;
            StoredTrace {
                revision: self.max_evicted_revision,
                ..StoredTrace::default()
            }
        });
        let stored_document = trace.documents.get(&header.id);
        if stored_document.is_some_and(|stored| stored.priority() >= document.priority()) {
            self.counts.superseded += 1;
            return Ok(());
        }
        let replaced_bytes = stored_document.map_or(0, |stored| stored.json.len());
        let max_bytes =
            MAX_TRACE_BYTES.min((limits.bytes / TRACE_LIMIT_DIVISOR).max(MAX_DOCUMENT_BYTES));
        if trace.document_bytes - replaced_bytes + json.len() > max_bytes {
            return Err(Refusal {
                id: Some(header.id.to_string()),
                code: "TraceLimitExceeded",
                is_subsegment: header.is_subsegment,
            });
        }
        trace.document_bytes += json.len();
        self.counts.bytes += json.len();
        self.counts.memory_bytes += document.memory_bytes();
        self.counts.documents += 1;
        if let Some(replaced) = trace.documents.insert(header.id, document) {
            trace.document_bytes -= replaced.json.len();
            self.counts.bytes -= replaced.json.len();
            self.counts.memory_bytes -= replaced.memory_bytes();
            self.counts.documents -= 1;
            self.counts.superseded += 1;
        }
        trace.revision += 1;
        if trace.first_change.is_none() {
            trace.first_change = Some(self.next_change);
            self.changed.insert(self.next_change, header.trace_id);
            self.next_change += 1;
        }
        Ok(())
    }

    /// Evicts the oldest traces until the store complies with all limits.
    pub fn evict_oldest(&mut self, limits: &Limits) {
        while let Some((arrival, id)) = self.arrivals.front().copied() {
            let is_full = self.counts.traces > limits.traces
                || self.counts.memory_bytes > limits.bytes / ALL_TRACES_LIMIT_DIVISOR;
            if !is_full && arrival.elapsed() <= limits.age {
                return;
            }
            self.arrivals.pop_front();
            if let Some(trace) = self.traces.remove(&id) {
                self.counts.traces -= 1;
                self.counts.bytes -= trace.document_bytes;
                self.counts.memory_bytes -= trace.memory_bytes();
                self.counts.documents -= trace.documents.len();
                self.counts.evicted_traces += 1;
                self.counts.evicted_documents += trace.documents.len() as u64;
                self.max_evicted_revision = self.max_evicted_revision.max(trace.revision);
                if let Some(change) = trace.first_change {
                    self.changed.remove(&change);
                }
                if let Some(assembled) = trace.assembled {
                    self.traces_by_time.remove(&(assembled.index_time, id));
                }
            }
        }
    }

    /// Removes all traces. The counts begin again at 0. A trace that arrives again gets a higher revision, as after its eviction.
    pub fn clear(&mut self) {
        self.evict_oldest(&Limits {
            traces: 0,
            ..Limits::DEFAULT
        });
        self.counts = StoreCounts::default();
    }

    /// Removes a batch of traces from the changed traces and returns the batch. The batch contains only
    /// traces whose first change has a number below `change_limit`.
    pub fn take_changed_batch(&mut self, change_limit: u64) -> Vec<ChangedTrace> {
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        while batch.len() < MAX_BATCH_TRACES
            && batch_bytes < MAX_BATCH_BYTES
            && let Some(first) = self.changed.first_entry()
            && *first.key() < change_limit
        {
            let id = first.remove();
            if let Some(trace) = self.traces.get_mut(&id) {
                trace.first_change = None;
                batch_bytes += trace.document_bytes;
                batch.push(ChangedTrace {
                    id,
                    revision: trace.revision,
                    documents: trace.documents(),
                });
            }
        }
        batch
    }

    /// Stores assembled traces. A trace that the store evicted during its assembly is not stored again.
    pub fn store_assembled(&mut self, traces: Vec<Arc<Trace>>) {
        for assembled in traces {
            let Some(trace) = self.traces.get_mut(&assembled.id) else {
                continue;
            };
            self.counts.memory_bytes += assembled.memory_bytes;
            self.counts.annotations_dropped += assembled.dropped_annotations;
            if let Some(old) = trace.assembled.replace(Arc::clone(&assembled)) {
                self.traces_by_time.remove(&(old.index_time, old.id));
                self.counts.memory_bytes -= old.memory_bytes;
                self.counts.annotations_dropped -= old.dropped_annotations;
            }
            let key = (assembled.index_time, assembled.id);
            self.traces_by_time.insert(key, assembled);
        }
    }

    /// The result of the last assembly of a trace.
    pub fn assembled_trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.traces.get(&id)?.assembled.clone()
    }

    /// The documents of a trace, sorted by id.
    pub fn documents(&self, id: TraceId) -> Option<Vec<Arc<str>>> {
        Some(self.traces.get(&id)?.documents())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: Limits = Limits {
        traces: 10,
        bytes: 1024 * 1024,
        age: Duration::from_secs(3600),
    };

    fn header_of_trace(trace_number: u32) -> DocumentHeader {
        let trace_id = format!("1-{trace_number:08x}-{trace_number:024x}");
        DocumentHeader {
            trace_id: trace_id.parse().unwrap(),
            id: "0000000000000001".parse().unwrap(),
            is_subsegment: false,
            end: None,
        }
    }

    #[test]
    fn evicted_traces_are_removed_from_the_changed_traces() {
        let mut state = StoreState::default();
        for number in 0..10_000 {
            state
                .put_document(&header_of_trace(number), "{}", &LIMITS)
                .unwrap();
            state.evict_oldest(&LIMITS);
            assert!(state.changed.len() <= LIMITS.traces);
        }
        assert_eq!(
            state.take_changed_batch(state.next_change).len(),
            LIMITS.traces
        );
    }

    #[test]
    fn the_counted_memory_is_zero_after_all_traces_are_evicted() {
        let mut state = StoreState::default();
        for number in 0..100 {
            state
                .put_document(&header_of_trace(number), "{}", &LIMITS)
                .unwrap();
            state
                .put_document(&header_of_trace(number), "{ }", &LIMITS)
                .unwrap();
            state.evict_oldest(&LIMITS);
        }
        assert!(state.counts.memory_bytes >= LIMITS.traces * TRACE_OVERHEAD_BYTES);
        let no_traces = Limits {
            traces: 0,
            ..LIMITS
        };
        state.evict_oldest(&no_traces);
        assert_eq!((state.counts.memory_bytes, state.counts.bytes), (0, 0));
        assert!(state.changed.is_empty() && state.arrivals.is_empty());
    }
}
