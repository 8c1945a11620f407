//! Stores traces in memory. When a limit is exceeded, the store evicts the oldest traces and counts the
//! evicted traces.
//!
//! A query first assembles the documents that arrived before the query. The function
//! [`Store::assemble_changed_traces`] assembles changed traces without a query.

mod counts;
mod limits;
mod state;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

pub use counts::StoreCounts;
pub use limits::Limits;

use crate::assembly::{self, CompiledSegment};
use crate::document::{Document, Refusal};
use crate::id::TraceId;
use crate::interner::Interner;
use crate::time::Time;
use crate::trace::Trace;
use state::StoreState;

/// The time of a trace that is compared with a time range. A time range includes its start and excludes its
/// end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum TimeRangeType {
    /// The time in the trace id.
    #[default]
    TraceId,
    /// The period from the start to the end of the trace. A trace matches if its period overlaps the time
    /// range.
    Event,
    /// The end times of the segments. A trace matches if the end time of at least one segment is in the time
    /// range.
    Service,
}

/// The stored traces.
#[derive(Debug, Default)]
pub struct Store {
    limits: Limits,
    state: Mutex<StoreState>,
    /// The store locks the interner while it assembles changed traces, so that a concurrent query waits for
    /// the assembled traces.
    interner: Mutex<Interner>,
}

impl Store {
    /// Creates an empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Stores a document, or each document in a JSON array of documents. Returns one refusal for each refused
    /// document.
    pub fn put_documents(&self, json: &str) -> Vec<Refusal> {
        if !json.trim_start().starts_with('[') {
            return self.put_document(json).err().into_iter().collect();
        }
        match serde_json::from_str::<Vec<&RawValue>>(json) {
            // AWS refuses an empty array of documents with the error code `MissingId`, too.
            Ok(documents) if documents.is_empty() => vec![self.count_refusal("MissingId")],
            Ok(documents) => {
                let try_put = |document: &&RawValue| self.put_document(document.get()).err();
                documents.iter().filter_map(try_put).collect()
            }
            Err(_) => vec![self.count_refusal("ParseError")],
        }
    }

    fn put_document(&self, json: &str) -> Result<(), Refusal> {
        let parsed = Document::parse(json);
        let mut state = self.lock_state();
        let result = parsed.and_then(|(_, header)| state.put_document(&header, json, &self.limits));
        match &result {
            Ok(()) => state.counts.taken += 1,
            Err(_) => state.counts.refused += 1,
        }
        state.evict_oldest(&self.limits);
        result
    }

    fn count_refusal(&self, code: &'static str) -> Refusal {
        self.lock_state().counts.refused += 1;
        Refusal::without_id(code)
    }

    /// Counts of stored, refused and evicted data.
    pub fn counts(&self) -> StoreCounts {
        self.assemble_changed_traces();
        self.lock_state().counts
    }

    /// Assembles the traces that have changed since they were last assembled. The next query is faster,
    /// because the query does not assemble the traces itself.
    pub fn assemble_changed_traces(&self) {
        let mut interner = self.interner.lock().unwrap_or_else(PoisonError::into_inner);
        // This call assembles only changes with a number below `change_limit`; the next call assembles newer
        // changes. Without `change_limit`, the loop would not end while documents arrive continuously.
        let change_limit = {
            let mut state = self.lock_state();
            state.evict_oldest(&self.limits);
            state.next_change
        };
        loop {
            let batch = self.lock_state().take_changed_batch(change_limit);
            if batch.is_empty() {
                return;
            }
            let traces = batch.iter().map(|changed| {
                let documents = changed.documents.iter().map(|json| &**json);
                let trace = assembly::assemble_trace(
                    changed.id,
                    changed.revision,
                    documents,
                    &mut interner,
                );
                Arc::new(trace)
            });
            let traces = traces.collect();
            let mut state = self.lock_state();
            state.store_assembled(traces);
            state.evict_oldest(&self.limits);
        }
    }

    /// Removes all traces. The counts begin again at 0.
    pub fn clear(&self) {
        self.lock_state().clear();
    }

    /// The traces in a time range, sorted from the newest to the oldest.
    pub fn traces_in_range(
        &self,
        range_type: TimeRangeType,
        start: Time,
        end: Time,
    ) -> Vec<Arc<Trace>> {
        self.assemble_changed_traces();
        let state = self.lock_state();
        if range_type == TimeRangeType::TraceId {
            let range = (start, TraceId::MIN)..(end.max(start), TraceId::MIN);
            let traces = state.traces_by_time.range(range).rev();
            return traces.map(|(_, trace)| Arc::clone(trace)).collect();
        }
        let traces: Vec<_> = state.traces_by_time.values().rev().cloned().collect();
        drop(state);
        let is_in_range = |trace: &Arc<Trace>| match range_type {
            TimeRangeType::TraceId => true,
            TimeRangeType::Event => trace.start < end && trace.end >= start,
            TimeRangeType::Service => {
                let mut segment_ends = trace.segments().filter_map(|(_, segment)| segment.end);
                segment_ends.any(|segment_end| start <= segment_end && segment_end < end)
            }
        };
        traces.into_iter().filter(is_in_range).collect()
    }

    /// The traces whose ids are in `ids`. An id without a stored trace is ignored.
    pub fn traces_by_id(&self, ids: HashSet<TraceId>) -> Vec<Arc<Trace>> {
        self.assemble_changed_traces();
        let state = self.lock_state();
        ids.into_iter()
            .filter_map(|id| state.assembled_trace(id))
            .collect()
    }

    /// The compiled documents of a trace; `None` if the trace is not stored.
    pub fn compiled_segments(&self, id: TraceId) -> Option<Vec<CompiledSegment>> {
        let documents = self.lock_state().documents(id)?;
        let documents = documents.iter().map(|json| &**json);
        Some(assembly::compile_documents(id, documents))
    }

    fn lock_state(&self) -> MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
