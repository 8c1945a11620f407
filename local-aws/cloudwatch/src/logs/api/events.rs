//! GetLogEvents: the events of a stream, page by page in both directions.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::pages::invalid_token;
use super::{check, no_such_stream};
use crate::logs::Logs;
use crate::logs::event::{Event, EventId};
use crate::logs::search::{Order, PageSize, search};

/// Maximum number of events in a response.
pub const MAX_EVENTS: i64 = 10_000;

/// Maximum size of the events in a response in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GetEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
    /// No data are masked here, so there is nothing to unmask.
    #[serde(rename = "unmask")]
    _unmask: Option<bool>,
}

/// A direction, and the id at which a page begins. A forward page begins with this id; a backward page ends before it.
enum Token {
    Forward(EventId),
    Backward(EventId),
}

impl Token {
    fn parse(text: &str) -> Option<Self> {
        let (direction, rest) = text.split_once('/')?;
        let id = EventId::parse(rest.strip_suffix("/s")?)?;
        match direction {
            "f" => Some(Self::Forward(id)),
            "b" => Some(Self::Backward(id)),
            _ => None,
        }
    }
}

pub fn get(logs: &Logs, request: &GetEvents) -> Result<Value, Error> {
    let name = request.log_group_name.as_deref();
    let name = check::one_group(name, request.log_group_identifier.as_deref())?;
    let stream = request.log_stream_name.as_str();
    check::stream_name("logStreamName", stream)?;
    let size = page_size(request.limit)?;
    let start = check::time("startTime", request.start_time)?.map_or(EventId::FIRST, EventId::at);
    let end = check::time("endTime", request.end_time)?.map_or(EventId::LAST, EventId::at);
    let token = request.next_token.as_deref();
    let token = token.map(|token| Token::parse(token).ok_or_else(invalid_token));
    // Without events, both tokens are at the border, so that a new event is read next. That is where the page begins, or the
    // start of the stream if this is the first page: all events that come later are new.
    let (token, border) = match token.transpose()? {
        Some(token @ (Token::Forward(id) | Token::Backward(id))) => (token, id),
        None if request.start_from_head => (Token::Forward(start), start),
        None => (Token::Backward(end), start),
    };

    let group = logs.existing_group(name)?;
    let snapshot = {
        let events = group.events();
        if !events.has_stream(stream) {
            return Err(no_such_stream());
        }
        events.snapshot(|name| name == stream)
    };
    let (range, order) = match token {
        Token::Forward(id) => (start.max(id)..end, Order::OldestFirst),
        Token::Backward(id) => (start..end.min(id), Order::NewestFirst),
    };
    let mut events = search(&snapshot, &range, order, size, |_| true).events;
    if order == Order::NewestFirst {
        events.reverse();
    }
    let first = events.first().map_or(border, |event| event.id);
    let next = events.last().map_or(border, |event| event.id.next());
    let events: Vec<_> = events.iter().map(describe).collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{next}/s"),
        "nextBackwardToken": format!("b/{first}/s"),
    }))
}

/// The size of a page of events.
pub fn page_size(limit: Option<i64>) -> Result<PageSize, Error> {
    let events = check::range("limit", limit, 1, MAX_EVENTS)?.unwrap_or(MAX_EVENTS);
    Ok(PageSize {
        events: usize::try_from(events).unwrap_or(usize::MAX),
        bytes: MAX_BYTES,
    })
}

fn describe(event: &Event<'_>) -> Value {
    json!({
        "ingestionTime": event.ingestion_time,
        "message": event.message,
        "timestamp": event.id.timestamp,
    })
}
