//! Operations that store or read traces.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::requests::{
    BatchGetTraces, GetServiceGraph, GetTimeSeries, GetTraceGraph, GetTraceSummaries,
    PutTraceSegments, SamplingStrategyName, UnparsedTraceId,
};
use super::token::QueryTokens;
use crate::assembly::CompiledSegment;
use crate::error::Error;
use crate::filter::{EntitySelector, Filter, NamedGroup};
use crate::groups::GroupSelector;
use crate::id::TraceId;
use crate::store::TimeRangeType;
use crate::time::Time;
use crate::trace::Trace;
use crate::xray::Xray;
use crate::{graph, series, summary};

/// Maximum number of summaries on a page.
const MAX_SUMMARIES_PER_PAGE: usize = 500;

/// Maximum length of a time range: 6 hours, as in AWS.
const MAX_TIME_RANGE: Time = Time::from_seconds(6 * 3600);

/// Permitted lengths of a time series' windows in seconds. The first length in the array is the default.
const PERIODS_SECONDS: [i64; 2] = [60, 300];

/// `PutTraceSegments`. Each document is stored or refused independently of the others.
pub fn put_segments(xray: &Xray, request: PutTraceSegments) -> Result<Value, Error> {
    let documents = request.trace_segment_documents.0;
    let refusals = documents
        .iter()
        .flat_map(|document| xray.put_document(document));
    let unprocessed_segments = refusals.map(|refusal| {
        json!({
            "Id": refusal.id,
            "ErrorCode": refusal.code,
            "Message": refusal.to_string(),
        })
    });
    let unprocessed_segments: Value = unprocessed_segments.collect();
    Ok(json!({ "UnprocessedTraceSegments": unprocessed_segments }))
}

/// The operation `GetTraceSummaries`. The newest trace comes first in the response.
pub fn get_summaries(xray: &Xray, request: &GetTraceSummaries) -> Result<Value, Error> {
    check_time_range(request.start_time, request.end_time)?;
    let groups = xray.groups.named_groups();
    let filter = parse_filter(request.filter_expression.as_deref(), &groups)?;
    let range_type = request.time_range_type.map(|it| it.0).unwrap_or_default();
    let sampled_fraction = sampled_fraction(request, range_type)?;
    let tokens = QueryTokens::new(request, sampled_fraction);
    let token = request.next_token.as_deref();
    let previous_page_end = token.map(|token| tokens.parse_token(token)).transpose()?;
    let mut traces = xray
        .store
        .traces_in_range(range_type, request.start_time, request.end_time);
    if let Some(previous_page_end) = previous_page_end {
        traces.retain(|trace| (trace.index_time, trace.id) < previous_page_end);
    }
    let is_requested = |trace: &Trace| {
        trace.id.sampling_fraction() < sampled_fraction
            && filter.as_ref().is_none_or(|it| it.matches(trace, &groups))
    };
    let mut page: Vec<&Arc<Trace>> = Vec::new();
    let mut processed_count: usize = 0;
    for trace in &traces {
        if page.len() == MAX_SUMMARIES_PER_PAGE {
            break;
        }
        processed_count += 1;
        if is_requested(trace) {
            page.push(trace);
        }
    }
    let matched_event_time = |trace: &Trace| {
        let time = trace.start.max(request.start_time);
        (range_type == TimeRangeType::Event).then_some(time)
    };
    let summaries: Value = page
        .iter()
        .map(|trace| summary::summarize_trace(trace, matched_event_time(trace)))
        .collect();
    let last_processed = traces[..processed_count].last();
    let mut response = json!({
        "TraceSummaries": summaries,
        "ApproximateTime": last_processed.map_or(request.end_time, |trace| trace.index_time),
        "TracesProcessedCount": processed_count,
    });
    if let Some(last) = last_processed.filter(|_| processed_count < traces.len()) {
        response["NextToken"] = json!(tokens.token_after(last));
    }
    Ok(response)
}

/// Parses a filter expression. Fails if the filter expression names a group that does not exist.
fn parse_filter(text: Option<&str>, groups: &[NamedGroup]) -> Result<Option<Filter>, Error> {
    let Some(filter) = text.map(Filter::parse).transpose()? else {
        return Ok(None);
    };
    for name_or_arn in filter.mentioned_groups() {
        let mut groups = groups.iter();
        if !groups.any(|group| group.name == name_or_arn || group.arn == name_or_arn) {
            return Err(Error::invalid(format!("There is no group {name_or_arn:?}")));
        }
    }
    Ok(Some(filter))
}

/// Returns the fraction of the traces that the request asks for, from 0 to 1. `SamplingStrategy` has an
/// effect only if `Sampling` is true, as on AWS.
fn sampled_fraction(request: &GetTraceSummaries, range_type: TimeRangeType) -> Result<f64, Error> {
    let strategy = request.sampling_strategy.as_ref().map(|it| &it.0);
    let Some(strategy) = strategy.filter(|_| request.sampling == Some(true)) else {
        return Ok(1.0);
    };
    match (strategy.name.map(|it| it.0), strategy.value) {
        // On AWS, a partial scan may return before all traces are read. This implementation always reads all
        // traces.
        (None | Some(SamplingStrategyName::PartialScan), _) => Ok(1.0),
        (Some(SamplingStrategyName::FixedRate), Some(value)) if (0.0..=1.0).contains(&value) => {
            if range_type == TimeRangeType::Event {
                Ok(value)
            } else {
                Err(Error::invalid(format!(
                    "Cannot use FixedRate with TimeRangeType {range_type:?}; use Event"
                )))
            }
        }
        _ => Err(Error::invalid(
            "SamplingStrategy FixedRate requires a Value from 0 to 1",
        )),
    }
}

/// `BatchGetTraces`.
pub fn batch_get(xray: &Xray, request: &BatchGetTraces) -> Result<Value, Error> {
    let mut seen_ids = HashSet::new();
    let (mut traces, mut unprocessed_ids) = (Vec::new(), Vec::new());
    for unparsed in &request.trace_ids.0 {
        let id = parse_trace_id(unparsed)?;
        if !seen_ids.insert(id) {
            let message = format!("TraceIds contain {:?} more than once", unparsed.0);
            return Err(Error::invalid(message));
        }
        match trace_json(xray, id) {
            Some(trace) => traces.push(trace),
            None => unprocessed_ids.push(&unparsed.0),
        }
    }
    Ok(json!({ "Traces": traces, "UnprocessedTraceIds": unprocessed_ids }))
}

fn parse_trace_id(unparsed: &UnparsedTraceId) -> Result<TraceId, Error> {
    let invalid_id_error =
        |()| Error::invalid(format!("TraceIds: invalid trace id {:?}", unparsed.0));
    unparsed.0.parse().map_err(invalid_id_error)
}

/// Returns a trace and its documents in the format of `BatchGetTraces`. Returns `None` if the trace is not
/// stored.
fn trace_json(xray: &Xray, id: TraceId) -> Option<Value> {
    let trace = xray.store.traces_by_id([id].into()).pop()?;
    let segments = xray.store.compiled_segments(id)?;
    let segment_json = |segment: &CompiledSegment| json!({ "Id": segment.id.to_string(), "Document": segment.document });
    let segments: Value = segments.iter().map(segment_json).collect();
    Some(json!({
        "Id": id.to_string(),
        "Duration": trace.duration(),
        "LimitExceeded": false,
        "Segments": segments,
    }))
}

/// `GetTraceGraph`. The function ignores the ids of traces that are not stored.
pub fn get_trace_graph(xray: &Xray, request: &GetTraceGraph) -> Result<Value, Error> {
    let ids = request.trace_ids.iter().map(parse_trace_id);
    let traces = xray.store.traces_by_id(ids.collect::<Result<_, _>>()?);
    let services = graph::build_service_graph(traces.iter().map(|trace| &**trace));
    Ok(json!({ "Services": services }))
}

/// The operation `GetServiceGraph` returns the graph of all traces that began in the time range. If the
/// request names a group, the graph contains only the traces of the group.
pub fn get_service_graph(
    xray: &Xray,
    group: &GroupSelector,
    request: &GetServiceGraph,
) -> Result<Value, Error> {
    check_time_range(request.start_time, request.end_time)?;
    let filter = xray.groups.selected_filter(group)?;
    let traces =
        xray.store
            .traces_in_range(TimeRangeType::TraceId, request.start_time, request.end_time);
    let services = graph::build_service_graph(traces_in_group(&traces, filter.as_ref()));
    Ok(json!({
        "StartTime": request.start_time,
        "EndTime": request.end_time,
        "Services": services,
        "ContainsOldGroupVersions": false,
    }))
}

/// `GetTimeSeriesServiceStatistics`.
pub fn get_time_series(
    xray: &Xray,
    group: &GroupSelector,
    request: &GetTimeSeries,
) -> Result<Value, Error> {
    check_time_range(request.start_time, request.end_time)?;
    let period = request.period.map_or(PERIODS_SECONDS[0], |it| it.0);
    if !PERIODS_SECONDS.contains(&period) {
        let [short, long] = PERIODS_SECONDS;
        let message = format!("Period must be {short} or {long} seconds");
        return Err(Error::invalid(message));
    }
    if request.forecast_statistics == Some(true) {
        let message = "ForecastStatistics: this local X-Ray does not support it";
        return Err(Error::invalid(message));
    }
    let selector = request
        .entity_selector_expression
        .as_ref()
        .map(|text| parse_entity_selector(&text.0))
        .transpose()?;
    let filter = xray.groups.selected_filter(group)?;
    let first_window_micros = request.start_time.period_start(period).micros();
    let period_micros = Time::from_seconds(period as u32).micros();
    let windows = (first_window_micros..request.end_time.micros())
        .step_by(period_micros as usize)
        .map(Time::from_micros);
    let traces =
        xray.store
            .traces_in_range(TimeRangeType::TraceId, request.start_time, request.end_time);
    let traces = traces_in_group(&traces, filter.as_ref());
    let series = series::compute_window_statistics(traces, selector.as_ref(), windows, period);
    Ok(json!({
        "TimeSeriesServiceStatistics": series,
        "ContainsOldGroupVersions": false,
    }))
}

fn parse_entity_selector(text: &str) -> Result<EntitySelector, Error> {
    EntitySelector::parse(text)?.ok_or_else(|| {
        Error::invalid("EntitySelectorExpression must be one service(…), edge(…, …) or id(…)")
    })
}

/// Returns the traces that match the group's filter. A group without a filter contains all traces.
fn traces_in_group<'a>(
    traces: &'a [Arc<Trace>],
    filter: Option<&'a Filter>,
) -> impl Iterator<Item = &'a Trace> {
    let traces = traces.iter().map(|trace| &**trace);
    traces.filter(move |trace| filter.is_none_or(|filter| filter.matches(trace, &[])))
}

fn check_time_range(start: Time, end: Time) -> Result<(), Error> {
    if end < start {
        return Err(Error::invalid("EndTime is before StartTime"));
    }
    if end.saturating_duration_since(start) > MAX_TIME_RANGE {
        return Err(Error::invalid(
            "The time range from StartTime to EndTime is longer than 6 hours",
        ));
    }
    Ok(())
}
