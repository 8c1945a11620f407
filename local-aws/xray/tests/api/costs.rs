//! Tests that the cost of queries grows linearly: a query that reads four times as much data takes about four
//! times as long. The tests permit nine times as long, because a query of quadratic cost takes sixteen times
//! as long. Each test measures the CPU time of the test thread, because other processes have little influence
//! on the CPU time of a thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::local_xray::{LocalXray, Merge, child_of, segment, subsegment, trace_id};

/// Number of documents in the smaller of the two measurements. The larger measurement uses four times as many
/// documents.
const SMALL_COUNT: u64 = 4_000;

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Returns the shortest CPU time of five runs.
fn shortest_time(work: impl Fn()) -> Duration {
    let times = (0..5).map(|_| {
        let start = cpu_time();
        work();
        cpu_time() - start
    });
    times.min().unwrap()
}

/// Asserts that the summary of a trace with four times as many documents takes about four times as long.
/// Returns the summaries of the small and the large trace.
fn assert_summary_is_linear(create_document: impl Fn(u64) -> Value) -> [Value; 2] {
    let [small, large] = [SMALL_COUNT, 4 * SMALL_COUNT].map(|count| {
        let xray = LocalXray::new();
        xray.put_documents(&[segment(0, "shop", 0, 10_000)]);
        for number in 1..=count {
            xray.put_documents(&[create_document(number)]);
        }
        // The first query is not measured, because the first query assembles the trace.
        let summary = xray.only_summary();
        (shortest_time(|| drop(xray.only_summary())), summary)
    });
    let ratio = large.0.as_secs_f64() / small.0.as_secs_f64();
    assert!(ratio < 9.0, "{:?} and {:?}", small.0, large.0);
    [small.1, large.1]
}

#[test]
fn the_cost_of_a_summary_is_linear_in_the_number_of_annotation_values() {
    let [small, large] = assert_summary_is_linear(|number| {
        subsegment(number, 0, "work", 1, 2).merge(json!({ "annotations": { "order": number } }))
    });
    for (summary, count) in [(small, SMALL_COUNT), (large, 4 * SMALL_COUNT)] {
        let values = summary["Annotations"]["order"].as_array().unwrap();
        assert_eq!(values.len(), count as usize);
        assert_eq!(values[0]["ServiceIds"][0]["Name"], "shop");
    }
}

#[test]
fn the_cost_of_a_summary_is_linear_in_the_number_of_services_with_an_annotation() {
    let [small, _] = assert_summary_is_linear(|number| {
        segment(number, &format!("service {number}"), 1, 2)
            .merge(json!({ "parent_id": "0000000000000000", "annotations": { "order": "x" } }))
    });
    let values = &small["Annotations"]["order"];
    assert_eq!(
        values[0]["ServiceIds"].as_array().unwrap().len(),
        SMALL_COUNT as usize
    );
}

#[test]
fn the_cost_of_a_summary_is_linear_in_the_number_of_users() {
    let [small, _] = assert_summary_is_linear(|number| {
        segment(number, "shop", 1, 2)
            .merge(json!({ "parent_id": "0000000000000000", "user": format!("user {number}") }))
    });
    assert_eq!(
        small["Users"].as_array().unwrap().len(),
        SMALL_COUNT as usize
    );
}

#[test]
fn the_cost_of_a_summary_is_linear_in_the_number_of_failures() {
    assert_summary_is_linear(|number| {
        let parent = number / 2;
        subsegment(number, parent, "work", 1, 2).merge(json!({ "fault": true, "error": true }))
    });
}

#[test]
fn the_cost_of_assembly_is_linear_in_the_number_of_subsegments_below_a_cycle() {
    let [small, large] = [SMALL_COUNT, 4 * SMALL_COUNT].map(|count| {
        let xray = LocalXray::with_documents(&[segment(0, "self", 9, 10).merge(child_of(0))]);
        for number in 1..=count {
            xray.put_documents(&[subsegment(number, 0, "work", 1, 2)]);
        }
        shortest_time(|| drop(xray.call("/Traces", json!({ "TraceIds": [trace_id()] }))))
    });
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    assert!(ratio < 9.0, "{small:?} and {large:?}");
}
