//! All traces, in memory and bounded: the oldest leave first.
//!
//! What was taken stays until a bound is reached, and what then leaves is counted. Nothing is kept on disk.
//! Documents are put together when somebody asks, or before that by [`Store::settle`].

mod state;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::assembly::{self, Compiled};
use crate::document::{Document, Refusal};
use crate::id::TraceId;
use crate::interner::Interner;
use crate::time::Time;
use crate::trace::Trace;
use state::State;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Traces.
    pub traces: usize,
    /// Bytes of memory. Traces take half of it at most.
    pub bytes: usize,
    /// How long after its first document a trace is kept.
    pub age: Duration,
}

impl Limits {
    /// 100,000 traces, 512 MiB of memory, 6 hours.
    pub const DEFAULT: Self = Self {
        traces: 100_000,
        bytes: 512 * 1024 * 1024,
        age: Duration::from_secs(6 * 3600),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What the store holds, and what has become of the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Counts {
    /// Traces held.
    pub traces: usize,
    /// Documents held.
    pub documents: usize,
    /// Bytes of documents held.
    pub bytes: usize,
    /// Bytes of memory that the traces held take: their documents, and what is searched for.
    pub memory_bytes: usize,
    /// Documents taken since the start.
    pub taken: u64,
    /// Of them, those that told nothing new: duplicates, and news of what had ended already.
    pub superseded: u64,
    /// Documents refused.
    pub refused: u64,
    /// Annotations that cannot be searched for, since they exceed a limit.
    pub annotations_dropped: u64,
    /// Traces that were evicted to keep a limit.
    pub evicted_traces: u64,
    /// Documents that were evicted with them.
    pub evicted_documents: u64,
}

/// Which time of a trace a range is about; a range is [start, end).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum TimeRangeType {
    /// When the trace began, by its id.
    #[default]
    TraceId,
    /// When anything of it was going on.
    Event,
    /// When one of its segments ended.
    Service,
}

/// The traces.
#[derive(Debug, Default)]
pub struct Store {
    limits: Limits,
    state: Mutex<State>,
    /// Held by whoever puts traces together, so that nobody reads before that is done.
    interner: Mutex<Interner>,
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Takes a document, or an array of them, and says what of it is refused and why.
    pub fn put(&self, json: &str) -> Vec<Refusal> {
        if !json.trim_start().starts_with('[') {
            return self.put_one(json).err().into_iter().collect();
        }
        match serde_json::from_str::<Vec<&RawValue>>(json) {
            // It says nothing, so it lacks even an id; the real service sees it so, too.
            Ok(documents) if documents.is_empty() => vec![self.refuse("MissingId")],
            Ok(documents) => {
                let put = |document: &&RawValue| self.put_one(document.get()).err();
                documents.iter().filter_map(put).collect()
            }
            Err(_) => vec![self.refuse("ParseError")],
        }
    }

    fn put_one(&self, json: &str) -> Result<(), Refusal> {
        let parsed = Document::parse(json);
        let mut state = self.state();
        let taken = parsed.and_then(|(_, subject)| state.put(&subject, json, &self.limits));
        match &taken {
            Ok(()) => state.counts.taken += 1,
            Err(_) => state.counts.refused += 1,
        }
        state.evict(&self.limits);
        taken
    }

    fn refuse(&self, code: &'static str) -> Refusal {
        self.state().counts.refused += 1;
        Refusal::unread(code)
    }

    /// What is held, and what has left.
    pub fn counts(&self) -> Counts {
        self.settle();
        self.state().counts
    }

    /// Puts together what has changed, so that the next question need not.
    pub fn settle(&self) {
        let mut interner = self.interner.lock().unwrap_or_else(PoisonError::into_inner);
        // Later changes are left to the next call, or documents that arrive fast would keep this one busy.
        let end = {
            let mut state = self.state();
            state.evict(&self.limits);
            state.next_change
        };
        loop {
            let batch = self.state().take_changed(end);
            if batch.is_empty() {
                return;
            }
            let traces = batch.iter().map(|changed| {
                let documents = changed.documents.iter().map(|json| &**json);
                let trace =
                    assembly::assemble(changed.id, changed.revision, documents, &mut interner);
                Arc::new(trace)
            });
            let traces = traces.collect();
            let mut state = self.state();
            state.index(traces);
            state.evict(&self.limits);
        }
    }

    /// The traces of a time range, the newest first.
    pub fn traces(&self, range_type: TimeRangeType, start: Time, end: Time) -> Vec<Arc<Trace>> {
        self.settle();
        let state = self.state();
        if range_type == TimeRangeType::TraceId {
            let least = TraceId::MIN;
            let range = (start, least)..(end.max(start), least);
            let traces = state.by_time.range(range).rev();
            return traces.map(|(_, trace)| Arc::clone(trace)).collect();
        }
        let traces: Vec<_> = state.by_time.values().rev().cloned().collect();
        drop(state);
        let is_within = |trace: &Arc<Trace>| match range_type {
            TimeRangeType::TraceId => true,
            TimeRangeType::Event => trace.start < end && trace.end >= start,
            TimeRangeType::Service => {
                let mut ends = trace.segments().filter_map(|(_, segment)| segment.end);
                ends.any(|ended| start <= ended && ended < end)
            }
        };
        traces.into_iter().filter(is_within).collect()
    }

    /// Those of these traces that are held.
    pub fn traces_of(&self, ids: HashSet<TraceId>) -> Vec<Arc<Trace>> {
        self.settle();
        let state = self.state();
        ids.into_iter().filter_map(|id| state.trace(id)).collect()
    }

    /// The documents of one trace, put together.
    pub fn compiled(&self, id: TraceId) -> Option<Vec<Compiled>> {
        let documents = self.state().documents(id)?;
        let documents = documents.iter().map(|json| &**json);
        Some(assembly::compile(id, documents))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
