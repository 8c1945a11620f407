//! The timestamp of a log line.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// The number of characters before the fraction of the second: the length of `2026-01-01T00:00:00`.
const SECOND_LENGTH: usize = 19;

thread_local! {
    /// The last second that this thread formatted, as seconds since 1970 and as text.
    static LAST_SECOND: RefCell<(Option<u64>, String)> = RefCell::default();
}

/// Adds the current time to `line`, in the format of `tracing-subscriber`: `2026-01-01T00:00:00.000000Z`.
///
/// The date and the time of day are formatted once for each second, to save CPU time.
pub(super) fn push_timestamp(line: &mut Vec<u8>) {
    let now = unix_now();
    LAST_SECOND.with_borrow_mut(|(last_second, text)| {
        if *last_second == Some(now.as_secs()) {
            line.extend_from_slice(text.as_bytes());
            push_fraction(line, now.subsec_micros());
            return;
        }
        text.clear();
        // A write to a string does not fail.
        let _ = SystemTime.format_time(&mut Writer::new(text));
        line.extend_from_slice(text.as_bytes());
        text.truncate(SECOND_LENGTH);
        // If the second has ended in the meantime, the text may belong to the next second.
        let is_same_second = unix_now().as_secs() == now.as_secs();
        *last_second = is_same_second.then_some(now.as_secs());
    });
}

fn unix_now() -> Duration {
    let now = std::time::SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Adds `.000000Z` with the six digits of `microseconds`.
fn push_fraction(line: &mut Vec<u8>, microseconds: u32) {
    let mut text = *b".000000Z";
    let mut rest = microseconds;
    for digit in text[1..7].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    line.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The current time in the format of `tracing-subscriber`. Later times are greater texts.
    fn formatted_now() -> String {
        let mut text = String::new();
        SystemTime.format_time(&mut Writer::new(&mut text)).unwrap();
        text
    }

    #[test]
    fn a_timestamp_is_the_current_time_also_after_the_end_of_the_cached_second() {
        LAST_SECOND.set((Some(0), "1970-01-01T00:00:00".to_owned()));
        // The first line formats the second, and the second line uses the text.
        for _ in 0..2 {
            let before = formatted_now();
            let mut line = Vec::new();
            push_timestamp(&mut line);
            let line = String::from_utf8(line).unwrap();
            assert_eq!(line.len(), before.len(), "{line}");
            assert!(before <= line && line <= formatted_now(), "{before} {line}");
        }
    }

    #[test]
    fn the_fraction_has_six_digits() {
        for (microseconds, text) in [(0, ".000000Z"), (70, ".000070Z"), (999_999, ".999999Z")] {
            let mut line = Vec::new();
            push_fraction(&mut line, microseconds);
            assert_eq!(line, text.as_bytes());
        }
    }
}
