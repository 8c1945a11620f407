//! Tests of the member `Revision` of a summary. A client that polls X-Ray displays a trace again when the
//! revision of the trace has grown.

use serde_json::{Value, json};
use xray::Limits;

use crate::local_xray::{LocalXray, Merge, longest_range, segment, subsegment, trace_id_at};

fn revision(xray: &LocalXray) -> u64 {
    xray.only_summary()["Revision"].as_u64().unwrap()
}

fn segment_in_progress(id: u64, name: &str) -> Value {
    segment(id, name, 0, 0).merge(json!({ "in_progress": true, "end_time": null }))
}

#[test]
fn the_revision_grows_with_each_document_that_changes_the_trace() {
    let xray = LocalXray::with_documents(&[segment_in_progress(1, "shop")]);
    assert_eq!(revision(&xray), 1);
    for (number, document) in [
        segment(1, "shop", 0, 700),
        subsegment(2, 1, "late work", 600, 650),
        segment_in_progress(3, "mail"),
        segment(3, "mail", 700, 900),
        segment(3, "mail", 700, 950),
    ]
    .into_iter()
    .enumerate()
    {
        xray.put_documents(&[document]);
        assert_eq!(revision(&xray), number as u64 + 2);
    }
}

#[test]
fn the_revision_counts_every_document_that_arrived_between_two_queries() {
    let xray = LocalXray::with_documents(&[
        segment_in_progress(1, "shop"),
        segment(1, "shop", 0, 700),
        subsegment(2, 1, "work", 10, 20),
    ]);
    assert_eq!(revision(&xray), 3);
}

#[test]
fn a_duplicate_an_outdated_or_an_invalid_document_leaves_the_revision_unchanged() {
    let complete = segment(1, "shop", 0, 700);
    let xray = LocalXray::with_documents(&[complete.clone(), segment_in_progress(2, "mail")]);
    let old_revision = revision(&xray);
    // The request contains two duplicates, and an outdated document in progress of a segment that is already
    // complete.
    xray.put_documents(&[
        complete,
        segment_in_progress(1, "shop"),
        segment_in_progress(2, "mail"),
    ]);
    assert!(!xray.0.put_document("{}").is_empty());
    assert_eq!(revision(&xray), old_revision);
}

#[test]
fn the_revisions_of_two_traces_are_independent() {
    let other_trace = json!({ "trace_id": trace_id_at(5, 2) });
    let xray = LocalXray::with_documents(&[
        segment_in_progress(1, "shop"),
        segment(1, "shop", 0, 700),
        segment(1, "shop", 0, 700).merge(other_trace),
    ]);
    let response = xray.call("/TraceSummaries", longest_range());
    let revisions: Vec<_> = response["TraceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|summary| &summary["Revision"])
        .collect();
    assert_eq!(revisions, [&json!(1), &json!(2)]);
}

#[test]
fn an_evicted_trace_that_arrives_again_has_a_higher_revision() {
    let xray = LocalXray::with_limits(Limits {
        traces: 1,
        ..Limits::DEFAULT
    });
    xray.put_documents(&[
        segment_in_progress(1, "shop"),
        subsegment(2, 1, "work", 10, 20),
    ]);
    let old_revision = revision(&xray);
    xray.put_documents(
        &[segment(1, "guest", 0, 1).merge(json!({ "trace_id": trace_id_at(5, 2) }))],
    );
    xray.put_documents(&[segment(1, "shop", 0, 700)]);
    assert!(revision(&xray) > old_revision);
}
