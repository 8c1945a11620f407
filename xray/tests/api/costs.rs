//! What answers cost: four times as much data takes about four times as long. The bound of nine lies between that and
//! the sixteen of something quadratic. Both are the processor's time of this thread in one run, which a busy machine
//! lengthens little.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::world::{With, World, below, segment, subsegment, trace};

/// A quarter of the data of the larger measurement.
const SMALL: u64 = 4_000;

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn quickest(work: impl Fn()) -> Duration {
    let times = (0..5).map(|_| {
        let start = processor_time();
        work();
        processor_time() - start
    });
    times.min().unwrap()
}

/// Asserts that the summary of a trace of four times as many of these takes about four times as long.
fn assert_summary_is_linear(documents: impl Fn(u64) -> Value) -> [Value; 2] {
    let [small, large] = [SMALL, 4 * SMALL].map(|count| {
        let world = World::new();
        world.put(&[segment(0, "shop", 0, 10_000)]);
        for number in 1..=count {
            world.put(&[documents(number)]);
        }
        // Put together before the clock starts.
        let summary = world.summary();
        (quickest(|| drop(world.summary())), summary)
    });
    let ratio = large.0.as_secs_f64() / small.0.as_secs_f64();
    assert!(ratio < 9.0, "{:?} and {:?}", small.0, large.0);
    [small.1, large.1]
}

#[test]
fn a_summary_is_linear_in_the_number_of_annotation_values() {
    let [small, large] = assert_summary_is_linear(|number| {
        subsegment(number, 0, "work", 1, 2).with(json!({ "annotations": { "order": number } }))
    });
    for (summary, count) in [(small, SMALL), (large, 4 * SMALL)] {
        let values = summary["Annotations"]["order"].as_array().unwrap();
        assert_eq!(values.len(), count as usize);
        assert_eq!(values[0]["ServiceIds"][0]["Name"], "shop");
    }
}

#[test]
fn a_summary_is_linear_in_the_number_of_services_that_have_a_value() {
    let [small, _] = assert_summary_is_linear(|number| {
        segment(number, &format!("service {number}"), 1, 2)
            .with(json!({ "parent_id": "0000000000000000", "annotations": { "order": "x" } }))
    });
    let values = &small["Annotations"]["order"];
    assert_eq!(
        values[0]["ServiceIds"].as_array().unwrap().len(),
        SMALL as usize
    );
}

#[test]
fn a_summary_is_linear_in_the_number_of_users() {
    let [small, _] = assert_summary_is_linear(|number| {
        segment(number, "shop", 1, 2)
            .with(json!({ "parent_id": "0000000000000000", "user": format!("user {number}") }))
    });
    assert_eq!(small["Users"].as_array().unwrap().len(), SMALL as usize);
}

#[test]
fn a_summary_is_linear_in_the_number_of_failures() {
    assert_summary_is_linear(|number| {
        let parent = number / 2;
        subsegment(number, parent, "work", 1, 2).with(json!({ "fault": true, "error": true }))
    });
}

#[test]
fn putting_a_trace_together_is_linear_in_what_hangs_below_a_circle() {
    let [small, large] = [SMALL, 4 * SMALL].map(|count| {
        let world = World::of(&[segment(0, "self", 9, 10).with(below(0))]);
        for number in 1..=count {
            world.put(&[subsegment(number, 0, "work", 1, 2)]);
        }
        quickest(|| drop(world.ask("/Traces", json!({ "TraceIds": [trace()] }))))
    });
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    assert!(ratio < 9.0, "{small:?} and {large:?}");
}
