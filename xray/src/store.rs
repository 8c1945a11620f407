//! All traces, in memory and bounded: the oldest leave first.
//!
//! What was taken stays until a bound is reached, and what then leaves is counted. Nothing is kept on disk.
//! Documents are put together when somebody asks, or before that by [`Store::settle`].

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::assembly::{self, Compiled};
use crate::document::{Document, Refusal, Subject};
use crate::id::{SegmentId, TraceId};
use crate::names::Names;
use crate::time::Time;
use crate::trace::Trace;

/// So many traces are put together before others may have the store.
const BATCH: usize = 128;

/// Largest trace in bytes of documents; the real service's limit is 500 kB.
const MAX_TRACE: usize = 16 * 1024 * 1024;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Traces.
    pub traces: usize,
    /// Bytes of documents.
    pub bytes: usize,
    /// How long after its first document a trace is kept.
    pub age: Duration,
}

impl Limits {
    /// 100,000 traces, 256 MiB of documents, 6 hours.
    pub const DEFAULT: Self = Self {
        traces: 100_000,
        bytes: 256 * 1024 * 1024,
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
    /// Documents taken since the start.
    pub taken: u64,
    /// Of them, those that told nothing new: duplicates, and news of what had ended already.
    pub superseded: u64,
    /// Documents refused.
    pub refused: u64,
    /// Traces that left for a bound.
    pub evicted_traces: u64,
    /// Documents that left with them.
    pub evicted_documents: u64,
}

/// Which time of a trace a range is about; a range is [start, end).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Clock {
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
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct State {
    traces: HashMap<TraceId, Held>,
    /// Traces by the arrival of their first document.
    arrivals: VecDeque<(Instant, TraceId)>,
    by_time: BTreeMap<(Time, TraceId), Arc<Trace>>,
    /// Traces that have changed since they were put together.
    changed: Vec<TraceId>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Held {
    documents: BTreeMap<SegmentId, Sent>,
    bytes: usize,
    has_changed: bool,
    trace: Option<Arc<Trace>>,
}

/// A document as it came.
#[derive(Debug)]
struct Sent {
    subject: Subject,
    json: Arc<str>,
}

impl Sent {
    /// Of two documents with one id, the greater one is kept, whichever came first.
    fn rank(&self) -> (bool, Option<Time>, &str) {
        (!self.subject.is_subsegment, self.subject.end, &self.json)
    }
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
        let taken = parsed.and_then(|(_, subject)| {
            state.put(Sent {
                subject,
                json: json.into(),
            })
        });
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
        let mut state = self.state();
        state.evict(&self.limits);
        state.counts
    }

    /// Puts together what has changed, so that the next question need not.
    pub fn settle(&self) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().evict(&self.limits);
        loop {
            let batch = self.state().take_changed();
            if batch.is_empty() {
                return;
            }
            let traces: Vec<_> = batch
                .iter()
                .map(|(id, documents)| {
                    let documents = documents.iter().map(|json| &**json);
                    Arc::new(assembly::assemble(*id, documents, &mut names))
                })
                .collect();
            self.state().index(traces);
        }
    }

    /// The traces of a time range, the newest first.
    pub fn traces(&self, clock: Clock, start: Time, end: Time) -> Vec<Arc<Trace>> {
        self.settle();
        let state = self.state();
        if clock == Clock::TraceId {
            let least = TraceId::least();
            let range = (start, least)..(end.max(start), least);
            let traces = state.by_time.range(range).rev();
            return traces.map(|(_, trace)| Arc::clone(trace)).collect();
        }
        let traces: Vec<_> = state.by_time.values().rev().cloned().collect();
        drop(state);
        let is_within = |trace: &Arc<Trace>| match clock {
            Clock::TraceId => true,
            Clock::Event => trace.start < end && trace.end >= start,
            Clock::Service => {
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
        let held = ids.iter().filter_map(|id| state.traces.get(id));
        held.filter_map(|held| held.trace.clone()).collect()
    }

    /// The documents of one trace, put together.
    pub fn compiled(&self, id: TraceId) -> Option<Vec<Compiled>> {
        let documents = self.state().traces.get(&id)?.documents();
        let documents = documents.iter().map(|json| &**json);
        Some(assembly::compile(id, documents))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn documents(&self) -> Vec<Arc<str>> {
        let documents = self.documents.values();
        documents.map(|sent| Arc::clone(&sent.json)).collect()
    }
}

impl State {
    fn put(&mut self, sent: Sent) -> Result<(), Refusal> {
        let Subject { trace, id, .. } = sent.subject;
        let held = self.traces.entry(trace).or_insert_with(|| {
            self.arrivals.push_back((Instant::now(), trace));
            self.counts.traces += 1;
            Held::default()
        });
        let known = held.documents.get(&id);
        if known.is_some_and(|known| known.rank() >= sent.rank()) {
            self.counts.superseded += 1;
            return Ok(());
        }
        let size = sent.json.len();
        let goes = known.map_or(0, |known| known.json.len());
        if held.bytes - goes + size > MAX_TRACE {
            return Err(Refusal {
                id: Some(id.to_string()),
                code: "TraceLimitExceeded",
                is_subsegment: sent.subject.is_subsegment,
            });
        }
        held.bytes += size;
        self.counts.bytes += size;
        self.counts.documents += 1;
        if let Some(replaced) = held.documents.insert(id, sent) {
            held.bytes -= replaced.json.len();
            self.counts.bytes -= replaced.json.len();
            self.counts.documents -= 1;
            self.counts.superseded += 1;
        }
        if !std::mem::replace(&mut held.has_changed, true) {
            self.changed.push(trace);
        }
        Ok(())
    }

    /// Lets the oldest traces go until all bounds are kept.
    fn evict(&mut self, limits: &Limits) {
        while let Some((arrival, id)) = self.arrivals.front().copied() {
            let is_full = self.counts.traces > limits.traces || self.counts.bytes > limits.bytes;
            if !is_full && arrival.elapsed() <= limits.age {
                return;
            }
            self.arrivals.pop_front();
            if let Some(held) = self.traces.remove(&id) {
                self.counts.traces -= 1;
                self.counts.bytes -= held.bytes;
                self.counts.documents -= held.documents.len();
                self.counts.evicted_traces += 1;
                self.counts.evicted_documents += held.documents.len() as u64;
                if let Some(trace) = held.trace {
                    self.by_time.remove(&(trace.time, id));
                }
            }
        }
    }

    /// Some of the traces that have changed, with their documents.
    fn take_changed(&mut self) -> Vec<(TraceId, Vec<Arc<str>>)> {
        let from = self.changed.len().saturating_sub(BATCH);
        let batch = self.changed.drain(from..);
        let traces = batch.filter_map(|id| {
            let held = self.traces.get_mut(&id)?;
            held.has_changed = false;
            Some((id, held.documents()))
        });
        traces.collect()
    }

    fn index(&mut self, traces: Vec<Arc<Trace>>) {
        for trace in traces {
            // It may have left meanwhile.
            if let Some(held) = self.traces.get_mut(&trace.id) {
                if let Some(old) = held.trace.replace(Arc::clone(&trace)) {
                    self.by_time.remove(&(old.time, old.id));
                }
                self.by_time.insert((trace.time, trace.id), trace);
            }
        }
    }
}
