//! Log events are stored in segments. Readers share the segments with the store, so that neither waits for the other.

use super::event::{Event, EventId, StreamId};

/// Maximum number of events in a segment. The store copies the last segment when it adds an event while a reader has the
/// segment, so a segment is small.
const MAX_EVENTS: usize = 1024;

/// A segment with this many bytes of text gets no more events.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// Events in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// The messages one after the other.
    text: String,
    entries: Vec<Entry>,
    group: u64,
    first_sequence: u64,
    min_timestamp: i64,
    max_timestamp: i64,
    /// The size of the events in AWS's terms.
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    timestamp: i64,
    ingestion_time: i64,
    /// Where the message ends in the text.
    end: usize,
    stream: StreamId,
}

impl Segment {
    /// A segment whose first event gets this number.
    pub fn new(group: u64, first_sequence: u64) -> Self {
        Self {
            group,
            first_sequence,
            min_timestamp: i64::MAX,
            max_timestamp: i64::MIN,
            ..Self::default()
        }
    }

    pub fn is_full(&self) -> bool {
        self.entries.len() >= MAX_EVENTS || self.text.len() >= MAX_TEXT_BYTES
    }

    /// Adds an event. Returns its size in AWS's terms.
    pub fn push(
        &mut self,
        stream: StreamId,
        timestamp: i64,
        ingestion_time: i64,
        message: &str,
    ) -> usize {
        self.text.push_str(message);
        self.entries.push(Entry {
            timestamp,
            ingestion_time,
            end: self.text.len(),
            stream,
        });
        self.min_timestamp = self.min_timestamp.min(timestamp);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let bytes = message.len() + super::event::BYTES_PER_EVENT;
        self.bytes += bytes;
        bytes
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn min_timestamp(&self) -> i64 {
        self.min_timestamp
    }

    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// When the first event was stored.
    pub fn first_ingestion_time(&self) -> i64 {
        self.entries
            .first()
            .map_or(i64::MAX, |first| first.ingestion_time)
    }

    /// When the last event was stored.
    pub fn last_ingestion_time(&self) -> i64 {
        self.entries
            .last()
            .map_or(i64::MIN, |last| last.ingestion_time)
    }

    /// The number behind that of the last event.
    pub fn end_sequence(&self) -> u64 {
        self.first_sequence + self.entries.len() as u64
    }

    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        let starts = std::iter::once(0).chain(self.entries.iter().map(|entry| entry.end));
        let numbered = (self.first_sequence..).zip(starts.zip(&self.entries));
        numbered.map(|(sequence, (start, entry))| Event {
            id: EventId {
                timestamp: entry.timestamp,
                group: self.group,
                sequence,
            },
            ingestion_time: entry.ingestion_time,
            stream: entry.stream,
            message: &self.text[start..entry.end],
        })
    }
}
