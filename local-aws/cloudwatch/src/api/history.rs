//! DescribeAlarmHistory.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::pages::page;
use crate::alarm::HistoryItem;
use crate::cloudwatch::CloudWatch;
use crate::time::Timestamp;

/// Most items in a response, if the request has no limit.
const PAGE_SIZE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    alarm_name: Option<String>,
    alarm_types: Option<Vec<String>>,
    history_item_type: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    max_records: Option<usize>,
    next_token: Option<String>,
    scan_by: Option<String>,
}

impl Request {
    fn selects(&self, item: &HistoryItem) -> bool {
        let types = self.alarm_types.as_ref();
        self.alarm_name
            .as_ref()
            .is_none_or(|it| *it == item.alarm_name)
            && types.is_none_or(|it| it.is_empty() || it.iter().any(|it| it == "MetricAlarm"))
            && self
                .history_item_type
                .as_ref()
                .is_none_or(|it| it == item.kind.name())
            && self.start_date.is_none_or(|it| it <= item.timestamp)
            && self.end_date.is_none_or(|it| item.timestamp <= it)
    }
}

pub fn describe(cloudwatch: &CloudWatch, request: &Request) -> Result<Value, Error> {
    let tokens = PageTokens::new((
        "DescribeAlarmHistory",
        &request.alarm_name,
        &request.alarm_types,
        &request.history_item_type,
        (request.start_date, request.end_date),
        &request.scan_by,
        request.max_records,
    ));
    let items = cloudwatch.alarms().history().items();
    let items = items.iter().filter(|item| request.selects(item));
    let items = items.map(|item| {
        let mut item = json!(**item);
        item["AlarmType"] = "MetricAlarm".into();
        item
    });
    let items: Vec<_> = match request.scan_by.as_deref() {
        Some("TimestampAscending") => items.collect(),
        _ => items.rev().collect(),
    };
    let size = request.max_records.unwrap_or(PAGE_SIZE);
    let (items, next) = page(items, size, &tokens, request.next_token.as_deref())?;
    Ok(json!({ "AlarmHistoryItems": items, "NextToken": next }))
}
