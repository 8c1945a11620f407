//! Operations on traces.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Error;
use super::requests::{
    GetServiceGraph, GetTimeSeries, GetTraceSummaries, PutTraceSegments, SamplingStrategyName,
    TraceIds,
};
use crate::assembly::Compiled;
use crate::filter::{Filter, Selector};
use crate::id::TraceId;
use crate::store::TimeRangeType;
use crate::time::Time;
use crate::trace::Trace;
use crate::xray::Xray;
use crate::{graph, series, summary};

/// So many documents may be put at once.
const MAX_DOCUMENTS: usize = 50;

/// So many traces may be asked for at once.
const MAX_TRACES: usize = 5;

/// So many summaries are on a page.
const PAGE: usize = 500;

/// So many windows a time series may have: a week of minutes.
const MAX_WINDOWS: i64 = 7 * 24 * 60;

/// `PutTraceSegments`: each document for itself; one that is not right does not spoil the others.
pub fn put(xray: &Xray, request: PutTraceSegments) -> Result<Value, Error> {
    let documents = request.trace_segment_documents;
    if documents.len() > MAX_DOCUMENTS {
        let count = documents.len();
        let message = format!("TraceSegmentDocuments are at most {MAX_DOCUMENTS}, not {count}");
        return Err(Error::invalid(message));
    }
    let refused = documents.iter().flat_map(|document| xray.put(document));
    let unprocessed = refused.map(|refusal| {
        json!({
            "Id": refusal.id,
            "ErrorCode": refusal.code,
            "Message": refusal.to_string(),
        })
    });
    let unprocessed: Value = unprocessed.collect();
    Ok(json!({ "UnprocessedTraceSegments": unprocessed }))
}

/// `GetTraceSummaries`, the newest first.
pub fn summaries(xray: &Xray, request: &GetTraceSummaries) -> Result<Value, Error> {
    check_range(request.start_time, request.end_time)?;
    let groups = xray.groups.named();
    let filter = request
        .filter_expression
        .as_deref()
        .map(Filter::parse)
        .transpose()?;
    if let Some(filter) = &filter {
        let is_known = |wanted: &&str| {
            groups
                .iter()
                .any(|group| group.name == *wanted || group.arn == *wanted)
        };
        if let Some(unknown) = filter.groups().into_iter().find(|wanted| !is_known(wanted)) {
            return Err(Error::invalid(format!("There is no group {unknown:?}")));
        }
    }
    let share = share(request)?;
    let range_type = request.time_range_type.unwrap_or_default();
    let mut traces = xray
        .store
        .traces(range_type, request.start_time, request.end_time);
    if let Some(token) = &request.next_token {
        let after = read_token(token)?;
        traces.retain(|trace| (trace.time, trace.id) < after);
    }
    let is_wanted = |trace: &Trace| {
        trace.id.share() < share && filter.as_ref().is_none_or(|it| it.matches(trace, &groups))
    };
    let mut page: Vec<&Arc<Trace>> = Vec::new();
    let mut processed: usize = 0;
    for trace in &traces {
        if page.len() == PAGE {
            break;
        }
        processed += 1;
        if is_wanted(trace) {
            page.push(trace);
        }
    }
    let matched = |trace: &Trace| {
        let active = trace.start.max(request.start_time);
        (range_type == TimeRangeType::Event).then_some(active)
    };
    let summaries: Value = page
        .iter()
        .map(|trace| summary::of(trace, matched(trace)))
        .collect();
    let last = processed.checked_sub(1).and_then(|last| traces.get(last));
    let mut answer = json!({
        "TraceSummaries": summaries,
        "ApproximateTime": last.map_or(request.end_time, |trace| trace.time),
        "TracesProcessedCount": processed,
    });
    if let Some(last) = last.filter(|_| processed < traces.len()) {
        answer["NextToken"] = json!(format!("{}:{}", last.time.micros(), last.id));
    }
    Ok(answer)
}

/// Which share of the traces is wanted.
fn share(request: &GetTraceSummaries) -> Result<f64, Error> {
    let strategy = request.sampling_strategy.as_ref();
    let Some(strategy) = strategy.filter(|_| request.sampling != Some(false)) else {
        return Ok(1.0);
    };
    match (strategy.name, strategy.value) {
        // Nothing is too much for one scan here.
        (SamplingStrategyName::PartialScan, _) => Ok(1.0),
        (SamplingStrategyName::FixedRate, Some(value)) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(Error::invalid(
            "SamplingStrategy FixedRate has a Value from 0 to 1",
        )),
    }
}

fn read_token(token: &str) -> Result<(Time, TraceId), Error> {
    let parts = token.split_once(':');
    let read = parts.and_then(|(time, id)| {
        let time = Time::from_micros(time.parse().ok()?);
        Some((time, id.parse().ok()?))
    });
    read.ok_or_else(|| Error::invalid("NextToken is none that was given out here"))
}

/// `BatchGetTraces`.
pub fn batch(xray: &Xray, request: &TraceIds) -> Result<Value, Error> {
    if request.trace_ids.len() > MAX_TRACES {
        let count = request.trace_ids.len();
        return Err(Error::invalid(format!(
            "TraceIds are at most {MAX_TRACES}, not {count}"
        )));
    }
    let mut seen = HashSet::new();
    let (mut traces, mut unprocessed) = (Vec::new(), Vec::new());
    for text in &request.trace_ids {
        let id = text.parse();
        if id.is_ok_and(|id| !seen.insert(id)) {
            continue;
        }
        match id.ok().and_then(|id| whole(xray, id)) {
            Some(trace) => traces.push(trace),
            None => unprocessed.push(text),
        }
    }
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": unprocessed }))
}

fn whole(xray: &Xray, id: TraceId) -> Option<Value> {
    let trace = xray.store.traces_of([id].into()).pop()?;
    let segments = xray.store.compiled(id)?;
    let segment =
        |segment: &Compiled| json!({ "Id": segment.id.to_string(), "Document": segment.document });
    let segments: Value = segments.iter().map(segment).collect();
    Some(json!({
        "Id": id.to_string(),
        "Duration": trace.duration(),
        "LimitExceeded": false,
        "Segments": segments,
    }))
}

/// `GetTraceGraph`: of the traces that are known.
pub fn graph_of(xray: &Xray, request: &TraceIds) -> Result<Value, Error> {
    let ids = request.trace_ids.iter().filter_map(|id| id.parse().ok());
    let traces = xray.store.traces_of(ids.collect());
    let services = graph::of(traces.iter().map(|trace| &**trace));
    Ok(json!({ "Services": services }))
}

/// `GetServiceGraph`: of the traces that began in the range, and belong to the group if one is named.
pub fn graph(xray: &Xray, request: &GetServiceGraph) -> Result<Value, Error> {
    check_range(request.start_time, request.end_time)?;
    let filter = xray.groups.filter(&request.group)?;
    let traces = xray
        .store
        .traces(TimeRangeType::TraceId, request.start_time, request.end_time);
    let services = graph::of(of_group(&traces, filter.as_ref()));
    Ok(json!({
        "StartTime": request.start_time,
        "EndTime": request.end_time,
        "Services": services,
        "ContainsOldGroupVersions": false,
    }))
}

/// `GetTimeSeriesServiceStatistics`.
pub fn series(xray: &Xray, request: &GetTimeSeries) -> Result<Value, Error> {
    check_range(request.start_time, request.end_time)?;
    let period = request.period.unwrap_or(60);
    if !(1..=24 * 3600).contains(&period) {
        return Err(Error::invalid("Period is from 1 to 86400 seconds"));
    }
    let selector = request
        .entity_selector_expression
        .as_deref()
        .map(selector)
        .transpose()?;
    let filter = xray.groups.filter(&request.group)?;
    let first = request.start_time.window(period);
    let step = Time::from_seconds(period as u32).micros();
    let count = (request.end_time.micros() - first.micros() + step - 1) / step;
    if count > MAX_WINDOWS {
        let message =
            format!("{count} windows are too many; at most {MAX_WINDOWS}: choose a longer Period");
        return Err(Error::invalid(message));
    }
    let windows = (0..count).map(|number| Time::from_micros(first.micros() + number * step));
    let traces = xray
        .store
        .traces(TimeRangeType::TraceId, request.start_time, request.end_time);
    let traces = of_group(&traces, filter.as_ref());
    let series = series::of(traces, selector.as_ref(), windows, period);
    Ok(json!({
        "TimeSeriesServiceStatistics": series,
        "ContainsOldGroupVersions": false,
    }))
}

fn selector(text: &str) -> Result<Selector, Error> {
    Selector::parse(text)?.ok_or_else(|| {
        Error::invalid("EntitySelectorExpression is one service(…), edge(…, …) or id(…)")
    })
}

fn of_group<'a>(
    traces: &'a [Arc<Trace>],
    filter: Option<&'a Filter>,
) -> impl Iterator<Item = &'a Trace> {
    let traces = traces.iter().map(|trace| &**trace);
    traces.filter(move |trace| filter.is_none_or(|filter| filter.matches(trace, &[])))
}

fn check_range(start: Time, end: Time) -> Result<(), Error> {
    match start <= end {
        true => Ok(()),
        false => Err(Error::invalid("EndTime lies before StartTime")),
    }
}
