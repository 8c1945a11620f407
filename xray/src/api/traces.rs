//! Operations on traces.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Error;
use super::requests::{
    BatchGetTraces, GetServiceGraph, GetTimeSeries, GetTraceGraph, GetTraceSummaries,
    PutTraceSegments, SamplingStrategyName, TraceIdText,
};
use super::token::Query;
use crate::assembly::CompiledSegment;
use crate::filter::{Filter, Selector};
use crate::groups;
use crate::id::TraceId;
use crate::store::TimeRangeType;
use crate::time::Time;
use crate::trace::Trace;
use crate::xray::Xray;
use crate::{graph, series, summary};

/// So many summaries are on a page.
const PAGE: usize = 500;

/// The real service's longest time range.
const LONGEST_RANGE: Time = Time::from_seconds(6 * 3600);

/// Seconds of a window of a time series; the first unless the request says otherwise.
const PERIODS: [i64; 2] = [60, 300];

/// `PutTraceSegments`: each document for itself; one that is not right does not spoil the others.
pub fn put(xray: &Xray, request: PutTraceSegments) -> Result<Value, Error> {
    let documents = request.trace_segment_documents.0;
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
    let range_type = request.time_range_type.map(|it| it.0).unwrap_or_default();
    let share = share(request, range_type)?;
    let query = Query::of(request, share);
    let token = request.next_token.as_deref();
    let after = token.map(|token| query.read(token)).transpose()?;
    let mut traces = xray
        .store
        .traces_in_range(range_type, request.start_time, request.end_time);
    if let Some(after) = after {
        traces.retain(|trace| (trace.index_time, trace.id) < after);
    }
    let is_wanted = |trace: &Trace| {
        trace.id.sampling_fraction() < share
            && filter.as_ref().is_none_or(|it| it.matches(trace, &groups))
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
        .map(|trace| summary::trace_summary(trace, matched(trace)))
        .collect();
    let last = processed.checked_sub(1).and_then(|last| traces.get(last));
    let mut answer = json!({
        "TraceSummaries": summaries,
        "ApproximateTime": last.map_or(request.end_time, |trace| trace.index_time),
        "TracesProcessedCount": processed,
    });
    if let Some(last) = last.filter(|_| processed < traces.len()) {
        answer["NextToken"] = json!(query.token(last));
    }
    Ok(answer)
}

/// Which share of the traces is wanted. The real service reads the strategy only if `Sampling` is true.
fn share(request: &GetTraceSummaries, range_type: TimeRangeType) -> Result<f64, Error> {
    let strategy = request.sampling_strategy.as_ref().map(|it| &it.0);
    let Some(strategy) = strategy.filter(|_| request.sampling == Some(true)) else {
        return Ok(1.0);
    };
    match (strategy.name.map(|it| it.0), strategy.value) {
        // Nothing is too much for one scan here.
        (None | Some(SamplingStrategyName::PartialScan), _) => Ok(1.0),
        (Some(SamplingStrategyName::FixedRate), Some(value)) if (0.0..=1.0).contains(&value) => {
            match range_type {
                TimeRangeType::Event => Ok(value),
                _ => Err(Error::invalid(format!(
                    "Cannot use FixedRate with TimeRangeType {range_type:?}; use Event"
                ))),
            }
        }
        _ => Err(Error::invalid(
            "SamplingStrategy FixedRate has a Value from 0 to 1",
        )),
    }
}

/// `BatchGetTraces`.
pub fn batch(xray: &Xray, request: &BatchGetTraces) -> Result<Value, Error> {
    let mut seen = HashSet::new();
    let (mut traces, mut unprocessed) = (Vec::new(), Vec::new());
    for text in &request.trace_ids.0 {
        let id = trace_id(text)?;
        if !seen.insert(id) {
            let message = format!("TraceIds contain {:?} more than once", text.0);
            return Err(Error::invalid(message));
        }
        match whole(xray, id) {
            Some(trace) => traces.push(trace),
            None => unprocessed.push(&text.0),
        }
    }
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": unprocessed }))
}

fn trace_id(text: &TraceIdText) -> Result<TraceId, Error> {
    let message = || Error::invalid(format!("TraceIds: invalid trace id {:?}", text.0));
    text.0.parse().map_err(|()| message())
}

fn whole(xray: &Xray, id: TraceId) -> Option<Value> {
    let trace = xray.store.traces_by_id([id].into()).pop()?;
    let segments = xray.store.compiled_segments(id)?;
    let segment = |segment: &CompiledSegment| json!({ "Id": segment.id.to_string(), "Document": segment.document });
    let segments: Value = segments.iter().map(segment).collect();
    Some(json!({
        "Id": id.to_string(),
        "Duration": trace.duration(),
        "LimitExceeded": false,
        "Segments": segments,
    }))
}

/// `GetTraceGraph`: of the traces that are known.
pub fn graph_of(xray: &Xray, request: &GetTraceGraph) -> Result<Value, Error> {
    let ids = request.trace_ids.iter().map(trace_id);
    let traces = xray.store.traces_by_id(ids.collect::<Result<_, _>>()?);
    let services = graph::service_graph(traces.iter().map(|trace| &**trace));
    Ok(json!({ "Services": services }))
}

/// `GetServiceGraph`: of the traces that began in the range, and belong to the group if one is named.
pub fn graph(
    xray: &Xray,
    group: &groups::Selector,
    request: &GetServiceGraph,
) -> Result<Value, Error> {
    check_range(request.start_time, request.end_time)?;
    let filter = xray.groups.filter(group)?;
    let traces =
        xray.store
            .traces_in_range(TimeRangeType::TraceId, request.start_time, request.end_time);
    let services = graph::service_graph(of_group(&traces, filter.as_ref()));
    Ok(json!({
        "StartTime": request.start_time,
        "EndTime": request.end_time,
        "Services": services,
        "ContainsOldGroupVersions": false,
    }))
}

/// `GetTimeSeriesServiceStatistics`.
pub fn series(
    xray: &Xray,
    group: &groups::Selector,
    request: &GetTimeSeries,
) -> Result<Value, Error> {
    check_range(request.start_time, request.end_time)?;
    let period = request.period.map_or(PERIODS[0], |it| it.0);
    if !PERIODS.contains(&period) {
        let message = format!("Period is {} or {} seconds", PERIODS[0], PERIODS[1]);
        return Err(Error::invalid(message));
    }
    if request.forecast_statistics == Some(true) {
        let message = "ForecastStatistics: this local X-Ray does not support it";
        return Err(Error::invalid(message));
    }
    let selector = request
        .entity_selector_expression
        .as_ref()
        .map(|text| selector(&text.0))
        .transpose()?;
    let filter = xray.groups.filter(group)?;
    let first = request.start_time.period_start(period);
    let step = Time::from_seconds(period as u32).micros();
    let count = (request.end_time.micros() - first.micros() + step - 1) / step;
    let windows = (0..count).map(|number| Time::from_micros(first.micros() + number * step));
    let traces =
        xray.store
            .traces_in_range(TimeRangeType::TraceId, request.start_time, request.end_time);
    let traces = of_group(&traces, filter.as_ref());
    let series = series::window_statistics(traces, selector.as_ref(), windows, period);
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
    if end < start {
        return Err(Error::invalid("EndTime lies before StartTime"));
    }
    match end.saturating_duration_since(start) <= LONGEST_RANGE {
        true => Ok(()),
        false => Err(Error::invalid(
            "The time range from StartTime to EndTime is longer than 6 hours",
        )),
    }
}
