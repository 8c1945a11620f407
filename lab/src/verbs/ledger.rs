//! `ledger`: shows the records of the running lab's ledger.

use axum::http::Method;
use serde_json::Value;
use time::OffsetDateTime;

use super::output::{note, print};
use crate::client::Listener;
use crate::error::Error;
use crate::ledger::Record;
use crate::site::ledger::{PATH, Page};

/// The number of records in a response, so that a response is smaller than the limit of the client.
const PAGE_RECORDS: usize = 1_000;

/// The number of digits of a task's id that are shown.
const SHORT_ID: usize = 8;

/// Prints the records with sequence numbers above `after` of the lab whose site has this port, as JSON or in columns.
///
/// # Errors
///
/// Fails if no lab answers at the port.
pub fn ledger(site_port: u16, mut after: u64, is_json: bool) -> Result<(), Error> {
    let listener = Listener {
        port: site_port,
        option: "--site-port",
    };
    loop {
        let path = format!("{PATH}?after={after}&limit={PAGE_RECORDS}");
        let response = listener.send(Method::GET, &path)?;
        let Page { records, dropped } = response.parse_success()?;
        let lines = records.iter().map(|record| match is_json {
            true => serde_json::to_string(record).unwrap_or_default() + "\n",
            false => columns(record) + "\n",
        });
        print(lines.collect::<String>())?;
        match records.last() {
            Some(last) if records.len() == PAGE_RECORDS => after = last.sequence,
            _ => {
                if dropped > 0 {
                    note(format_args!("{dropped} records are missing."));
                }
                return Ok(());
            }
        }
    }
}

/// A record as a line.
fn columns(Record { entry, .. }: &Record) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let source = match entry.task.as_ref().and_then(|id| id.get(..SHORT_ID)) {
        Some(id) => format!("{}/{id}", entry.service),
        None => entry.service.clone(),
    };
    format!(
        "{} {source:<21} {:<17} {:<20} {:>3} {:>8} {}",
        time_of(entry.time),
        entry.mechanism,
        parameters(&entry.parameters),
        or_dash(entry.status.map(|status| status.to_string())),
        or_dash(entry.milliseconds.map(|time| format!("{time:.1}"))),
        or_dash(entry.trace_id.clone()),
    )
}

/// The parameters as `name=value`, separated by commas.
fn parameters(parameters: &Value) -> String {
    let parameters = parameters.as_object().into_iter().flatten();
    let parameters = parameters.map(|(name, value)| format!("{name}={value}"));
    let text = parameters.collect::<Vec<_>>().join(",");
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// A time in Unix seconds as ISO 8601 in UTC, with milliseconds.
fn time_of(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as i128;
    let time = OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000);
    let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second, millisecond) = time.to_hms_milli();
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z",
        time.date()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entry, Kind};
    use serde_json::json;

    #[test]
    fn a_record_is_a_line_with_the_same_columns_whatever_it_lacks() {
        let mut record = Record {
            sequence: 1,
            entry: Entry {
                time: 1_795_710_000.007,
                kind: Kind::Request,
                trace_id: Some("1-6b013450-c32ccbeb5afb37bffffc28c0".to_owned()),
                task: Some("0123456789abcdef".repeat(2)),
                service: "like-service".to_owned(),
                mechanism: "stress".to_owned(),
                parameters: json!({"cpu_ms": 12}),
                status: Some(200),
                milliseconds: Some(12.345),
            },
        };
        assert_eq!(
            columns(&record),
            "2026-11-26T16:20:00.007Z like-service/01234567 stress            cpu_ms=12            200     12.3 \
             1-6b013450-c32ccbeb5afb37bffffc28c0"
        );
        record.entry.task = None;
        record.entry.parameters = json!({});
        (
            record.entry.status,
            record.entry.milliseconds,
            record.entry.trace_id,
        ) = (None, None, None);
        assert_eq!(
            columns(&record),
            "2026-11-26T16:20:00.007Z like-service          stress            -                      -        - -"
        );
    }
}
