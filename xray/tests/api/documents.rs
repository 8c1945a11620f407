//! How documents become a trace: any order, duplicates, what is in progress, what is missing.

use proptest::prelude::*;
use serde_json::{Value, json};
use xray::Limits;

use crate::world::{With, World, always, at, below, like, segment, subsegment, trace, trace_at};

/// All that can be asked of one trace, except its revision, which counts what arrived.
fn everything(world: &World) -> Value {
    let mut summaries = world.ask("/TraceSummaries", always());
    for summary in summaries["TraceSummaries"].as_array_mut().unwrap() {
        summary.as_object_mut().unwrap().remove("Revision");
    }
    json!({
        "summary": summaries,
        "graph": world.ask("/ServiceGraph", always()),
        "trace": world.ask("/Traces", json!({ "TraceIds": [trace()] })),
        "series": world.ask("/TimeSeriesServiceStatistics", json!({
            "StartTime": at(0), "EndTime": at(60_000),
        })),
    })
}

/// A like that also has an open segment and subsegments that were sent twice: alone, and embedded.
fn told_in_many_ways() -> Vec<Value> {
    let mut documents = like();
    let mut open = segment(1, "like service", 0, 0).with(json!({ "in_progress": true }));
    open.as_object_mut().unwrap().remove("end_time");
    let mut embedding = documents[2].clone();
    embedding["subsegments"] = json!([documents[3]]);
    let opened = documents[3]
        .clone()
        .with(json!({ "in_progress": true, "end_time": null }));
    let conflicting = segment(3, "monolith", 200, 1250).with(below(2));
    documents.extend([open, embedding, opened, conflicting]);
    documents
        .push(subsegment(5, 4, "marshal", 310, 320).with(json!({ "annotations": { "size": 3 } })));
    documents.push(subsegment(6, 99, "orphan", 400, 500).with(json!({ "namespace": "remote" })));
    documents
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_answers(
        documents in Just(told_in_many_ways()).prop_shuffle(),
        settles in proptest::collection::vec(any::<bool>(), 16),
    ) {
        let world = World::new();
        for (document, settles) in documents.iter().zip(settles) {
            world.put(std::slice::from_ref(document));
            if settles {
                world.ask("/TraceSummaries", always());
            }
        }
        prop_assert_eq!(everything(&world), everything(&World::of(&told_in_many_ways())));
    }
}

#[test]
fn duplicates_change_nothing() {
    let world = World::of(&like());
    let before = everything(&world);
    world.put(&like());
    assert_eq!(everything(&world), before);
}

#[test]
fn a_complete_segment_replaces_the_open_one_whichever_came_first() {
    let open = segment(1, "shop", 0, 0).with(json!({ "in_progress": true, "user": "alice" }));
    let complete = segment(1, "shop", 0, 700);
    for documents in [[open.clone(), complete.clone()], [complete, open.clone()]] {
        let world = World::of(&documents);
        let summary = world.summary();
        assert_eq!(summary["IsPartial"], false);
        assert_eq!(summary["ResponseTime"], 0.7);
        assert_eq!(summary["Users"], json!([]));
    }
    let world = World::of(&[open]);
    let summary = world.summary();
    assert_eq!(summary["IsPartial"], true);
    assert_eq!(summary.get("ResponseTime"), None);
    assert_eq!(world.graph()[0]["Name"], "shop");
    assert_eq!(world.documents(&trace())[0]["in_progress"], true);
}

#[test]
fn so_does_a_complete_subsegment_alone_or_embedded() {
    // As texts, one stands before the open one and one behind it.
    for (mark, key) in [("a", "annotations"), ("z", "sql")] {
        let open =
            subsegment(2, 1, "work", 10, 20).with(json!({ "in_progress": true, "user": "m" }));
        let complete = subsegment(2, 1, "work", 10, 20).with(json!({ "user": mark, key: {} }));
        for (alone, embedded) in [(&open, &complete), (&complete, &open)] {
            let whole = segment(1, "shop", 0, 30).with(json!({ "subsegments": [embedded] }));
            let world = World::of(&[alone.clone(), whole]);
            assert_eq!(world.summary()["IsPartial"], false);
            assert_eq!(world.documents(&trace())[0]["subsegments"][0]["user"], mark);
        }
        for both in [[&open, &complete], [&complete, &open]] {
            let world = World::of(&both.map(Value::clone));
            assert_eq!(world.summary()["IsPartial"], false);
        }
    }
}

#[test]
fn subsegments_that_were_sent_alone_are_kept_when_their_open_segment_completes() {
    let world = World::of(&[
        subsegment(3, 2, "query", 20, 30),
        subsegment(2, 1, "work", 10, 40),
        segment(1, "shop", 0, 0).with(json!({ "in_progress": true })),
    ]);
    assert_eq!(
        world.documents(&trace())[0]["subsegments"][0]["name"],
        "work"
    );
    world.put(&[segment(1, "shop", 0, 50)]);
    let documents = world.documents(&trace());
    assert_eq!(documents.len(), 1);
    let work = &documents[0]["subsegments"][0];
    assert_eq!(work["name"], "work");
    assert_eq!(work["subsegments"][0]["name"], "query");
    // They do not say again what the whole one says.
    assert_eq!(
        work.get("trace_id")
            .or(work.get("parent_id"))
            .or(work.get("type")),
        None
    );
}

#[test]
fn a_subsegment_without_its_segment_is_not_lost() {
    let world = World::of(&[
        segment(1, "shop", 0, 50),
        subsegment(3, 2, "bank", 20, 30).with(json!({ "namespace": "remote" })),
    ]);
    let documents = world.documents(&trace());
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
fn circles_and_long_chains_are_answered() {
    let world = World::of(&[
        segment(1, "a", 0, 10).with(below(2)),
        segment(2, "b", 1, 9).with(below(1)),
        segment(3, "self", 2, 8).with(below(3)),
    ]);
    assert_eq!(world.documents(&trace()).len(), 3);
    // No entry: each of them says that somebody called.
    assert!(world.graph().iter().all(|node| node["Type"] != "client"));
    assert_eq!(world.summary()["EntryPoint"]["Name"], "a");

    // What hangs below a circle stays there, although it started first.
    let world = World::of(&[
        segment(1, "self", 5, 8).with(below(1)),
        subsegment(2, 1, "work", 0, 8),
        subsegment(3, 2, "query", 1, 8),
    ]);
    let documents = world.documents(&trace());
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["subsegments"][0]["name"], "work");

    let world = World::of(&[segment(0, "deep", 0, 10_000)]);
    for number in 1..=10_000 {
        world.put(&[subsegment(
            number,
            number - 1,
            "step",
            number as u32,
            10_000,
        )]);
    }
    let answer = world.ask("/Traces", json!({ "TraceIds": [trace()] }));
    let document = answer["Traces"][0]["Segments"][0]["Document"]
        .as_str()
        .unwrap();
    assert_eq!(document.matches("\"name\"").count(), 10_001);
    assert_eq!(document.matches('{').count(), document.matches('}').count());
    assert!(document.ends_with("]}]}]}"));
    everything(&world);
}

#[test]
fn a_document_nested_deeper_than_json_is_read_is_refused() {
    let mut document = "{}".to_owned();
    for _ in 0..1_000 {
        document = format!("{{\"subsegments\":[{document}]}}");
    }
    let refused = World::new().0.put(&document);
    assert_eq!(refused[0].code, "ParseError");
}

#[test]
fn what_the_schema_does_not_know_is_left_out() {
    let world = World::of(&[segment(1, "shop", 0, 10).with(json!({
        "colour": "red", "error": "yes", "http": 7, "metadata": { "default": { "kept": [1, {}] } },
        "annotations": { "kept": 1, "not": [1], "nor": null }, "service": { "version": "7" },
        "subsegments": [
            { "name": "what is no object is left out", "id": "00000000000000aa", "start_time": at(1), "end_time": at(2) },
            "what",
            null,
        ],
    }))]);
    let document = world.documents(&trace()).remove(0);
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
fn an_array_is_as_many_documents() {
    let world = World::new();
    let refused = world.0.put(
        &json!([segment(1, "shop", 0, 10), { "id": "x" }, subsegment(2, 1, "part", 1, 2)])
            .to_string(),
    );
    assert_eq!(refused.len(), 1);
    assert_eq!(
        refused[0].to_string(),
        "Invalid segment. ErrorCode: InvalidId"
    );
    assert_eq!(
        world.documents(&trace())[0]["subsegments"][0]["name"],
        "part"
    );
    assert_eq!(world.0.put("[]")[0].code, "MissingId");
    assert_eq!(world.0.put("[")[0].code, "ParseError");
}

#[test]
fn the_oldest_traces_leave_first_and_are_counted() {
    let limits = Limits {
        traces: 3,
        ..Limits::DEFAULT
    };
    let world = World::with(limits);
    for number in 0..5 {
        let id = json!({ "trace_id": trace_at(10 - number, number) });
        world.put(&[
            segment(1, "shop", 0, 10).with(id.clone()),
            segment(2, "shop", 0, 10).with(id),
        ]);
    }
    let left = world.ask("/TraceSummaries", always());
    let left: Vec<_> = left["TraceSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Id"].as_str().unwrap())
        .collect();
    // The newest by its id came first, and left first.
    assert_eq!(left, [trace_at(8, 2), trace_at(7, 3), trace_at(6, 4)]);
    let status = world.0.status();
    assert_eq!(status["EvictedTraces"], 2);
    assert_eq!(status["EvictedDocuments"], 4);
    assert_eq!(
        (&status["Traces"], &status["Documents"], &status["Taken"]),
        (&json!(3), &json!(6), &json!(10))
    );
}

#[test]
fn memory_and_age_are_limits_too() {
    let world = World::with(Limits {
        bytes: 1024 * 1024,
        ..Limits::DEFAULT
    });
    for number in 0..2_000 {
        world.put(&[segment(1, "shop", 0, 10).with(json!({ "trace_id": trace_at(0, number) }))]);
    }
    let status = world.0.status();
    let count = |key: &str| status[key].as_u64().unwrap();
    assert!((100..2_000).contains(&count("Traces")), "{status}");
    assert_eq!(count("Traces") + count("EvictedTraces"), 2_000);
    assert!(count("MemoryBytes") <= 512 * 1024, "{status}");
    assert!(count("MemoryBytes") > count("Bytes"), "{status}");
    let world = World::with(Limits {
        age: std::time::Duration::ZERO,
        ..Limits::DEFAULT
    });
    world.put(&[segment(1, "shop", 0, 10)]);
    assert_eq!(
        world.ask("/TraceSummaries", always())["TraceSummaries"],
        json!([])
    );
    assert_eq!(world.0.status()["EvictedTraces"], 1);
}

/// Traces that changed before a trace, and were evicted since then, once hid it for ever.
#[test]
fn a_trace_is_found_although_all_that_changed_after_it_was_evicted() {
    let world = World::with(Limits {
        traces: 129,
        ..Limits::DEFAULT
    });
    let at = |id: u64, number: u32| {
        segment(id, "shop", 0, 10).with(json!({ "trace_id": trace_at(0, number) }))
    };
    let old: Vec<_> = (0..128).map(|number| at(1, number)).collect();
    world.put(&old);
    world.ask("/TraceSummaries", always());
    world.put(&[at(1, 1_000).with(json!({ "user": "alice" }))]);
    let changed: Vec<_> = (0..128).map(|number| at(2, number)).collect();
    world.put(&changed);
    let new: Vec<_> = (2_000..2_128).map(|number| at(1, number)).collect();
    world.put(&new);
    assert_eq!(world.summaries("user = \"alice\"").len(), 1);
}

#[test]
fn one_trace_alone_cannot_fill_the_memory() {
    let world = World::new();
    let metadata = json!({ "metadata": { "x": "x".repeat(65_000) } });
    let document = |number| segment(number, "shop", 0, 10).with(metadata.clone());
    let put = |document: Value| world.0.put(&document.to_string()).pop();
    let full = (0..300).find_map(|number| put(document(number)));
    assert_eq!(full.unwrap().code, "TraceLimitExceeded");
    assert!(
        put(document(0)).is_none(),
        "what is there already takes no room"
    );
    assert!(world.0.status()["Bytes"].as_u64().unwrap() <= 16 * 1024 * 1024);
}

#[test]
fn an_id_of_w3c_tells_no_time() {
    let world = World::of(&[segment(1, "shop", 0, 10)
        .with(json!({ "trace_id": "1-00000001-000000000000000000000001" }))]);
    let soon = json!({ "StartTime": at(0), "EndTime": at(1) });
    let found = world.ask("/TraceSummaries", soon);
    assert_eq!(found["TraceSummaries"].as_array().unwrap().len(), 1);
}
