//! GetMetricData.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::invalid;
use super::pages::position;
use super::put_metric_data::MAX_FUTURE_MILLIS;
use super::statistics::{START_NOT_BEFORE_END, check_period, time_range};
use crate::cloudwatch::CloudWatch;
use crate::math::{MetricDataQuery, MetricStat, Queries, QueryResult};
use crate::metrics::{Metric, RETENTION_SECONDS, floor};
use crate::time::Timestamp;

/// Most queries in a request.
const MAX_QUERIES: usize = 500;

/// Most data points in a response, if the request has no limit.
const MAX_DATAPOINTS: usize = 100_800;

/// Most periods for which an expression is computed.
const MAX_EXPRESSION_PERIODS: i64 = 100_800;

/// Most periods for which all expressions of a request are computed: a day of minutes for each query. AWS computes more, but
/// here all of them are in memory at once.
const MAX_ALL_EXPRESSION_PERIODS: i64 = 720_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    metric_data_queries: Vec<MetricDataQuery>,
    start_time: Timestamp,
    end_time: Timestamp,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<usize>,
}

pub fn get(cloudwatch: &CloudWatch, request: &Request) -> Result<Value, Error> {
    let queries = check(request)?;
    let tokens = PageTokens::new((
        "GetMetricData",
        json!(request.metric_data_queries).to_string(),
        request.start_time,
        request.end_time,
        &request.scan_by,
        request.max_datapoints,
    ));
    let skipped = match &request.next_token {
        None => 0,
        Some(token) => position(&tokens, token)?,
    };
    let max = request
        .max_datapoints
        .unwrap_or(MAX_DATAPOINTS)
        .min(MAX_DATAPOINTS);
    let mut page = Page {
        skipped,
        left: max,
        is_full: false,
        results: Vec::new(),
    };
    let ranges = ranges(&queries, request, cloudwatch.now())?;
    let read = |metric: &Metric, query| cloudwatch.points(metric, query);
    for (index, query) in request.metric_data_queries.iter().enumerate() {
        if query.return_data == Some(false) {
            continue;
        }
        let (start, end) = ranges[index];
        let result = queries.compute(index, &read, start, end);
        let label = label(query, &request.metric_data_queries);
        let is_descending = request.scan_by.as_deref() != Some("TimestampAscending");
        page.add(query, &label, &result, is_descending);
    }
    let next = page
        .is_full
        .then(|| tokens.token_after(&(skipped + max).to_string()));
    Ok(json!({ "MetricDataResults": page.results, "Messages": [], "NextToken": next }))
}

/// The start and the end of each query in seconds, without the time for which the store holds no values.
fn ranges(queries: &Queries, request: &Request, now: Timestamp) -> Result<Vec<(i64, i64)>, Error> {
    let oldest = now.secs() - RETENTION_SECONDS;
    let newest = now.secs() + MAX_FUTURE_MILLIS / 1000;
    let common = queries.common_period();
    let mut all_periods = 0;
    let ranges = (0..request.metric_data_queries.len()).map(|index| {
        let period = queries.period_of(index);
        let range = time_range(request.start_time, request.end_time, period);
        let (start, end) = range.ok_or_else(|| invalid(START_NOT_BEFORE_END))?;
        // The start moves by whole periods of all metrics, so that the periods begin at the same times as without the cut.
        let skipped = common.map_or(0, |common| floor((oldest - start).max(0), common));
        let (start, end) = (start + skipped, end.min(newest));
        if queries.is_expression(index) {
            let periods = (end - start).max(0) / period.max(1);
            all_periods += periods;
            if periods > MAX_EXPRESSION_PERIODS || all_periods > MAX_ALL_EXPRESSION_PERIODS {
                return Err(invalid(format!(
                    "You have requested expressions over more than {MAX_EXPRESSION_PERIODS} periods, or over more than \
                     {MAX_ALL_EXPRESSION_PERIODS} periods in all queries. You may increase Period, or decrease the time range."
                )));
            }
        }
        Ok((start, end))
    });
    ranges.collect()
}

fn check(request: &Request) -> Result<Queries, Error> {
    let queries = &request.metric_data_queries;
    if request.start_time >= request.end_time {
        return Err(invalid(START_NOT_BEFORE_END));
    }
    if queries.is_empty() {
        return Err(invalid("The parameter MetricDataQueries is required."));
    }
    if queries.len() > MAX_QUERIES {
        let message = format!(
            "The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
        );
        return Err(invalid(message));
    }
    let mut ids: Vec<_> = queries.iter().map(|query| &query.id).collect();
    ids.sort();
    ids.dedup();
    if ids.len() < queries.len() {
        let message = "The values for parameter id in MetricDataQueries are not unique.";
        return Err(invalid(message));
    }
    for (index, query) in queries.iter().enumerate() {
        let name = format!("MetricDataQueries.member.{}", index + 1);
        let is_id = query.id.starts_with(|it: char| it.is_ascii_lowercase())
            && query
                .id
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '_');
        if !is_id {
            let message = format!(
                "The parameter {name}.Id must begin with a lowercase letter and contain only letters, digits and underscores."
            );
            return Err(invalid(message));
        }
        if query.account_id.is_some() {
            return Err(invalid(format!(
                "The parameter {name}.AccountId is not implemented"
            )));
        }
        if let Some(MetricStat { metric, period, .. }) = &query.metric_stat {
            check_period(&format!("{name}.MetricStat.Period"), *period).map_err(invalid)?;
            for (member, text) in [
                ("Namespace", &metric.namespace),
                ("MetricName", &metric.name),
            ] {
                if text.is_empty() {
                    let message =
                        format!("The parameter {name}.MetricStat.Metric.{member} is required.");
                    return Err(invalid(message));
                }
            }
        }
    }
    Queries::check(queries).map_err(|(index, error)| {
        invalid(format!(
            "The query MetricDataQueries.member.{} {error}",
            index + 1
        ))
    })
}

/// The label of a result. A generated label has what distinguishes the queries: the statistic, the period, or both.
fn label(query: &MetricDataQuery, queries: &[MetricDataQuery]) -> String {
    let stat = match (&query.label, &query.metric_stat) {
        (Some(label), _) => return label.clone(),
        (None, Some(stat)) => stat,
        (None, None) => return query.id.clone(),
    };
    let stats = || {
        queries
            .iter()
            .filter_map(|query| query.metric_stat.as_ref())
    };
    let mut label = stat.metric.name.clone();
    if stats().any(|other| other.stat != stat.stat) {
        label = format!("{label} {}", stat.stat);
    }
    if stats().any(|other| other.period != stat.period) {
        label = format!("{label} {}", stat.period);
    }
    label
}

/// A page of data points.
struct Page {
    /// The number of data points that earlier pages had.
    skipped: usize,
    /// The number of data points for which there is room.
    left: usize,
    /// Whether there are more data points.
    is_full: bool,
    results: Vec<Value>,
}

impl Page {
    fn add(
        &mut self,
        query: &MetricDataQuery,
        label: &str,
        result: &QueryResult,
        is_descending: bool,
    ) {
        let number = result.series.len();
        let skipped = self.skipped.min(number);
        self.skipped -= skipped;
        if self.is_full || (skipped == number && number > 0) {
            return;
        }
        let taken = (number - skipped).min(self.left);
        self.left -= taken;
        self.is_full = taken < number - skipped;
        let ascending = result.series.iter();
        let points: Vec<_> = match is_descending {
            true => ascending.rev().skip(skipped).take(taken).collect(),
            false => ascending.skip(skipped).take(taken).collect(),
        };
        let timestamps = points
            .iter()
            .map(|(start, _)| Timestamp::from_secs(**start));
        let values = points.iter().map(|(_, value)| **value);
        let mut entry = json!({
            "Id": query.id,
            "Label": label,
            "Timestamps": timestamps.collect::<Vec<_>>(),
            "Values": values.collect::<Vec<_>>(),
            "StatusCode": if self.is_full { "PartialData" } else { "Complete" },
        });
        if result.units.len() > 1 {
            let units = result.units.iter().map(|unit| unit.name());
            let units = units.collect::<Vec<_>>().join(", ");
            let message = format!("Multiple units returned: '[{units}]'");
            entry["Messages"] = json!([{ "Code": "MultipleUnits", "Value": message }]);
        }
        self.results.push(entry);
    }
}
