//! Statistics over time, window by window.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::filter::Selector;
use crate::statistics::{Bar, Statistics, Summary};
use crate::time::Time;
use crate::trace::{Caller, Trace};

/// One window, as the API has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Window {
    timestamp: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_summary_statistics: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_summary_statistics: Option<Summary>,
    response_time_histogram: Vec<Bar>,
}

/// Counts what `selector` selects of each trace, in the window that the trace began in. Without one, it is
/// the edges from clients, so that each request counts once. Each of `windows` is there, also the empty ones.
pub fn of<'a>(
    traces: impl IntoIterator<Item = &'a Trace>,
    selector: Option<&Selector>,
    windows: impl IntoIterator<Item = Time>,
    period: i64,
) -> Vec<Window> {
    let empty = windows
        .into_iter()
        .map(|window| (window, Statistics::default()));
    let mut windows: BTreeMap<_, _> = empty.collect();
    for trace in traces {
        let Some(statistics) = windows.get_mut(&trace.time.period_start(period)) else {
            continue;
        };
        for place in places(trace, selector) {
            statistics.add(&trace.entities[place]);
        }
    }
    let is_of_services = selector.is_some_and(Selector::is_of_services);
    let window = |(timestamp, statistics): (Time, Statistics)| Window {
        timestamp,
        edge_summary_statistics: (!is_of_services).then(|| statistics.summary()),
        service_summary_statistics: is_of_services.then(|| statistics.summary()),
        response_time_histogram: statistics.histogram(),
    };
    windows.into_iter().map(window).collect()
}

fn places(trace: &Trace, selector: Option<&Selector>) -> Vec<usize> {
    if let Some(selector) = selector {
        return selector.select(trace);
    }
    let from_clients = trace
        .calls()
        .filter(|call| matches!(call.from, Caller::Client));
    from_clients.map(|call| call.measured).collect()
}
