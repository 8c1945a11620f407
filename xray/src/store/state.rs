//! What the store holds, and which traces it evicts.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::{Counts, Limits};
use crate::document::{MAX_BYTES, Refusal, Subject};
use crate::id::{SegmentId, TraceId};
use crate::memory::allocation;
use crate::time::Time;
use crate::trace::Trace;

/// How many traces, and bytes of their documents, are put together before other threads may use the store.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 1024 * 1024;

/// Largest trace in bytes of documents; the real service's limit is 500 kB.
const MAX_TRACE: usize = 16 * 1024 * 1024;

/// The documents of one trace may take this part of the memory limit: what is searched for takes several times as much.
const TRACE_SHARE: usize = 16;

/// Traces may take this part of the memory limit. The rest is for blocks that the allocator cannot use again at once,
/// and for requests.
const TRACES_SHARE: usize = 2;

/// Entries of a node of the standard library's B-tree.
const NODE: usize = 11;

/// Memory of a trace besides its documents and entities. Each of the collections may be half empty.
const TRACE: usize = 2
    * (size_of::<(TraceId, Held)>()
        + size_of::<(Instant, TraceId)>()
        + size_of::<((Time, TraceId), Arc<Trace>)>()
        + size_of::<(u64, TraceId)>())
    + allocation(NODE * size_of::<(SegmentId, Sent)>());

/// Memory of a document besides its text.
const DOCUMENT: usize = 2 * size_of::<(SegmentId, Sent)>();

#[derive(Debug, Default)]
pub struct State {
    traces: HashMap<TraceId, Held>,
    /// Traces by the arrival of their first document.
    arrivals: VecDeque<(Instant, TraceId)>,
    pub by_time: BTreeMap<(Time, TraceId), Arc<Trace>>,
    /// Traces that have changed since they were put together, by the number of their change.
    changed: BTreeMap<u64, TraceId>,
    /// The number that the next change of any trace gets.
    pub next_change: u64,
    /// The highest revision of a trace that was evicted. One that comes back gets a higher one.
    evicted_revision: u64,
    pub counts: Counts,
}

#[derive(Debug, Default)]
struct Held {
    documents: BTreeMap<SegmentId, Sent>,
    /// Bytes of the documents.
    bytes: usize,
    /// Grows with each document that is added or replaced.
    revision: u64,
    /// The number of the first change that `trace` does not contain.
    changed: Option<u64>,
    trace: Option<Arc<Trace>>,
}

/// A trace that is to be put together.
pub struct Changed {
    pub id: TraceId,
    pub revision: u64,
    pub documents: Vec<Arc<str>>,
}

/// A document as it came.
#[derive(Debug)]
struct Sent {
    is_subsegment: bool,
    end: Option<Time>,
    json: Arc<str>,
}

impl Sent {
    /// Of two documents with one id, the greater one is kept, whichever came first.
    fn rank(&self) -> (bool, Option<Time>, &str) {
        (!self.is_subsegment, self.end, &self.json)
    }

    fn memory(&self) -> usize {
        // An `Arc` stands after its two counts.
        DOCUMENT + allocation(2 * size_of::<usize>() + self.json.len())
    }
}

impl Held {
    fn documents(&self) -> Vec<Arc<str>> {
        let documents = self.documents.values();
        documents.map(|sent| Arc::clone(&sent.json)).collect()
    }

    fn memory(&self) -> usize {
        let documents = self.documents.values().map(Sent::memory);
        TRACE + documents.sum::<usize>() + self.trace.as_ref().map_or(0, |trace| trace.memory)
    }
}

impl State {
    /// Adds a document, or replaces an earlier one with its id. One that tells nothing new is left out.
    pub fn put(&mut self, subject: &Subject, json: &str, limits: &Limits) -> Result<(), Refusal> {
        let sent = Sent {
            is_subsegment: subject.is_subsegment,
            end: subject.end,
            json: json.into(),
        };
        let held = self.traces.entry(subject.trace).or_insert_with(|| {
            self.arrivals.push_back((Instant::now(), subject.trace));
            self.counts.traces += 1;
            self.counts.memory_bytes += TRACE;
            Held {
                revision: self.evicted_revision,
                ..Held::default()
            }
        });
        let known = held.documents.get(&subject.id);
        if known.is_some_and(|known| known.rank() >= sent.rank()) {
            self.counts.superseded += 1;
            return Ok(());
        }
        let goes = known.map_or(0, |known| known.json.len());
        let largest = MAX_TRACE.min((limits.bytes / TRACE_SHARE).max(MAX_BYTES));
        if held.bytes - goes + json.len() > largest {
            return Err(Refusal {
                id: Some(subject.id.to_string()),
                code: "TraceLimitExceeded",
                is_subsegment: subject.is_subsegment,
            });
        }
        held.bytes += json.len();
        self.counts.bytes += json.len();
        self.counts.memory_bytes += sent.memory();
        self.counts.documents += 1;
        if let Some(replaced) = held.documents.insert(subject.id, sent) {
            held.bytes -= replaced.json.len();
            self.counts.bytes -= replaced.json.len();
            self.counts.memory_bytes -= replaced.memory();
            self.counts.documents -= 1;
            self.counts.superseded += 1;
        }
        held.revision += 1;
        if held.changed.is_none() {
            held.changed = Some(self.next_change);
            self.changed.insert(self.next_change, subject.trace);
            self.next_change += 1;
        }
        Ok(())
    }

    /// Evicts the oldest traces until all limits are kept.
    pub fn evict(&mut self, limits: &Limits) {
        while let Some((arrival, id)) = self.arrivals.front().copied() {
            let is_full = self.counts.traces > limits.traces
                || self.counts.memory_bytes > limits.bytes / TRACES_SHARE;
            if !is_full && arrival.elapsed() <= limits.age {
                return;
            }
            self.arrivals.pop_front();
            if let Some(held) = self.traces.remove(&id) {
                self.counts.traces -= 1;
                self.counts.bytes -= held.bytes;
                self.counts.memory_bytes -= held.memory();
                self.counts.documents -= held.documents.len();
                self.counts.evicted_traces += 1;
                self.counts.evicted_documents += held.documents.len() as u64;
                self.evicted_revision = self.evicted_revision.max(held.revision);
                if let Some(change) = held.changed {
                    self.changed.remove(&change);
                }
                if let Some(trace) = held.trace {
                    self.by_time.remove(&(trace.time, id));
                }
            }
        }
    }

    /// The next traces whose change has a number below `end`; none when all have been taken.
    pub fn take_changed(&mut self, end: u64) -> Vec<Changed> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < BATCH
            && bytes < BATCH_BYTES
            && let Some(first) = self.changed.first_entry()
            && *first.key() < end
        {
            let id = first.remove();
            if let Some(held) = self.traces.get_mut(&id) {
                held.changed = None;
                bytes += held.bytes;
                batch.push(Changed {
                    id,
                    revision: held.revision,
                    documents: held.documents(),
                });
            }
        }
        batch
    }

    /// Keeps traces that were put together, except those that were evicted meanwhile.
    pub fn index(&mut self, traces: Vec<Arc<Trace>>) {
        for trace in traces {
            let Some(held) = self.traces.get_mut(&trace.id) else {
                continue;
            };
            self.counts.memory_bytes += trace.memory;
            self.counts.annotations_dropped += trace.dropped_annotations;
            if let Some(old) = held.trace.replace(Arc::clone(&trace)) {
                self.by_time.remove(&(old.time, old.id));
                self.counts.memory_bytes -= old.memory;
                self.counts.annotations_dropped -= old.dropped_annotations;
            }
            self.by_time.insert((trace.time, trace.id), trace);
        }
    }

    /// A trace as it was last put together.
    pub fn trace(&self, id: TraceId) -> Option<Arc<Trace>> {
        self.traces.get(&id)?.trace.clone()
    }

    /// The documents of a trace, in the order of their ids.
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

    fn subject(trace: u32) -> Subject {
        let id = format!("1-{trace:08x}-{trace:024x}");
        Subject {
            trace: id.parse().unwrap(),
            id: "0000000000000001".parse().unwrap(),
            is_subsegment: false,
            end: None,
        }
    }

    #[test]
    fn evicted_traces_are_no_longer_to_be_put_together() {
        let mut state = State::default();
        for number in 0..10_000 {
            state.put(&subject(number), "{}", &LIMITS).unwrap();
            state.evict(&LIMITS);
            assert!(state.changed.len() <= LIMITS.traces);
        }
        assert_eq!(state.take_changed(state.next_change).len(), LIMITS.traces);
    }

    #[test]
    fn all_memory_is_released_with_the_last_trace() {
        let mut state = State::default();
        for number in 0..100 {
            state.put(&subject(number), "{}", &LIMITS).unwrap();
            state.put(&subject(number), "{ }", &LIMITS).unwrap();
            state.evict(&LIMITS);
        }
        assert!(state.counts.memory_bytes >= LIMITS.traces * TRACE);
        state.evict(&Limits {
            traces: 0,
            ..LIMITS
        });
        assert_eq!((state.counts.memory_bytes, state.counts.bytes), (0, 0));
        assert!(state.changed.is_empty() && state.arrivals.is_empty());
    }
}
