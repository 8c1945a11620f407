//! Times in the format of the documents.

use serde::Serializer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::time::Timestamp;

/// The time that Go's `time.Time` has before it is set. Docker sends it as the time of a reading that does not exist.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// Formats a time as Go does (RFC 3339 in UTC, nanoseconds without zeros at the end).
pub fn rfc3339(time: Timestamp) -> String {
    let nanoseconds = i128::try_from(time.0.as_nanos()).unwrap_or(i128::MAX);
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_else(|| ZERO.to_owned())
}

/// Serialises a time; `None` as Go's zero time.
pub fn or_zero<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_str(&rfc3339(*time)),
        None => serializer.serialize_str(ZERO),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_formatted_as_in_the_examples_of_the_developer_guide() {
        for (nanoseconds, expected) in [
            (445_271_860, "2020-10-08T20:09:11.44527186Z"),
            (0, "2020-10-08T20:09:11Z"),
            (938_937_019, "2020-10-08T20:09:11.938937019Z"),
        ] {
            let time = Timestamp(Duration::new(1_602_187_751, nanoseconds));
            assert_eq!(rfc3339(time), expected);
        }
    }

    #[test]
    fn a_time_that_no_date_has_is_gos_zero_time() {
        assert_eq!(rfc3339(Timestamp(Duration::MAX)), ZERO);
    }
}
