//! Tests how documents are assembled into a trace: documents in any order, duplicates, documents in progress, missing
//! documents, and limits.

use proptest::prelude::*;
use serde_json::{Value, json};
use xray::Limits;

use crate::local_xray::{
    LocalXray, Merge, child_of, like_documents, longest_range, segment, subsegment, time_at,
    trace_id, trace_id_at,
};

/// Returns the responses of all operations on traces. The responses do not contain the revision, because the
/// revision depends on the order in which documents arrive.
fn all_responses(xray: &LocalXray) -> Value {
    let mut summaries = xray.call("/TraceSummaries", longest_range());
    for summary in summaries["TraceSummaries"].as_array_mut().unwrap() {
        summary.as_object_mut().unwrap().remove("Revision");
    }
    json!({
        "summary": summaries,
        "graph": xray.call("/ServiceGraph", longest_range()),
        "trace": xray.call("/Traces", json!({ "TraceIds": [trace_id()] })),
        "series": xray.call("/TimeSeriesServiceStatistics", json!({
            "StartTime": time_at(0), "EndTime": time_at(60_000),
        })),
    })
}

/// The documents of a like, with duplicates: an in-progress copy of a segment, and subsegments that are sent
/// both alone and embedded in a segment.
fn overlapping_documents() -> Vec<Value> {
    let mut documents = like_documents();
    let mut segment_in_progress =
        segment(1, "like service", 0, 0).merge(json!({ "in_progress": true }));
    segment_in_progress
        .as_object_mut()
        .unwrap()
        .remove("end_time");
    let mut with_embedded_subsegment = documents[2].clone();
    with_embedded_subsegment["subsegments"] = json!([documents[3]]);
    let subsegment_in_progress = documents[3]
        .clone()
        .merge(json!({ "in_progress": true, "end_time": null }));
    let conflicting_segment = segment(3, "monolith", 200, 1250).merge(child_of(2));
    documents.extend([
        segment_in_progress,
        with_embedded_subsegment,
        subsegment_in_progress,
        conflicting_segment,
    ]);
    documents
        .push(subsegment(5, 4, "marshal", 310, 320).merge(json!({ "annotations": { "size": 3 } })));
    documents.push(subsegment(6, 99, "orphan", 400, 500).merge(json!({ "namespace": "remote" })));
    documents
}

proptest! {
    #[test]
    fn documents_in_any_order_result_in_the_same_trace(
        documents in Just(overlapping_documents()).prop_shuffle(),
        assembles_after_document in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let xray = LocalXray::new();
        for (document, assembles_now) in documents.iter().zip(assembles_after_document) {
            xray.put_documents(std::slice::from_ref(document));
            if assembles_now {
                // The query assembles the trace.
                xray.call("/TraceSummaries", longest_range());
            }
        }
        prop_assert_eq!(all_responses(&xray), all_responses(&LocalXray::with_documents(&overlapping_documents())));
    }
}

#[test]
fn duplicate_documents_change_no_response() {
    let xray = LocalXray::with_documents(&like_documents());
    let responses = all_responses(&xray);
    xray.put_documents(&like_documents());
    assert_eq!(all_responses(&xray), responses);
}

#[test]
fn a_complete_segment_replaces_one_in_progress_in_either_order_of_arrival() {
    let in_progress =
        segment(1, "shop", 0, 0).merge(json!({ "in_progress": true, "user": "alice" }));
    let complete = segment(1, "shop", 0, 700);
    for documents in [
        [in_progress.clone(), complete.clone()],
        [complete, in_progress.clone()],
    ] {
        let xray = LocalXray::with_documents(&documents);
        let summary = xray.only_summary();
        assert_eq!(summary["IsPartial"], false);
        assert_eq!(summary["ResponseTime"], 0.7);
        assert_eq!(summary["Users"], json!([]));
    }
    let xray = LocalXray::with_documents(&[in_progress]);
    let summary = xray.only_summary();
    assert_eq!(summary["IsPartial"], true);
    assert_eq!(summary.get("ResponseTime"), None);
    assert_eq!(xray.service_graph()[0]["Name"], "shop");
    assert_eq!(xray.trace_documents(&trace_id())[0]["in_progress"], true);
}

#[test]
fn a_complete_subsegment_replaces_one_in_progress_whether_alone_or_embedded() {
    // The alphabetical order of the JSON texts must not decide which of two documents with the same id is
    // stored in the trace. The JSON text of the document in progress is alphabetically between the JSON texts
    // of the two complete documents.
    for (user, key) in [("a", "annotations"), ("z", "sql")] {
        let in_progress =
            subsegment(2, 1, "work", 10, 20).merge(json!({ "in_progress": true, "user": "m" }));
        let complete = subsegment(2, 1, "work", 10, 20).merge(json!({ "user": user, key: {} }));
        for (alone, embedded) in [(&in_progress, &complete), (&complete, &in_progress)] {
            let parent = segment(1, "shop", 0, 30).merge(json!({ "subsegments": [embedded] }));
            let xray = LocalXray::with_documents(&[alone.clone(), parent]);
            assert_eq!(xray.only_summary()["IsPartial"], false);
            assert_eq!(
                xray.trace_documents(&trace_id())[0]["subsegments"][0]["user"],
                user
            );
        }
        for both in [[&in_progress, &complete], [&complete, &in_progress]] {
            let xray = LocalXray::with_documents(&both.map(Value::clone));
            assert_eq!(xray.only_summary()["IsPartial"], false);
        }
    }
}

#[test]
fn subsegments_sent_alone_remain_when_their_segment_completes() {
    let xray = LocalXray::with_documents(&[
        subsegment(3, 2, "query", 20, 30),
        subsegment(2, 1, "work", 10, 40),
        segment(1, "shop", 0, 0).merge(json!({ "in_progress": true })),
    ]);
    assert_eq!(
        xray.trace_documents(&trace_id())[0]["subsegments"][0]["name"],
        "work"
    );
    xray.put_documents(&[segment(1, "shop", 0, 50)]);
    let documents = xray.trace_documents(&trace_id());
    assert_eq!(documents.len(), 1);
    let work_subsegment = &documents[0]["subsegments"][0];
    assert_eq!(work_subsegment["name"], "work");
    assert_eq!(work_subsegment["subsegments"][0]["name"], "query");
    // A subsegment that is embedded in a segment has no `trace_id`, no `parent_id` and no `type`.
    assert_eq!(
        work_subsegment
            .get("trace_id")
            .or(work_subsegment.get("parent_id"))
            .or(work_subsegment.get("type")),
        None
    );
}

#[test]
fn a_subsegment_whose_parent_was_never_received_is_returned_as_a_document() {
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 50),
        subsegment(3, 2, "bank", 20, 30).merge(json!({ "namespace": "remote" })),
    ]);
    let documents = xray.trace_documents(&trace_id());
    let names: Vec<_> = documents
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["type"].as_str()))
        .collect();
    assert_eq!(
        names,
        [("shop", None), ("bank", None), ("bank", Some("subsegment"))]
    );
    assert_eq!(documents[1]["inferred"], true);
}

#[test]
fn traces_with_cyclic_parents_or_a_chain_of_ten_thousand_subsegments_are_assembled() {
    let xray = LocalXray::with_documents(&[
        segment(1, "a", 0, 10).merge(child_of(2)),
        segment(2, "b", 1, 9).merge(child_of(1)),
        segment(3, "self", 2, 8).merge(child_of(3)),
    ]);
    assert_eq!(xray.trace_documents(&trace_id()).len(), 3);
    // Each segment has a parent, so the service graph contains no client node.
    assert!(
        xray.service_graph()
            .iter()
            .all(|node| node["Type"] != "client")
    );
    assert_eq!(xray.only_summary()["EntryPoint"]["Name"], "a");

    // If a segment is its own parent, the subsegments of the segment stay below the segment, although the
    // subsegments started before the segment.
    let xray = LocalXray::with_documents(&[
        segment(1, "self", 5, 8).merge(child_of(1)),
        subsegment(2, 1, "work", 0, 8),
        subsegment(3, 2, "query", 1, 8),
    ]);
    let documents = xray.trace_documents(&trace_id());
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["subsegments"][0]["name"], "work");

    let xray = LocalXray::with_documents(&[segment(0, "deep", 0, 10_000)]);
    for number in 1..=10_000 {
        xray.put_documents(&[subsegment(
            number,
            number - 1,
            "step",
            number as u32,
            10_000,
        )]);
    }
    let response = xray.call("/Traces", json!({ "TraceIds": [trace_id()] }));
    let document = response["Traces"][0]["Segments"][0]["Document"]
        .as_str()
        .unwrap();
    assert_eq!(document.matches("\"name\"").count(), 10_001);
    assert_eq!(document.matches('{').count(), document.matches('}').count());
    assert!(document.ends_with("]}]}]}"));
    all_responses(&xray);
}

#[test]
fn a_document_that_exceeds_the_json_nesting_limit_is_refused() {
    let mut document = "{}".to_owned();
    for _ in 0..1_000 {
        document = format!("{{\"subsegments\":[{document}]}}");
    }
    let refusals = LocalXray::new().0.put_document(&document);
    assert_eq!(refusals[0].code, "ParseError");
}

#[test]
fn unknown_members_and_members_of_a_wrong_type_are_removed_from_a_document() {
    let xray = LocalXray::with_documents(&[segment(1, "shop", 0, 10).merge(json!({
        "colour": "red", "error": "yes", "http": 7, "metadata": { "default": { "kept": [1, {}] } },
        "annotations": { "kept": 1, "list": [1], "null": null }, "service": { "version": "7" },
        "subsegments": [
            { "name": "only objects are subsegments", "id": "00000000000000aa", "start_time": time_at(1), "end_time": time_at(2) },
            "no object",
            null,
        ],
    }))]);
    let document = xray.trace_documents(&trace_id()).remove(0);
    assert_eq!(
        document
            .get("colour")
            .or(document.get("error"))
            .or(document.get("http")),
        None
    );
    assert_eq!(
        document["metadata"],
        json!({ "default": { "kept": [1, {}] } })
    );
    assert_eq!(document["annotations"], json!({ "kept": 1 }));
    assert_eq!(document["service"], json!({ "version": "7" }));
    assert_eq!(document["subsegments"].as_array().unwrap().len(), 1);
}

#[test]
fn each_element_of_an_array_is_a_document() {
    let xray = LocalXray::new();
    let refusals = xray.0.put_document(
        &json!([segment(1, "shop", 0, 10), { "id": "x" }, subsegment(2, 1, "part", 1, 2)])
            .to_string(),
    );
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        refusals[0].to_string(),
        "Invalid segment. ErrorCode: InvalidId"
    );
    assert_eq!(
        xray.trace_documents(&trace_id())[0]["subsegments"][0]["name"],
        "part"
    );
    assert_eq!(xray.0.put_document("[]")[0].code, "MissingId");
    assert_eq!(xray.0.put_document("[")[0].code, "ParseError");
}

#[test]
fn the_traces_that_arrived_first_are_evicted_first_and_counted() {
    let limits = Limits {
        traces: 3,
        ..Limits::DEFAULT
    };
    let xray = LocalXray::with_limits(limits);
    for number in 0..5 {
        let id = json!({ "trace_id": trace_id_at(10 - number, number) });
        xray.put_documents(&[
            segment(1, "shop", 0, 10).merge(id.clone()),
            segment(2, "shop", 0, 10).merge(id),
        ]);
    }
    let response = xray.call("/TraceSummaries", longest_range());
    let remaining_ids: Vec<_> = response["TraceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Id"].as_str().unwrap())
        .collect();
    // Eviction follows the order in which the traces arrived, not the start time in the trace ids.
    assert_eq!(
        remaining_ids,
        [trace_id_at(8, 2), trace_id_at(7, 3), trace_id_at(6, 4)]
    );
    let status = xray.0.status();
    assert_eq!(status["EvictedTraces"], 2);
    assert_eq!(status["EvictedDocuments"], 4);
    assert_eq!(
        (&status["Traces"], &status["Documents"], &status["Taken"]),
        (&json!(3), &json!(6), &json!(10))
    );
}

#[test]
fn traces_are_evicted_when_they_exceed_the_memory_limit_or_the_maximum_age() {
    let xray = LocalXray::with_limits(Limits {
        bytes: 1024 * 1024,
        ..Limits::DEFAULT
    });
    for number in 0..2_000 {
        xray.put_documents(&[
            segment(1, "shop", 0, 10).merge(json!({ "trace_id": trace_id_at(0, number) }))
        ]);
    }
    let status = xray.0.status();
    let count = |key: &str| status[key].as_u64().unwrap();
    assert!((100..2_000).contains(&count("Traces")), "{status}");
    assert_eq!(count("Traces") + count("EvictedTraces"), 2_000);
    assert!(count("MemoryBytes") <= 512 * 1024, "{status}");
    assert!(count("MemoryBytes") > count("Bytes"), "{status}");
    let xray = LocalXray::with_limits(Limits {
        age: std::time::Duration::ZERO,
        ..Limits::DEFAULT
    });
    xray.put_documents(&[segment(1, "shop", 0, 10)]);
    assert_eq!(
        xray.call("/TraceSummaries", longest_range())["TraceSummaries"],
        json!([])
    );
    assert_eq!(xray.0.status()["EvictedTraces"], 1);
}

/// Regression test: entries of evicted traces in the list of changed traces once hid all later entries of the
/// list.
#[test]
fn a_trace_is_found_after_all_traces_that_changed_later_were_evicted() {
    let xray = LocalXray::with_limits(Limits {
        traces: 129,
        ..Limits::DEFAULT
    });
    let segment_of_trace = |id: u64, number: u32| {
        segment(id, "shop", 0, 10).merge(json!({ "trace_id": trace_id_at(0, number) }))
    };
    let old_segments: Vec<_> = (0..128).map(|number| segment_of_trace(1, number)).collect();
    xray.put_documents(&old_segments);
    xray.call("/TraceSummaries", longest_range());
    xray.put_documents(&[segment_of_trace(1, 1_000).merge(json!({ "user": "alice" }))]);
    let changed_segments: Vec<_> = (0..128).map(|number| segment_of_trace(2, number)).collect();
    xray.put_documents(&changed_segments);
    let new_segments: Vec<_> = (2_000..2_128)
        .map(|number| segment_of_trace(1, number))
        .collect();
    xray.put_documents(&new_segments);
    assert_eq!(xray.summaries("user = \"alice\"").len(), 1);
}

#[test]
fn a_document_that_exceeds_the_size_limit_of_its_trace_is_refused() {
    let xray = LocalXray::new();
    let metadata = json!({ "metadata": { "x": "x".repeat(65_000) } });
    let build_segment = |number| segment(number, "shop", 0, 10).merge(metadata.clone());
    let put_document = |document: Value| xray.0.put_document(&document.to_string()).pop();
    let first_refusal = (0..300).find_map(|number| put_document(build_segment(number)));
    assert_eq!(first_refusal.unwrap().code, "TraceLimitExceeded");
    assert!(
        put_document(build_segment(0)).is_none(),
        "a duplicate needs no memory"
    );
    assert!(xray.0.status()["Bytes"].as_u64().unwrap() <= 16 * 1024 * 1024);
}

#[test]
fn a_trace_whose_id_contains_no_recent_time_is_found_by_the_start_of_its_first_segment() {
    let xray = LocalXray::with_documents(&[segment(1, "shop", 0, 10)
        .merge(json!({ "trace_id": "1-00000001-000000000000000000000001" }))]);
    let range = json!({ "StartTime": time_at(0), "EndTime": time_at(1) });
    let response = xray.call("/TraceSummaries", range);
    assert_eq!(response["TraceSummaries"].as_array().unwrap().len(), 1);
}
