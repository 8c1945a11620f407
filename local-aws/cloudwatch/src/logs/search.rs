//! Searches the events of a log group.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::event::{Event, EventId, StreamId};
use super::group::Snapshot;
use super::segment::Segment;

/// The order of the events in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    OldestFirst,
    NewestFirst,
}

/// How many events a result can have.
#[derive(Clone, Copy, Debug)]
pub struct PageSize {
    pub events: usize,
    /// Size of the events in AWS's terms. A result has at least one event, whatever its size.
    pub bytes: usize,
}

/// A result.
#[derive(Debug)]
pub struct Page<'a> {
    pub events: Vec<Event<'a>>,
    /// Whether more events match.
    pub has_more: bool,
}

/// Returns the first events in the given order whose id is in `range` and whose message is selected.
pub fn search<'a>(
    snapshot: &'a Snapshot,
    range: &Range<EventId>,
    order: Order,
    size: PageSize,
    is_selected: impl Fn(&str) -> bool,
) -> Page<'a> {
    let mut found: Vec<Event<'_>> = Vec::new();
    for segment in order.arrange(&snapshot.segments, range) {
        if found
            .get(size.events)
            .is_some_and(|last| order.is_behind(segment, last))
        {
            break;
        }
        found.extend(segment.events().filter(|event| {
            range.contains(&event.id)
                && snapshot.streams.contains_key(&event.stream)
                && is_selected(event.message)
        }));
        if found.len() > size.events {
            order.sort(&mut found);
            found.truncate(size.events.saturating_add(1));
        }
    }
    order.sort(&mut found);
    let mut bytes = 0;
    let fits = |event: &&Event<'_>| {
        bytes += event.bytes();
        bytes <= size.bytes
    };
    let count = found.iter().take(size.events).take_while(fits).count();
    let count = count.max(1).min(found.len());
    let has_more = count < found.len();
    found.truncate(count);
    Page {
        events: found,
        has_more,
    }
}

/// The name of the stream of a found event.
pub fn stream_name<'a>(streams: &'a HashMap<StreamId, Arc<str>>, event: &Event<'_>) -> &'a str {
    streams.get(&event.stream).map_or("", AsRef::as_ref)
}

impl Order {
    /// The segments that can have events in the range, in the order of their first events.
    fn arrange<'a>(self, segments: &'a [Arc<Segment>], range: &Range<EventId>) -> Vec<&'a Segment> {
        let segments = segments.iter().map(AsRef::as_ref);
        let mut segments: Vec<&Segment> = segments
            .filter(|segment| {
                segment.max_timestamp() >= range.start.timestamp
                    && segment.min_timestamp() <= range.end.timestamp
            })
            .collect();
        match self {
            Self::OldestFirst => segments.sort_by_key(|segment| segment.min_timestamp()),
            Self::NewestFirst => {
                segments.sort_by_key(|segment| std::cmp::Reverse(segment.max_timestamp()));
            }
        }
        segments
    }

    /// Whether all events of the segment come behind the event.
    fn is_behind(self, segment: &Segment, event: &Event<'_>) -> bool {
        match self {
            Self::OldestFirst => segment.min_timestamp() > event.id.timestamp,
            Self::NewestFirst => segment.max_timestamp() < event.id.timestamp,
        }
    }

    fn sort(self, events: &mut [Event<'_>]) {
        match self {
            Self::OldestFirst => events.sort_by_key(|event| event.id),
            Self::NewestFirst => events.sort_by_key(|event| std::cmp::Reverse(event.id)),
        }
    }
}
