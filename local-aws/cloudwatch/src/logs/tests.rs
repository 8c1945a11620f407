//! The store: order, limits, readers and writers at the same time, metric filters.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use proptest::prelude::*;

use super::group::MAX_STREAMS;
use super::search::PageSize;
use super::*;

const GROUP: &str = "group";

pub const NO_LIMITS: Limits = Limits {
    bytes: usize::MAX,
    age: Duration::from_secs(u64::MAX / 1000),
};

/// A clock that the test sets, in milliseconds.
#[derive(Clone, Default)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    pub fn set(&self, now: u64) {
        self.0.store(now, SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || Duration::from_millis(clock.0.load(SeqCst)))
    }
}

fn logs(limits: Limits) -> (Logs, TestClock) {
    let clock = TestClock::default();
    (Logs::new(limits, clock.clock()), clock)
}

#[test]
fn the_tail_has_the_newest_events_of_all_streams() {
    let (logs, _) = logs(NO_LIMITS);
    assert_eq!(logs.tail(GROUP, 1), "");
    for number in 0..3000 {
        let stream = format!("stream-{}", number % 2);
        logs.put(GROUP, &stream, &format!("line {number}"));
    }
    assert_eq!(
        logs.tail(GROUP, 2),
        "stream-0 | line 2998\nstream-1 | line 2999\n"
    );
    assert_eq!(logs.tail(GROUP, usize::MAX).lines().count(), 3000);
    assert_eq!(logs.tail(GROUP, 0), "");
    logs.clear();
    assert_eq!(logs.tail(GROUP, 2), "");
}

#[test]
fn the_oldest_events_are_dropped_beyond_the_bytes_of_a_group() {
    let limits = Limits {
        bytes: 1024 * 1024,
        ..NO_LIMITS
    };
    let (logs, _) = logs(limits);
    let long = "x".repeat(1000);
    for number in 0..5000 {
        logs.put(GROUP, "a", &format!("{number:04} {long}"));
        logs.put("other", "a", "short");
    }
    let bytes = logs.group(GROUP).unwrap().events().bytes();
    assert!(bytes <= limits.bytes, "{bytes}");
    // A segment has at most 256 KiB.
    assert!(bytes >= limits.bytes - 300_000, "{bytes}");
    let kept = logs.tail(GROUP, usize::MAX);
    assert!(kept.lines().last().unwrap().starts_with("a | 4999 "));
    assert_eq!(kept.lines().count() * (1005 + 26), bytes);
    assert_eq!(logs.tail("other", usize::MAX).lines().count(), 5000);
}

#[test]
fn all_groups_together_keep_as_much_as_eight_full_groups() {
    let limits = Limits {
        bytes: 1024 * 1024,
        ..NO_LIMITS
    };
    let (logs, _) = logs(limits);
    let long = "x".repeat(1000);
    let bytes = || {
        let groups = logs.groups().into_iter();
        groups.map(|(_, it)| it.events().bytes()).sum::<usize>()
    };
    for group in 0..12 {
        for _ in 0..1200 {
            logs.put(&format!("group-{group}"), "a", &long);
        }
        // The newest segment of each group is always kept.
        assert!(bytes() <= 8 * limits.bytes + 4 * 300_000, "{}", bytes());
    }
    assert_eq!(logs.bytes.load(Ordering::Relaxed), bytes());
    logs.delete_group("group-0");
    assert_eq!(logs.bytes.load(Ordering::Relaxed), bytes());
    logs.clear();
    assert_eq!(logs.bytes.load(Ordering::Relaxed), 0);
}

#[test]
fn events_for_a_new_group_are_dropped_if_there_are_too_many_groups() {
    let (logs, _) = logs(NO_LIMITS);
    for number in 0..MAX_GROUPS {
        assert!(logs.create_group(&format!("group-{number}")));
    }
    assert!(!logs.create_group("new"));
    logs.create_stream("new", "a");
    logs.put("new", "a", "text");
    assert_eq!(logs.tail("new", 1), "");
    logs.put("group-0", "a", "text");
    assert_eq!(logs.tail("group-0", 1), "a | text\n");
}

#[test]
fn the_oldest_streams_without_events_are_removed_beyond_the_limit() {
    let limits = Limits {
        age: Duration::from_millis(1000),
        ..NO_LIMITS
    };
    let mut group = Group::new(7, 0, Arc::default());
    group.push("expired", 0, 0, "text", limits);
    group.create_stream("empty", 0);
    // The event of the first stream is dropped.
    group.push("stored", 5000, 5000, "text", limits);
    for number in 3..MAX_STREAMS {
        group.create_stream(&number.to_string(), 5000);
    }
    let kept = |group: &Group| ["expired", "empty", "stored"].map(|name| group.has_stream(name));
    assert_eq!(kept(&group), [true, true, true]);
    group.create_stream("stored", 5000);
    assert_eq!(kept(&group), [true, true, true]);
    group.create_stream("new-0", 5000);
    assert_eq!(kept(&group), [false, true, true]);
    group.create_stream("new-1", 5000);
    group.create_stream("new-2", 5000);
    assert_eq!(kept(&group), [false, false, true]);
    assert_eq!(group.streams().count(), MAX_STREAMS);
}

#[test]
fn events_are_dropped_when_they_are_too_old() {
    let limits = Limits {
        age: Duration::from_millis(1000),
        ..NO_LIMITS
    };
    let (logs, clock) = logs(limits);
    for now in 0..3000 {
        clock.set(now);
        logs.put(GROUP, "a", "text");
    }
    // The first 1,024 events are a segment, which is dropped when its last event is too old.
    assert_eq!(logs.tail(GROUP, usize::MAX).lines().count(), 3000 - 1024);
    clock.set(10_000);
    logs.put(GROUP, "a", "last");
    assert_eq!(logs.tail(GROUP, usize::MAX), "a | last\n");
}

#[test]
fn the_time_of_an_event_is_never_before_that_of_an_earlier_event() {
    let (logs, clock) = logs(NO_LIMITS);
    for now in [5, 9, 7, 8, 10] {
        clock.set(now);
        logs.put(GROUP, "a", "text");
    }
    let snapshot = logs.group(GROUP).unwrap().events().snapshot(|_| true);
    let events = snapshot.segments[0].events();
    let times: Vec<_> = events.map(|event| event.id.timestamp).collect();
    assert_eq!(times, [5, 9, 9, 9, 10]);
}

/// Follows a group as `aws logs tail --follow` does: each search begins at the newest time that was seen, and events that
/// were seen are skipped.
#[test]
fn a_reader_who_follows_gets_each_event_of_all_writers_once() {
    const WRITERS: usize = 4;
    const EVENTS: usize = 20_000;
    let start = std::time::Instant::now();
    let logs = Logs::new(NO_LIMITS, Arc::new(move || start.elapsed()));
    logs.create_group(GROUP);
    let is_done = AtomicBool::new(false);
    let (count, seen) = thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let (mut newest, mut seen, mut count) = (0, BTreeSet::new(), 0);
            loop {
                let was_done = is_done.load(SeqCst);
                let mut from = EventId::at(newest);
                loop {
                    let snapshot = logs.group(GROUP).unwrap().events().snapshot(|_| true);
                    let size = PageSize {
                        events: 1000,
                        bytes: usize::MAX,
                    };
                    let range = from..EventId::LAST;
                    let page = search(&snapshot, &range, Order::OldestFirst, size, |_| true);
                    for event in &page.events {
                        count += usize::from(seen.insert(event.id));
                        newest = newest.max(event.id.timestamp);
                        from = event.id.next();
                    }
                    if !page.has_more {
                        break;
                    }
                }
                if was_done {
                    return (count, seen);
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let logs = &logs;
                scope.spawn(move || {
                    for number in 0..EVENTS {
                        logs.put(GROUP, &format!("stream-{writer}"), &number.to_string());
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_done.store(true, SeqCst);
        follower.join().unwrap()
    });
    assert_eq!((count, seen.len()), (WRITERS * EVENTS, WRITERS * EVENTS));
}

#[test]
fn a_snapshot_does_not_change() {
    let (logs, _) = logs(NO_LIMITS);
    logs.put(GROUP, "a", "one");
    let snapshot = logs.group(GROUP).unwrap().events().snapshot(|_| true);
    logs.put(GROUP, "a", "two");
    assert_eq!(snapshot.segments[0].events().count(), 1);
    assert_eq!(logs.tail(GROUP, 9), "a | one\na | two\n");
}

proptest! {
    /// Pages in both orders are the sorted events, whatever the order of their times.
    #[test]
    fn pages_are_the_selected_events_in_order(
        times in prop::collection::vec((0_u64..50, 0_u8..3, any::<bool>()), 0..4000),
        range in (0_i64..50, 0_i64..60),
        events in 1_usize..700,
        is_newest_first in any::<bool>(),
    ) {
        let mut group = Group::new(7, 0, Arc::default());
        for (time, stream, is_selected) in &times {
            let message = if *is_selected { "yes" } else { "no" };
            group.push(&stream.to_string(), time.cast_signed(), 0, message, NO_LIMITS);
        }
        let order = if is_newest_first { Order::NewestFirst } else { Order::OldestFirst };
        let snapshot = group.snapshot(|stream| stream != "2");
        let is_expected = |(time, stream, is_selected): &(u64, u8, bool)| {
            *is_selected && *stream != 2 && (range.0..range.1).contains(&time.cast_signed())
        };
        let mut expected: Vec<_> = (0_u64..).zip(&times).filter(|(_, it)| is_expected(it))
            .map(|(sequence, (time, ..))| (*time, sequence)).collect();
        expected.sort_unstable();
        if is_newest_first {
            expected.reverse();
        }
        let mut read = Vec::new();
        let (mut start, mut end) = (EventId::at(range.0), EventId::at(range.1));
        loop {
            let size = PageSize { events, bytes: usize::MAX };
            let page = search(&snapshot, &(start..end), order, size, |message| message == "yes");
            prop_assert!(page.events.len() <= events);
            read.extend(page.events.iter().map(|it| (it.id.timestamp.cast_unsigned(), it.id.sequence)));
            let Some(last) = page.events.last().filter(|_| page.has_more) else {
                break;
            };
            match order {
                Order::OldestFirst => start = last.id.next(),
                Order::NewestFirst => end = last.id,
            }
        }
        prop_assert_eq!(read, expected);
    }
}

mod metric_filters;
