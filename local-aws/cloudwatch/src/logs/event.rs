//! Log events and their order.

use std::fmt::{self, Display, Formatter};

/// The place of an event in its log group: by the time of the event, then in the order in which the events came. It is
/// unique among all log groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    /// Time of the event in milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Number of the log group.
    pub group: u64,
    /// Number of the event in its log group.
    pub sequence: u64,
}

/// Number of digits of each part. AWS's event ids have 56 digits too.
const TIMESTAMP_DIGITS: usize = 20;
const GROUP_DIGITS: usize = 12;
const SEQUENCE_DIGITS: usize = 24;

impl EventId {
    /// An id before those of all events.
    pub const FIRST: Self = Self {
        timestamp: 0,
        group: 0,
        sequence: 0,
    };

    /// An id behind those of all events.
    pub const LAST: Self = Self {
        timestamp: i64::MAX,
        // The greatest number that has the digits of a group.
        group: 999_999_999_999,
        sequence: u64::MAX,
    };

    /// The first possible id of this time.
    pub fn at(timestamp: i64) -> Self {
        Self {
            timestamp,
            ..Self::FIRST
        }
    }

    /// The first id behind this one.
    pub fn next(self) -> Self {
        Self {
            sequence: self.sequence.saturating_add(1),
            ..self
        }
    }

    /// Reads the text that [`Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == TIMESTAMP_DIGITS + GROUP_DIGITS + SEQUENCE_DIGITS
            && text.bytes().all(|it| it.is_ascii_digit());
        if !is_id {
            return None;
        }
        let (timestamp, rest) = text.split_at(TIMESTAMP_DIGITS);
        let (group, sequence) = rest.split_at(GROUP_DIGITS);
        Some(Self {
            timestamp: timestamp.parse().ok()?,
            group: group.parse().ok()?,
            sequence: sequence.parse().ok()?,
        })
    }
}

impl Display for EventId {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            timestamp,
            group,
            sequence,
        } = self;
        write!(
            formatter,
            "{timestamp:0TIMESTAMP_DIGITS$}{group:0GROUP_DIGITS$}{sequence:0SEQUENCE_DIGITS$}"
        )
    }
}

/// The number of a log stream in its log group.
pub type StreamId = u32;

/// A stored log event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub id: EventId,
    /// When the event was stored, in milliseconds since the Unix epoch.
    pub ingestion_time: i64,
    pub stream: StreamId,
    pub message: &'a str,
}

/// Bytes that AWS adds to the size of each message.
pub const BYTES_PER_EVENT: usize = 26;

impl Event<'_> {
    /// The size in AWS's terms.
    pub fn bytes(&self) -> usize {
        self.message.len() + BYTES_PER_EVENT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = EventId> {
        (0..i64::MAX, 0..1_000_000_000_000_u64, any::<u64>()).prop_map(
            |(timestamp, group, sequence)| EventId {
                timestamp,
                group,
                sequence,
            },
        )
    }

    #[test]
    fn the_first_and_the_last_id_are_read_back() {
        for id in [EventId::FIRST, EventId::LAST] {
            assert_eq!(EventId::parse(&id.to_string()), Some(id));
        }
    }

    proptest! {
        #[test]
        fn the_text_of_an_id_has_the_order_of_the_id_and_is_read_back(one in id(), two in id()) {
            let (text_one, text_two) = (one.to_string(), two.to_string());
            prop_assert_eq!(text_one.len(), 56);
            prop_assert_eq!(one.cmp(&two), text_one.cmp(&text_two));
            prop_assert_eq!(EventId::parse(&text_one), Some(one));
        }

        #[test]
        fn another_text_is_no_id(text in any::<String>()) {
            prop_assume!(text.len() != 56);
            prop_assert_eq!(EventId::parse(&text), None);
        }
    }
}
