//! Log streams: create, describe, delete.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, REGION, arn};

use super::pages::page;
use super::{check, empty, invalid, no_such_stream};
use crate::logs::Logs;
use crate::logs::group::Stream;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamesStream {
    log_group_name: String,
    log_stream_name: String,
}

pub fn create(logs: &Logs, request: &NamesStream) -> Result<Value, Error> {
    check::stream_name("logStreamName", &request.log_stream_name)?;
    let group = logs.existing_group(&request.log_group_name)?;
    if group
        .events()
        .create_stream(&request.log_stream_name, logs.now())
    {
        return Ok(empty());
    }
    let message = "The specified log stream already exists";
    Err(Error::bad_request(
        "ResourceAlreadyExistsException",
        message,
    ))
}

pub fn delete(logs: &Logs, request: &NamesStream) -> Result<Value, Error> {
    check::stream_name("logStreamName", &request.log_stream_name)?;
    let group = logs.existing_group(&request.log_group_name)?;
    match group.events().delete_stream(&request.log_stream_name) {
        true => Ok(empty()),
        false => Err(no_such_stream()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DescribeStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub fn describe(logs: &Logs, request: &DescribeStreams) -> Result<Value, Error> {
    let name = request.log_group_name.as_deref();
    let name = check::one_group(name, request.log_group_identifier.as_deref())?;
    let group = logs.existing_group(name)?;
    let prefix = request.log_stream_name_prefix.as_deref();
    if let Some(prefix) = prefix {
        check::stream_name("logStreamNamePrefix", prefix)?;
    }
    let is_by_time = match request.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") => true,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [LogStreamName, LastEventTime]";
            return Err(check::violation("orderBy", other, constraint));
        }
    };
    if is_by_time && prefix.is_some() {
        return Err(invalid(
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ));
    }
    let mut streams: Vec<_> = group
        .events()
        .streams()
        .filter(|(stream, _)| prefix.is_none_or(|prefix| stream.starts_with(prefix)))
        .map(|(stream, it)| {
            let time = it.times.map_or(0, |times| times.last_event);
            let key = match is_by_time {
                true => format!("{time:020} {stream}"),
                false => stream.to_string(),
            };
            (key, describe_stream(name, stream, it))
        })
        .collect();
    streams.sort_by(|(one, _), (two, _)| one.cmp(two));
    if request.descending {
        streams.reverse();
    }
    let query = (name, prefix, is_by_time);
    let token = request.next_token.as_deref();
    page(
        "logStreams",
        streams,
        request.descending,
        query,
        token,
        request.limit,
    )
}

fn describe_stream(group: &str, name: &str, stream: &Stream) -> Value {
    let resource = format!("log-group:{group}:log-stream:{name}");
    let mut description = json!({
        "arn": arn("logs", REGION, &resource),
        "creationTime": stream.created,
        "logStreamName": name,
        // AWS answers 0 for all streams since 2019.
        "storedBytes": 0,
    });
    if let Some(times) = stream.times {
        description["firstEventTimestamp"] = times.first_event.into();
        description["lastEventTimestamp"] = times.last_event.into();
        description["lastIngestionTime"] = times.last_ingestion.into();
        description["uploadSequenceToken"] = sequence_token(times.last_ingestion).into();
    }
    description
}

/// A sequence token. AWS ignores them since 2023, but still returns them.
pub fn sequence_token(time: i64) -> String {
    format!("{time:056}")
}
