//! `GetTraceSummaries`: time ranges, pages, what a summary tells.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::world::{START, With, World, always, at, like, segment, subsegment, trace_at};

fn ids(answer: &Value) -> Vec<String> {
    let summaries = answer["TraceSummaries"].as_array().unwrap();
    summaries
        .iter()
        .map(|it| it["Id"].as_str().unwrap().to_owned())
        .collect()
}

fn between(world: &World, from: u32, to: u32, clock: &str) -> Vec<String> {
    ids(&world.ask(
        "/TraceSummaries",
        json!({
            "StartTime": START + from, "EndTime": START + to, "TimeRangeType": clock,
        }),
    ))
}

#[test]
fn a_like_in_short() {
    let summary = World::of(&like()).summary();
    assert_eq!(summary["StartTime"], f64::from(START));
    assert_eq!(summary["ResponseTime"], 1.5);
    assert_eq!(summary["Duration"], 1.5);
    let flags = ["HasFault", "HasError", "HasThrottle", "IsPartial"]
        .map(|flag| summary[flag].as_bool().unwrap());
    assert_eq!(flags, [false; 4]);
    assert_eq!(
        summary["EntryPoint"],
        json!({ "Name": "like service", "Names": ["like service"] })
    );
    assert_eq!(summary["Http"]["HttpMethod"], "POST");
    assert_eq!(summary["Revision"], 4);
    assert_eq!(summary.get("MatchedEventTime"), None);
    let slow = &summary["ResponseTimeRootCauses"][0]["Services"];
    let path: Vec<_> = slow
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Name"].as_str().unwrap())
        .collect();
    assert_eq!(path, ["like service", "monolith", "MysfitsTable"]);
    assert_eq!(
        slow[0]["EntityPath"][1],
        json!({ "Name": "monolith", "Remote": true, "Coverage": 0.867 })
    );
}

#[test]
fn the_root_decides_about_errors_and_any_segment_about_throttling() {
    let mut documents = like();
    documents[3] = documents[3]
        .clone()
        .with(json!({ "error": true, "throttle": true }));
    documents[2] = documents[2].clone().with(json!({ "fault": true }));
    let summary = World::of(&documents).summary();
    let flags =
        ["HasFault", "HasError", "HasThrottle"].map(|flag| summary[flag].as_bool().unwrap());
    assert_eq!(flags, [false, false, true]);
    let cause = &summary["FaultRootCauses"][0];
    assert_eq!(cause["ClientImpacting"], false);
    assert_eq!(cause["Services"].as_array().unwrap().len(), 1);
}

#[test]
fn asynchronous_work_is_in_the_duration_and_not_in_the_response_time() {
    let world = World::of(&[
        segment(1, "shop", 0, 100),
        subsegment(2, 1, "mail", 50, 60).with(json!({ "namespace": "remote" })),
        segment(3, "mail", 60, 900).with(json!({ "parent_id": format!("{:016x}", 2) })),
    ]);
    let summary = world.summary();
    assert_eq!(
        (&summary["ResponseTime"], &summary["Duration"]),
        (&json!(0.1), &json!(0.9))
    );
}

#[test]
fn a_range_is_of_the_time_in_the_id_and_ends_before_its_end() {
    let documents: Vec<_> = (0..3)
        .map(|second| {
            segment(1, "shop", 500, 90_000).with(json!({ "trace_id": trace_at(second, second) }))
        })
        .collect();
    let world = World::of(&documents);
    assert_eq!(
        between(&world, 0, 2, "TraceId"),
        [trace_at(1, 1), trace_at(0, 0)]
    );
    assert_eq!(between(&world, 2, 3, "TraceId"), [trace_at(2, 2)]);
    assert_eq!(between(&world, 3, 90, "TraceId"), [] as [&str; 0]);
    assert_eq!(between(&world, 2, 2, "TraceId"), [] as [&str; 0]);
    let backwards = json!({ "StartTime": at(1000), "EndTime": at(0) });
    assert_eq!(
        world.error("/TraceSummaries", backwards),
        "EndTime lies before StartTime"
    );
}

#[test]
fn ranges_by_event_and_by_service_look_at_the_segments() {
    let world = World::of(&[segment(1, "shop", 10_000, 20_000)]);
    for (clock, from, to, matches) in [
        ("Event", 0, 10, 0),
        ("Event", 0, 11, 1),
        ("Event", 15, 16, 1),
        ("Event", 20, 30, 1),
        ("Event", 21, 30, 0),
        ("Service", 10, 20, 0),
        ("Service", 20, 21, 1),
        ("Service", 21, 30, 0),
    ] {
        assert_eq!(
            between(&world, from, to, clock).len(),
            matches,
            "{clock} {from} {to}"
        );
    }
    let answer = world.ask(
        "/TraceSummaries",
        json!({ "StartTime": START, "EndTime": START + 15, "TimeRangeType": "Event" }),
    );
    assert_eq!(answer["TraceSummaries"][0]["MatchedEventTime"], at(10_000));
    let odd = json!({ "StartTime": 0, "EndTime": 1, "TimeRangeType": "Noon" });
    assert!(
        world
            .error("/TraceSummaries", odd)
            .contains("unknown variant `Noon`")
    );
}

#[test]
fn pages_are_newest_first_and_have_each_trace_once() {
    let documents: Vec<_> = (0..1201)
        .map(|number| {
            let id = json!({ "trace_id": trace_at(number / 7, number), "error": number % 3 == 0 });
            segment(1, "shop", 0, 10).with(id)
        })
        .collect();
    let world = World::of(&documents);
    for (filter, wanted) in [(None, 1201), (Some("error"), 401), (Some("fault"), 0)] {
        let mut request = always();
        if let Some(filter) = filter {
            request["FilterExpression"] = json!(filter);
        }
        let (mut all, mut processed, mut pages) = (Vec::new(), 0, 0);
        loop {
            let answer = world.ask("/TraceSummaries", request.clone());
            all.extend(ids(&answer));
            processed += answer["TracesProcessedCount"].as_u64().unwrap();
            pages += 1;
            match answer.get("NextToken") {
                Some(token) => request["NextToken"] = token.clone(),
                None => break,
            }
            // What comes meanwhile is newer, and on no later page.
            let id = trace_at(1000 + pages, 9_000 + pages);
            world.put(&[segment(1, "shop", 0, 10).with(json!({ "trace_id": id, "error": true }))]);
        }
        assert!(all.windows(2).all(|pair| pair[0][..10] >= pair[1][..10]));
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        let old = all.iter().filter(|id| **id < trace_at(1000, 0)).count();
        assert_eq!(old, wanted);
        assert!(processed >= 1201);
    }
}

#[test]
fn a_share_of_the_traces_can_be_asked_for() {
    let documents: Vec<_> = (0..400)
        .map(|number| {
            segment(1, "shop", 0, 10).with(json!({ "trace_id": trace_at(number, number) }))
        })
        .collect();
    let world = World::of(&documents);
    let of = |sampling: Value, range_type: &str, strategy: Value| {
        always().with(json!({
            "Sampling": sampling, "TimeRangeType": range_type, "SamplingStrategy": strategy,
        }))
    };
    let ask = |sampling: Value, range_type: &str, strategy: Value| {
        ids(&world.ask("/TraceSummaries", of(sampling, range_type, strategy)))
    };
    let fixed = |value: f64| json!({ "Name": "FixedRate", "Value": value });
    let half = ask(json!(true), "Event", fixed(0.5));
    assert!((120..280).contains(&half.len()), "{}", half.len());
    assert_eq!(ask(json!(true), "Event", fixed(0.5)), half);
    assert_eq!(ask(json!(true), "Event", fixed(0.0)).len(), 0);
    for range_type in ["TraceId", "Event", "Service"] {
        let partial = json!({ "Name": "PartialScan", "Value": 7 });
        assert_eq!(ask(json!(true), range_type, partial).len(), 400);
        // Without `Sampling`, the strategy has no effect, also a wrong one.
        for sampling in [json!(false), Value::Null] {
            for value in [0.0, 2.0] {
                let all = ask(sampling.clone(), range_type, fixed(value));
                assert_eq!(all.len(), 400, "{range_type} {value}");
            }
        }
    }
    let error = |range_type: &str, strategy: Value| {
        world.error("/TraceSummaries", of(json!(true), range_type, strategy))
    };
    for range_type in ["TraceId", "Service"] {
        assert_eq!(
            error(range_type, fixed(0.5)),
            format!("Cannot use FixedRate with TimeRangeType {range_type}; use Event")
        );
    }
    for strategy in [fixed(2.0), fixed(-0.1), json!({ "Name": "FixedRate" })] {
        let error = error("Event", strategy);
        assert_eq!(error, "SamplingStrategy FixedRate has a Value from 0 to 1");
    }
}

#[test]
fn a_page_token_is_of_one_query() {
    let documents: Vec<_> = (0..600)
        .map(|number| segment(1, "shop", 0, 10).with(json!({ "trace_id": trace_at(0, number) })))
        .collect();
    let world = World::of(&documents);
    let query = always().with(json!({ "FilterExpression": "ok" }));
    let token = world.ask("/TraceSummaries", query.clone())["NextToken"].clone();
    let next = query.clone().with(json!({ "NextToken": token }));
    assert_eq!(ids(&world.ask("/TraceSummaries", next.clone())).len(), 100);

    let refused = |request: Value| {
        let error = world.error("/TraceSummaries", request);
        assert!(error.starts_with("Invalid token "), "{error}");
    };
    for other in [
        json!({ "StartTime": START - 1 }),
        json!({ "EndTime": START + 1 }),
        json!({ "FilterExpression": "!error" }),
        json!({ "FilterExpression": null }),
        json!({ "TimeRangeType": "Event" }),
    ] {
        refused(next.clone().with(other));
    }
    let token = token.as_str().unwrap();
    // One character is changed, left out, or there twice.
    for place in 0..token.len() {
        let (before, after) = (&token[..place], &token[place + 1..]);
        let old = &token[place..=place];
        let other = if old == "1" { "2" } else { "1" };
        for garbled in [
            format!("{before}{other}{after}"),
            format!("{before}{after}"),
            format!("{before}{old}{old}{after}"),
        ] {
            if garbled != token {
                refused(query.clone().with(json!({ "NextToken": garbled })));
            }
        }
    }
    for foreign in ["", "tomorrow", &token.to_uppercase(), "AAAA==", ":::"] {
        refused(query.clone().with(json!({ "NextToken": foreign })));
    }
}

#[test]
fn a_range_of_six_hours_is_the_longest() {
    let world = World::of(&like());
    let longest = json!({ "StartTime": START, "EndTime": START + 6 * 3600 });
    for path in [
        "/TraceSummaries",
        "/ServiceGraph",
        "/TimeSeriesServiceStatistics",
    ] {
        world.ask(path, longest.clone());
        let longer = longest
            .clone()
            .with(json!({ "EndTime": f64::from(START) + 21_600.001 }));
        assert_eq!(
            world.error(path, longer),
            "The time range from StartTime to EndTime is longer than 6 hours"
        );
        let backwards = json!({ "StartTime": at(1000), "EndTime": at(999) });
        assert_eq!(
            world.error(path, backwards),
            "EndTime lies before StartTime"
        );
    }
}

#[test]
fn annotations_have_types_several_values_and_at_most_fifty_keys() {
    let many: serde_json::Map<_, _> = (0..80)
        .map(|number| (format!("k{number:02}"), json!(number)))
        .collect();
    let world = World::of(&[
        segment(1, "shop", 0, 100)
            .with(json!({ "annotations": { "a": true, "b": 1.5, "c": "x" } })),
        subsegment(2, 1, "part", 0, 1).with(json!({ "annotations": { "a": 1, "c": "x" } })),
        subsegment(3, 1, "many", 2, 3).with(json!({ "annotations": many })),
    ]);
    let annotations = &world.summary()["Annotations"];
    assert_eq!(annotations.as_object().unwrap().len(), 50);
    let values = |key: &str| -> Vec<Value> {
        let values = annotations[key].as_array().unwrap();
        values
            .iter()
            .map(|value| value["AnnotationValue"].clone())
            .collect()
    };
    assert_eq!(
        values("a"),
        [
            json!({ "BooleanValue": true }),
            json!({ "NumberValue": 1.0 })
        ]
    );
    assert_eq!(values("b"), [json!({ "NumberValue": 1.5 })]);
    assert_eq!(values("c"), [json!({ "StringValue": "x" })]);
}
