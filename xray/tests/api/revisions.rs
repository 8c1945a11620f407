//! `Revision`: clients that look again and again redraw a trace when it has grown.

use serde_json::{Value, json};
use xray::Limits;

use crate::world::{With, World, always, segment, subsegment, trace_at};

fn revision(world: &World) -> u64 {
    world.summary()["Revision"].as_u64().unwrap()
}

fn open(id: u64, name: &str) -> Value {
    segment(id, name, 0, 0).with(json!({ "in_progress": true, "end_time": null }))
}

#[test]
fn the_revision_grows_with_each_document_that_changes_the_trace() {
    let world = World::of(&[open(1, "shop")]);
    assert_eq!(revision(&world), 1);
    for (number, document) in [
        segment(1, "shop", 0, 700),
        subsegment(2, 1, "late work", 600, 650),
        open(3, "mail"),
        segment(3, "mail", 700, 900),
        segment(3, "mail", 700, 950),
    ]
    .into_iter()
    .enumerate()
    {
        world.put(&[document]);
        assert_eq!(revision(&world), number as u64 + 2);
    }
}

#[test]
fn the_revision_counts_changes_that_came_between_two_looks_one_by_one() {
    let world = World::of(&[
        open(1, "shop"),
        segment(1, "shop", 0, 700),
        subsegment(2, 1, "work", 10, 20),
    ]);
    assert_eq!(revision(&world), 3);
}

#[test]
fn what_changes_nothing_leaves_the_revision_alone() {
    let complete = segment(1, "shop", 0, 700);
    let world = World::of(&[complete.clone(), open(2, "mail")]);
    let before = revision(&world);
    // A duplicate, and news of what has ended already.
    world.put(&[complete, open(1, "shop"), open(2, "mail")]);
    assert!(!world.0.put("{}").is_empty());
    assert_eq!(revision(&world), before);
}

#[test]
fn the_revisions_of_two_traces_are_independent() {
    let other = json!({ "trace_id": trace_at(5, 2) });
    let world = World::of(&[
        open(1, "shop"),
        segment(1, "shop", 0, 700),
        segment(1, "shop", 0, 700).with(other),
    ]);
    let answer = world.ask("/TraceSummaries", always());
    let revisions: Vec<_> = answer["TraceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|summary| &summary["Revision"])
        .collect();
    assert_eq!(revisions, [&json!(1), &json!(2)]);
}

#[test]
fn a_trace_that_was_evicted_comes_back_with_a_higher_revision() {
    let world = World::with(Limits {
        traces: 1,
        ..Limits::DEFAULT
    });
    world.put(&[open(1, "shop"), subsegment(2, 1, "work", 10, 20)]);
    let before = revision(&world);
    world.put(&[segment(1, "guest", 0, 1).with(json!({ "trace_id": trace_at(5, 2) }))]);
    world.put(&[segment(1, "shop", 0, 700)]);
    assert!(revision(&world) > before);
}
