//! PutLogEvents: adds a batch of events to a stream.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::events::{MAX_BYTES, MAX_EVENTS};
use super::streams::sequence_token;
use super::{check, invalid, no_such_stream};
use crate::logs::Logs;
use crate::logs::event::BYTES_PER_EVENT;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Events further in the future are rejected.
const MAX_FUTURE_MS: i64 = 2 * HOUR_MS;

/// Older events are rejected.
const MAX_AGE_MS: i64 = 14 * DAY_MS;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PutEvents {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
    /// AWS ignores the token since 2023.
    #[serde(rename = "sequenceToken")]
    _sequence_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

pub fn put(logs: &Logs, request: &PutEvents) -> Result<Value, Error> {
    let stream = request.log_stream_name.as_str();
    check::stream_name("logStreamName", stream)?;
    check_batch(&request.log_events)?;
    let group = logs.existing_group(&request.log_group_name)?;
    let mut events = group.events();
    if !events.has_stream(stream) {
        return Err(no_such_stream());
    }
    let now = logs.now();
    let retention = events.retention.map_or(i64::MAX, |days| days * DAY_MS);
    // The events are in chronological order, so that each kind of rejected events is at one end.
    let count_before = |time: i64| request.log_events.partition_point(|it| it.timestamp < time);
    let too_old = count_before(now - MAX_AGE_MS);
    let expired = count_before(now.saturating_sub(retention));
    let too_new = count_before(now + MAX_FUTURE_MS + 1);
    let accepted = &request.log_events[too_old.max(expired).min(too_new)..too_new];
    if let (Some(first), Some(last)) = (accepted.first(), accepted.last())
        && last.timestamp - first.timestamp > DAY_MS
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let ingestion_time = events.time_of_next_event(now);
    for event in accepted {
        let InputEvent { timestamp, message } = event;
        events.push(stream, *timestamp, ingestion_time, message, logs.limits);
    }
    let mut rejected = json!({});
    if too_old > 0 {
        rejected["tooOldLogEventEndIndex"] = too_old.into();
    }
    if expired > too_old {
        rejected["expiredLogEventEndIndex"] = expired.into();
    }
    if too_new < request.log_events.len() {
        rejected["tooNewLogEventStartIndex"] = too_new.into();
    }
    let mut result = json!({ "nextSequenceToken": sequence_token(ingestion_time) });
    if rejected
        .as_object()
        .is_some_and(|rejected| !rejected.is_empty())
    {
        result["rejectedLogEventsInfo"] = rejected;
    }
    Ok(result)
}

/// Checks what does not depend on the present time.
fn check_batch(events: &[InputEvent]) -> Result<(), Error> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    if !(1..=MAX_EVENTS).contains(&count) {
        let bound = match count {
            0 => "greater than or equal to 1".to_owned(),
            _ => format!("less than or equal to {MAX_EVENTS}"),
        };
        let value = format!("[{count} events]");
        let constraint = format!("Member must have length {bound}");
        return Err(check::violation("logEvents", value, &constraint));
    }
    for event in events {
        check::time("logEvents.member.timestamp", Some(event.timestamp))?;
        check::length("logEvents.member.message", &event.message, 1, usize::MAX)?;
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let sizes = events
        .iter()
        .map(|event| event.message.len() + BYTES_PER_EVENT);
    let bytes: usize = sizes.sum();
    if bytes > MAX_BYTES {
        return Err(invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {MAX_BYTES}"
        )));
    }
    Ok(())
}
