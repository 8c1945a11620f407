//! A log group: its streams, and the events of all streams.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::event::StreamId;
use super::segment::Segment;

/// All log groups together keep this many times as much as one can keep.
const MAX_FULL_GROUPS: usize = 8;

/// Most streams of a log group. Beyond that, the oldest stream whose events were dropped is removed.
pub const MAX_STREAMS: usize = 10_000;

/// How much a log group keeps. The oldest events are dropped first.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of the events of a log group in bytes. Each event counts 26 bytes more than its message, as on AWS.
    pub bytes: usize,
    /// Events are dropped this long after they were stored.
    pub age: Duration,
}

/// A log group.
#[derive(Debug)]
pub struct Group {
    id: u64,
    pub created: i64,
    /// The retention in days, which is kept as a value and has no effect.
    pub retention: Option<i64>,
    streams: BTreeMap<Arc<str>, Stream>,
    next_stream: StreamId,
    segments: VecDeque<Arc<Segment>>,
    bytes: usize,
    /// The bytes of all log groups.
    all_bytes: Arc<AtomicUsize>,
    next_sequence: u64,
    last_time: i64,
}

/// A log stream. All times are in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    id: StreamId,
    pub created: i64,
    /// The times of its events, or `None` if it never had events.
    pub times: Option<Times>,
}

/// Times of the events of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub first_event: i64,
    pub last_event: i64,
    pub last_ingestion: i64,
}

/// The events of a log group at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub segments: Vec<Arc<Segment>>,
    /// The names of the selected streams. Events of other streams do not count.
    pub streams: HashMap<StreamId, Arc<str>>,
}

impl Group {
    /// A log group without events. `all_bytes` has the size of the events of all log groups.
    pub fn new(id: u64, now: i64, all_bytes: Arc<AtomicUsize>) -> Self {
        Self {
            id,
            created: now,
            retention: None,
            streams: BTreeMap::new(),
            next_stream: 0,
            segments: VecDeque::new(),
            bytes: 0,
            all_bytes,
            next_sequence: 0,
            last_time: now,
        }
    }

    /// The streams by name.
    pub fn streams(&self) -> impl Iterator<Item = (&Arc<str>, &Stream)> {
        self.streams.iter()
    }

    pub fn has_stream(&self, name: &str) -> bool {
        self.streams.contains_key(name)
    }

    /// Adds a stream without events. Returns false if the stream exists.
    pub fn create_stream(&mut self, name: &str, now: i64) -> bool {
        let is_new = !self.has_stream(name);
        self.stream(name, now);
        is_new
    }

    /// Removes a stream. Its events can no longer be read. Returns false if there is no such stream.
    pub fn delete_stream(&mut self, name: &str) -> bool {
        self.streams.remove(name).is_some()
    }

    /// The size of the events in AWS's terms.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the next event.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The present time for a new event: never before that of an earlier event, so that a reader who continues at the
    /// time of the newest event misses none.
    pub fn time_of_next_event(&self, now: i64) -> i64 {
        now.max(self.last_time)
    }

    /// Adds an event. A stream that does not exist is created.
    pub fn push(&mut self, stream: &str, timestamp: i64, now: i64, message: &str, limits: Limits) {
        // A segment of which all events are too old gets no new ones.
        self.drop_oldest(now, limits);
        self.last_time = self.last_time.max(now);
        let stream = self.stream(stream, now);
        let times = stream.times.get_or_insert(Times {
            first_event: timestamp,
            last_event: timestamp,
            last_ingestion: now,
        });
        times.first_event = times.first_event.min(timestamp);
        times.last_event = times.last_event.max(timestamp);
        times.last_ingestion = now;
        let stream = stream.id;
        let is_full = |segment: &Arc<Segment>| segment.is_full();
        if self.segments.back().is_none_or(is_full) {
            let segment = Segment::new(self.id, self.next_sequence);
            self.segments.push_back(Arc::new(segment));
        }
        if let Some(segment) = self.segments.back_mut() {
            let bytes = Arc::make_mut(segment).push(stream, timestamp, now, message);
            self.bytes += bytes;
            self.all_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        self.next_sequence += 1;
        self.drop_oldest(now, limits);
    }

    /// Drops the oldest segments beyond the limits. The newest segment stays unless it is too old.
    fn drop_oldest(&mut self, now: i64, limits: Limits) {
        let age = i64::try_from(limits.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(age);
        let max_all_bytes = limits.bytes.saturating_mul(MAX_FULL_GROUPS);
        while let Some(segment) = self.segments.front() {
            let is_too_large = self.segments.len() > 1
                && (self.bytes > limits.bytes
                    || self.all_bytes.load(Ordering::Relaxed) > max_all_bytes);
            if !is_too_large && segment.last_ingestion_time() >= oldest {
                return;
            }
            self.bytes -= segment.bytes();
            self.all_bytes.fetch_sub(segment.bytes(), Ordering::Relaxed);
            self.segments.pop_front();
        }
    }

    /// The present events of the streams whose names are selected.
    pub fn snapshot(&self, is_selected: impl Fn(&str) -> bool) -> Snapshot {
        let streams = self.streams.iter().filter(|(name, _)| is_selected(name));
        Snapshot {
            segments: self.segments.iter().cloned().collect(),
            streams: streams
                .map(|(name, it)| (it.id, Arc::clone(name)))
                .collect(),
        }
    }

    /// The segments with events from this number on.
    pub fn segments_from(&self, sequence: u64) -> Vec<Arc<Segment>> {
        let segments = self.segments.iter().rev();
        let new = segments.take_while(|segment| segment.end_sequence() > sequence);
        let mut new: Vec<_> = new.cloned().collect();
        new.reverse();
        new
    }

    fn stream(&mut self, name: &str, now: i64) -> &mut Stream {
        if self.streams.len() >= MAX_STREAMS && !self.has_stream(name) {
            self.remove_oldest_stream();
        }
        let next = &mut self.next_stream;
        self.streams.entry(Arc::from(name)).or_insert_with(|| {
            let id = *next;
            *next += 1;
            Stream {
                id,
                created: now,
                times: None,
            }
        })
    }

    /// Removes the stream without stored events that was created first, if there is one.
    fn remove_oldest_stream(&mut self) {
        let first = self.segments.front();
        let first = first.map_or(i64::MAX, |segment| segment.first_ingestion_time());
        let without_events = self.streams.iter().filter(|(_, stream)| {
            let times = stream.times;
            times.is_none_or(|times| times.last_ingestion < first)
        });
        let oldest = without_events.min_by_key(|(_, stream)| stream.id);
        if let Some(name) = oldest.map(|(name, _)| Arc::clone(name)) {
            self.streams.remove(&name);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
