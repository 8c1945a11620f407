//! The stored documents and traces, and the eviction of the oldest traces.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::counts::StoreCounts;
use super::limits::Limits;
use crate::document::{DocumentHeader, MAX_DOCUMENT_BYTES, Refusal};
use crate::id::{SegmentId, TraceId};
use crate::memory::allocation;
use crate::time::Time;
use crate::trace::Trace;

/// Maximum number of traces that are assembled before other threads may use the store again.
const MAX_BATCH_TRACES: usize = 128;

/// Maximum size of the documents that are assembled before other threads may use the store again.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Maximum size of one trace's documents. AWS's limit is 500 kB.
const MAX_TRACE_BYTES: usize = 16 * 1024 * 1024;

/// One trace's documents may take 1/16 of the memory limit. The assembled trace may take several times as much.
const TRACE_LIMIT_DIVISOR: usize = 16;

/// All traces together may take half of the memory limit. The rest is for requests, and for blocks that the allocator
/// cannot use again at once.
const ALL_TRACES_LIMIT_DIVISOR: usize = 2;

/// Number of entries in a node of the standard library's B-tree.
const BTREE_NODE_ENTRIES: usize = 11;

/// Memory of a trace without its documents and entities. It is doubled because each collection may be half empty.
const TRACE_OVERHEAD_BYTES: usize = 2
    * (size_of::<(TraceId, StoredTrace)>()
        + size_of::<(Instant, TraceId)>()
        + size_of::<((Time, TraceId), Arc<Trace>)>()
        + size_of::<(u64, TraceId)>())
    + allocation(BTREE_NODE_ENTRIES * size_of::<(SegmentId, StoredDocument)>());

/// Memory of a document without its JSON.
const DOCUMENT_OVERHEAD_BYTES: usize = 2 * size_of::<(SegmentId, StoredDocument)>();

#[derive(Debug, Default)]
pub struct StoreState {
    traces: HashMap<TraceId, StoredTrace>,
    /// Traces in the order in which their first documents arrived.
    arrivals: VecDeque<(Instant, TraceId)>,
    pub traces_by_time: BTreeMap<(Time, TraceId), Arc<Trace>>,
    /// Traces that have changed since they were last assembled, by the number of their first change.
    changed: BTreeMap<u64, TraceId>,
    /// The number of the next change.
    pub next_change: u64,
    /// The highest revision of all evicted traces. A trace that is sent again starts with a higher one.
    max_evicted_revision: u64,
    pub counts: StoreCounts,
}

#[derive(Debug, Default)]
struct StoredTrace {
    documents: BTreeMap<SegmentId, StoredDocument>,
    /// Bytes of the documents' JSON.
    document_bytes: usize,
    /// Incremented with each document that is added or replaced.
    revision: u64,
    /// The number of the first change that `assembled` does not contain.
    first_change: Option<u64>,
    assembled: Option<Arc<Trace>>,
}

/// A trace that must be assembled.
pub struct ChangedTrace {
    pub id: TraceId,
    pub revision: u64,
    pub documents: Vec<Arc<str>>,
}

/// A document as it was received.
#[derive(Debug)]
struct StoredDocument {
    is_subsegment: bool,
    end: Option<Time>,
    json: Arc<str>,
}

impl StoredDocument {
    /// Of two documents with the same id, the one with the greater priority is stored, whichever arrived first: a
    /// segment rather than a subsegment, and a complete one rather than one in progress. The JSON decides the rest, so
    /// that the result does not depend on the order of arrival.
    fn priority(&self) -> (bool, Option<Time>, &str) {
        (!self.is_subsegment, self.end, &self.json)
    }

    fn memory_bytes(&self) -> usize {
        // An `Arc` stores two reference counts before its value.
        DOCUMENT_OVERHEAD_BYTES + allocation(2 * size_of::<usize>() + self.json.len())
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
    /// Adds a document, or replaces the stored one with the same id. A document with a lower priority is ignored.
    pub fn put(
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
        let existing = trace.documents.get(&header.id);
        if existing.is_some_and(|existing| existing.priority() >= document.priority()) {
            self.counts.superseded += 1;
            return Ok(());
        }
        let replaced_bytes = existing.map_or(0, |existing| existing.json.len());
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

    /// Evicts the oldest traces until no limit is exceeded.
    pub fn evict(&mut self, limits: &Limits) {
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

    /// Removes the next batch of traces from the changed ones and returns it. Only traces whose first change has a
    /// number below `end_change` are returned.
    pub fn take_changed(&mut self, end_change: u64) -> Vec<ChangedTrace> {
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        while batch.len() < MAX_BATCH_TRACES
            && batch_bytes < MAX_BATCH_BYTES
            && let Some(first) = self.changed.first_entry()
            && *first.key() < end_change
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

    /// Stores assembled traces. Those that were evicted in the meantime are ignored.
    pub fn index_traces(&mut self, traces: Vec<Arc<Trace>>) {
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

    /// A trace as it was last assembled.
    pub fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
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

    fn header(trace_number: u32) -> DocumentHeader {
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
            state.put(&header(number), "{}", &LIMITS).unwrap();
            state.evict(&LIMITS);
            assert!(state.changed.len() <= LIMITS.traces);
        }
        assert_eq!(state.take_changed(state.next_change).len(), LIMITS.traces);
    }

    #[test]
    fn evicting_all_traces_brings_the_counted_memory_to_zero() {
        let mut state = StoreState::default();
        for number in 0..100 {
            state.put(&header(number), "{}", &LIMITS).unwrap();
            state.put(&header(number), "{ }", &LIMITS).unwrap();
            state.evict(&LIMITS);
        }
        assert!(state.counts.memory_bytes >= LIMITS.traces * TRACE_OVERHEAD_BYTES);
        let no_traces = Limits {
            traces: 0,
            ..LIMITS
        };
        state.evict(&no_traces);
        assert_eq!((state.counts.memory_bytes, state.counts.bytes), (0, 0));
        assert!(state.changed.is_empty() && state.arrivals.is_empty());
    }
}
