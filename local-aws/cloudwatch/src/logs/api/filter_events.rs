//! FilterLogEvents: the events of all streams of a log group that match a pattern.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::events::page_size;
use super::pages::invalid_token;
use super::{check, invalid, no_such_stream, parse_pattern};
use crate::logs::Logs;
use crate::logs::event::EventId;
use crate::logs::search::{Order, search, stream_name};

/// Maximum number of streams in a request.
const MAX_STREAMS: usize = 100;

/// 2024-01-01 00:00:00 UTC. AWS reads the newest events first only from this time on.
const FIRST_TIME_OF_NEWEST_FIRST: i64 = 1_704_067_200_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FilterEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    #[serde(default)]
    filter_pattern: String,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
    /// AWS ignores the value since 2019.
    #[serde(rename = "interleaved")]
    _interleaved: Option<bool>,
    /// No data are masked here, so there is nothing to unmask.
    #[serde(rename = "unmask")]
    _unmask: Option<bool>,
}

pub fn filter(logs: &Logs, request: &FilterEvents) -> Result<Value, Error> {
    let name = request.log_group_name.as_deref();
    let name = check::one_group(name, request.log_group_identifier.as_deref())?;
    check_streams(request)?;
    let pattern = parse_pattern(&request.filter_pattern, "filter pattern")?;
    let size = page_size(request.limit)?;
    let start_time = check::time("startTime", request.start_time)?.unwrap_or(0);
    let end_time = check::time("endTime", request.end_time)?;

    let query = (
        name,
        &request.log_stream_names,
        &request.log_stream_name_prefix,
        (start_time, end_time),
        &request.filter_pattern,
    );
    // A token has the order of its first request.
    let orders = [("f", Order::OldestFirst), ("b", Order::NewestFirst)];
    let orders = orders.map(|(tag, order)| (order, PageTokens::new((tag, &query))));
    let found = match request.next_token.as_deref() {
        Some(token) => orders.iter().find_map(|(order, tokens)| {
            let id = EventId::parse(tokens.position(token)?)?;
            Some((*order, tokens, Some(id)))
        }),
        None => {
            let is_newest_first = request.start_from_head == Some(false);
            let (order, tokens) = &orders[usize::from(is_newest_first)];
            Some((*order, tokens, None))
        }
    };
    let (order, tokens, position) = found.ok_or_else(invalid_token)?;
    if order == Order::NewestFirst && start_time < FIRST_TIME_OF_NEWEST_FIRST {
        let message =
            "startFromHead can be false only with a startTime on or after Jan 1, 2024 00:00:00 UTC";
        return Err(invalid(message));
    }

    let group = logs.existing_group(name)?;
    let snapshot = {
        let events = group.events();
        let streams = request.log_stream_names.as_deref();
        if streams
            .into_iter()
            .flatten()
            .any(|stream| !events.has_stream(stream))
        {
            return Err(no_such_stream());
        }
        let prefix = request.log_stream_name_prefix.as_deref();
        events.snapshot(|name| {
            streams.is_none_or(|streams| streams.iter().any(|it| it == name))
                && prefix.is_none_or(|prefix| name.starts_with(prefix))
        })
    };
    let start = EventId::at(start_time);
    // Events with the end time are included.
    let end = end_time.map_or(EventId::LAST, |time| EventId::at(time.saturating_add(1)));
    let range = match (order, position) {
        (_, None) => start..end,
        (Order::OldestFirst, Some(last)) => start.max(last.next())..end,
        (Order::NewestFirst, Some(last)) => start..end.min(last),
    };
    let page = search(&snapshot, &range, order, size, |message| {
        pattern.matches(message)
    });
    let events: Vec<_> = page
        .events
        .iter()
        .map(|event| {
            json!({
                "eventId": event.id.to_string(),
                "ingestionTime": event.ingestion_time,
                "logStreamName": stream_name(&snapshot.streams, event),
                "message": event.message,
                "timestamp": event.id.timestamp,
            })
        })
        .collect();
    let mut result = json!({ "events": events, "searchedLogStreams": [] });
    if page.has_more
        && let Some(last) = page.events.last()
    {
        result["nextToken"] = tokens.token_after(&last.id.to_string()).into();
    }
    Ok(result)
}

fn check_streams(request: &FilterEvents) -> Result<(), Error> {
    let prefix = request.log_stream_name_prefix.as_deref();
    if let Some(prefix) = prefix {
        check::stream_name("logStreamNamePrefix", prefix)?;
    }
    let Some(names) = &request.log_stream_names else {
        return Ok(());
    };
    if prefix.is_some() {
        let message = "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.";
        return Err(invalid(message));
    }
    let constraint = match names.len() {
        0 => "Member must have length greater than or equal to 1",
        1..=MAX_STREAMS => "",
        _ => "Member must have length less than or equal to 100",
    };
    if !constraint.is_empty() {
        let value = format!("[{}]", names.join(", "));
        return Err(check::violation("logStreamNames", value, constraint));
    }
    names
        .iter()
        .try_for_each(|name| check::stream_name("logStreamNames", name))
}
