//! Time series of statistics in the format of a `GetTimeSeriesServiceStatistics` response.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::filter::EntitySelector;
use crate::statistics::{HistogramEntry, RequestStatistics, SummaryStatistics};
use crate::time::Time;
use crate::trace::{Caller, Trace};

/// The API's `TimeSeriesServiceStatistics`: the statistics of one window of the time series.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WindowStatistics {
    timestamp: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_summary_statistics: Option<SummaryStatistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_summary_statistics: Option<SummaryStatistics>,
    response_time_histogram: Vec<HistogramEntry>,
}

/// Computes the statistics of each window, empty windows included. A trace is counted in the window that
/// contains its `index_time`. `selector` selects the nodes or the edges whose requests are counted. If
/// `selector` is `None`, requests are counted at the edges from clients, so that each request is counted
/// once.
///
/// `windows` contains the start times of the windows, and `period_seconds` is the length of a window in
/// seconds.
pub fn compute_window_statistics<'a>(
    traces: impl IntoIterator<Item = &'a Trace>,
    selector: Option<&EntitySelector>,
    windows: impl IntoIterator<Item = Time>,
    period_seconds: i64,
) -> Vec<WindowStatistics> {
    let windows = windows.into_iter();
    let mut statistics_by_window: BTreeMap<_, _> = windows
        .map(|window| (window, RequestStatistics::default()))
        .collect();
    for trace in traces {
        let window = trace.index_time.period_start(period_seconds);
        let Some(statistics) = statistics_by_window.get_mut(&window) else {
            continue;
        };
        for index in measured_entities(trace, selector) {
            statistics.add(&trace.entities[index]);
        }
    }
    let selects_nodes = selector.is_some_and(EntitySelector::selects_nodes);
    let to_window = |(timestamp, statistics): (Time, RequestStatistics)| WindowStatistics {
        timestamp,
        edge_summary_statistics: (!selects_nodes).then(|| statistics.summary()),
        service_summary_statistics: selects_nodes.then(|| statistics.summary()),
        response_time_histogram: statistics.histogram(),
    };
    statistics_by_window.into_iter().map(to_window).collect()
}

/// Indexes of the entities whose durations and flags the statistics include.
fn measured_entities(trace: &Trace, selector: Option<&EntitySelector>) -> Vec<usize> {
    if let Some(selector) = selector {
        return selector.measured_entities(trace);
    }
    let calls_from_clients = trace
        .calls()
        .filter(|call| matches!(call.caller, Caller::Client));
    calls_from_clients.map(|call| call.measured_index).collect()
}
