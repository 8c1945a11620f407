//! Tests of `GetTraceSummaries`: time ranges, pages, sampling, and the content of a summary.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::local_xray::{
    LocalXray, Merge, START, like_documents, longest_range, segment, subsegment, time_at,
    trace_id_at,
};

fn summary_ids(response: &Value) -> Vec<String> {
    let summaries = response["TraceSummaries"].as_array().unwrap();
    summaries
        .iter()
        .map(|it| it["Id"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns the ids of the traces in a time range. `start` and `end` are seconds after [`START`].
fn ids_between(xray: &LocalXray, start: u32, end: u32, range_type: &str) -> Vec<String> {
    summary_ids(&xray.call(
        "/TraceSummaries",
        json!({
            "StartTime": START + start, "EndTime": START + end, "TimeRangeType": range_type,
        }),
    ))
}

#[test]
fn the_summary_of_a_like_contains_times_flags_and_the_slowest_path() {
    let summary = LocalXray::with_documents(&like_documents()).only_summary();
    insta::assert_json_snapshot!("summary_of_a_like", summary);
}

#[test]
fn the_root_segment_sets_the_fault_and_error_flags_and_any_segment_the_throttle_flag() {
    let mut documents = like_documents();
    documents[3] = documents[3]
        .clone()
        .merge(json!({ "error": true, "throttle": true }));
    documents[2] = documents[2].clone().merge(json!({ "fault": true }));
    let summary = LocalXray::with_documents(&documents).only_summary();
    let flags =
        ["HasFault", "HasError", "HasThrottle"].map(|flag| summary[flag].as_bool().unwrap());
    assert_eq!(flags, [false, false, true]);
    let cause = &summary["FaultRootCauses"][0];
    assert_eq!(cause["ClientImpacting"], false);
    assert_eq!(cause["Services"].as_array().unwrap().len(), 1);
}

#[test]
fn work_after_the_response_counts_for_the_duration_but_not_for_the_response_time() {
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 100),
        subsegment(2, 1, "mail", 50, 60).merge(json!({ "namespace": "remote" })),
        segment(3, "mail", 60, 900).merge(json!({ "parent_id": format!("{:016x}", 2) })),
    ]);
    let summary = xray.only_summary();
    assert_eq!(
        (&summary["ResponseTime"], &summary["Duration"]),
        (&json!(0.1), &json!(0.9))
    );
}

#[test]
fn the_default_range_type_compares_the_time_in_the_trace_id_and_excludes_the_end() {
    let documents: Vec<_> = (0..3)
        .map(|second| {
            segment(1, "shop", 500, 90_000)
                .merge(json!({ "trace_id": trace_id_at(second, second) }))
        })
        .collect();
    let xray = LocalXray::with_documents(&documents);
    assert_eq!(
        ids_between(&xray, 0, 2, "TraceId"),
        [trace_id_at(1, 1), trace_id_at(0, 0)]
    );
    assert_eq!(ids_between(&xray, 2, 3, "TraceId"), [trace_id_at(2, 2)]);
    assert_eq!(ids_between(&xray, 3, 90, "TraceId"), [] as [&str; 0]);
    assert_eq!(ids_between(&xray, 2, 2, "TraceId"), [] as [&str; 0]);
    let reversed_range = json!({ "StartTime": time_at(1000), "EndTime": time_at(0) });
    assert_eq!(
        xray.call_error("/TraceSummaries", reversed_range),
        "EndTime is before StartTime"
    );
}

#[test]
fn range_types_event_and_service_compare_the_times_of_segments() {
    let xray = LocalXray::with_documents(&[segment(1, "shop", 10_000, 20_000)]);
    for (range_type, start, end, match_count) in [
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
            ids_between(&xray, start, end, range_type).len(),
            match_count,
            "{range_type} {start} {end}"
        );
    }
    let response = xray.call(
        "/TraceSummaries",
        json!({ "StartTime": START, "EndTime": START + 15, "TimeRangeType": "Event" }),
    );
    assert_eq!(
        response["TraceSummaries"][0]["MatchedEventTime"],
        time_at(10_000)
    );
    let unknown_range_type = json!({ "StartTime": 0, "EndTime": 1, "TimeRangeType": "Noon" });
    assert!(
        xray.call_error("/TraceSummaries", unknown_range_type)
            .contains("unknown variant `Noon`")
    );
}

#[test]
fn pages_list_each_trace_once_and_the_newest_first() {
    let documents: Vec<_> = (0..1201)
        .map(|number| {
            let id =
                json!({ "trace_id": trace_id_at(number / 7, number), "error": number % 3 == 0 });
            segment(1, "shop", 0, 10).merge(id)
        })
        .collect();
    let xray = LocalXray::with_documents(&documents);
    for (filter, expected) in [(None, 1201), (Some("error"), 401), (Some("fault"), 0)] {
        let mut request = longest_range();
        if let Some(filter) = filter {
            request["FilterExpression"] = json!(filter);
        }
        let (mut all_ids, mut processed_count, mut page_count) = (Vec::new(), 0, 0);
        loop {
            let response = xray.call("/TraceSummaries", request.clone());
            all_ids.extend(summary_ids(&response));
            processed_count += response["TracesProcessedCount"].as_u64().unwrap();
            page_count += 1;
            match response.get("NextToken") {
                Some(token) => request["NextToken"] = token.clone(),
                None => break,
            }
            // A trace that arrives between two page requests is newer than the listed traces, so later pages
            // do not contain the new trace.
            let id = trace_id_at(1000 + page_count, 9_000 + page_count);
            xray.put_documents(&[
                segment(1, "shop", 0, 10).merge(json!({ "trace_id": id, "error": true }))
            ]);
        }
        assert!(
            all_ids
                .windows(2)
                .all(|pair| pair[0][..10] >= pair[1][..10])
        );
        assert_eq!(all_ids.iter().collect::<HashSet<_>>().len(), all_ids.len());
        let old_id_count = all_ids
            .iter()
            .filter(|id| **id < trace_id_at(1000, 0))
            .count();
        assert_eq!(old_id_count, expected);
        assert!(processed_count >= 1201);
    }
}

#[test]
fn a_fixed_rate_returns_a_fraction_of_the_traces() {
    let documents: Vec<_> = (0..400)
        .map(|number| {
            segment(1, "shop", 0, 10).merge(json!({ "trace_id": trace_id_at(number, number) }))
        })
        .collect();
    let xray = LocalXray::with_documents(&documents);
    let request = |sampling: Value, range_type: &str, strategy: Value| {
        longest_range().merge(json!({
            "Sampling": sampling, "TimeRangeType": range_type, "SamplingStrategy": strategy,
        }))
    };
    let get_ids = |sampling: Value, range_type: &str, strategy: Value| {
        summary_ids(&xray.call("/TraceSummaries", request(sampling, range_type, strategy)))
    };
    let fixed_rate = |value: f64| json!({ "Name": "FixedRate", "Value": value });
    let half_of_ids = get_ids(json!(true), "Event", fixed_rate(0.5));
    assert!(
        (120..280).contains(&half_of_ids.len()),
        "{}",
        half_of_ids.len()
    );
    assert_eq!(get_ids(json!(true), "Event", fixed_rate(0.5)), half_of_ids);
    assert_eq!(get_ids(json!(true), "Event", fixed_rate(0.0)).len(), 0);
    for range_type in ["TraceId", "Event", "Service"] {
        let partial_scan = json!({ "Name": "PartialScan", "Value": 7 });
        assert_eq!(get_ids(json!(true), range_type, partial_scan).len(), 400);
        // Without the member `Sampling`, the operation ignores the member `SamplingStrategy`, even if
        // `SamplingStrategy` is invalid.
        for sampling in [json!(false), Value::Null] {
            for value in [0.0, 2.0] {
                let all_ids = get_ids(sampling.clone(), range_type, fixed_rate(value));
                assert_eq!(all_ids.len(), 400, "{range_type} {value}");
            }
        }
    }
    let get_error = |range_type: &str, strategy: Value| {
        xray.call_error(
            "/TraceSummaries",
            request(json!(true), range_type, strategy),
        )
    };
    for range_type in ["TraceId", "Service"] {
        assert_eq!(
            get_error(range_type, fixed_rate(0.5)),
            format!("Cannot use FixedRate with TimeRangeType {range_type}; use Event")
        );
    }
    for strategy in [
        fixed_rate(2.0),
        fixed_rate(-0.1),
        json!({ "Name": "FixedRate" }),
    ] {
        let error = get_error("Event", strategy);
        assert_eq!(
            error,
            "SamplingStrategy FixedRate requires a Value from 0 to 1"
        );
    }
}

#[test]
fn a_page_token_is_valid_only_for_its_own_query() {
    let documents: Vec<_> = (0..600)
        .map(|number| {
            segment(1, "shop", 0, 10).merge(json!({ "trace_id": trace_id_at(0, number) }))
        })
        .collect();
    let xray = LocalXray::with_documents(&documents);
    let query = longest_range().merge(json!({ "FilterExpression": "ok" }));
    let token = xray.call("/TraceSummaries", query.clone())["NextToken"].clone();
    let next_page = query.clone().merge(json!({ "NextToken": token }));
    assert_eq!(
        summary_ids(&xray.call("/TraceSummaries", next_page.clone())).len(),
        100
    );

    let assert_refused = |request: Value| {
        let error = xray.call_error("/TraceSummaries", request);
        assert!(error.starts_with("Invalid token "), "{error}");
    };
    for other in [
        json!({ "StartTime": START - 1 }),
        json!({ "EndTime": START + 1 }),
        json!({ "FilterExpression": "!error" }),
        json!({ "FilterExpression": null }),
        json!({ "TimeRangeType": "Event" }),
    ] {
        assert_refused(next_page.clone().merge(other));
    }
    let token = token.as_str().unwrap();
    // Each invalid token differs from the valid token by one changed, removed or repeated character.
    for index in 0..token.len() {
        let (before, after) = (&token[..index], &token[index + 1..]);
        let old = &token[index..=index];
        let other = if old == "1" { "2" } else { "1" };
        for invalid in [
            format!("{before}{other}{after}"),
            format!("{before}{after}"),
            format!("{before}{old}{old}{after}"),
        ] {
            if invalid != token {
                assert_refused(query.clone().merge(json!({ "NextToken": invalid })));
            }
        }
    }
    for foreign in ["", "tomorrow", &token.to_uppercase(), "AAAA==", ":::"] {
        assert_refused(query.clone().merge(json!({ "NextToken": foreign })));
    }
}

#[test]
fn a_time_range_is_at_most_six_hours_long() {
    let xray = LocalXray::with_documents(&like_documents());
    let longest_range = json!({ "StartTime": START, "EndTime": START + 6 * 3600 });
    for path in [
        "/TraceSummaries",
        "/ServiceGraph",
        "/TimeSeriesServiceStatistics",
    ] {
        xray.call(path, longest_range.clone());
        let longer_range = longest_range
            .clone()
            .merge(json!({ "EndTime": f64::from(START) + 21_600.001 }));
        assert_eq!(
            xray.call_error(path, longer_range),
            "The time range from StartTime to EndTime is longer than 6 hours"
        );
        let reversed_range = json!({ "StartTime": time_at(1000), "EndTime": time_at(999) });
        assert_eq!(
            xray.call_error(path, reversed_range),
            "EndTime is before StartTime"
        );
    }
}

#[test]
fn a_summary_contains_typed_annotations_with_all_their_values_and_at_most_fifty_keys() {
    let eighty_annotations: serde_json::Map<_, _> = (0..80)
        .map(|number| (format!("k{number:02}"), json!(number)))
        .collect();
    let xray = LocalXray::with_documents(&[
        segment(1, "shop", 0, 100)
            .merge(json!({ "annotations": { "a": true, "b": 1.5, "c": "x" } })),
        subsegment(2, 1, "part", 0, 1).merge(json!({ "annotations": { "a": 1, "c": "x" } })),
        subsegment(3, 1, "many", 2, 3).merge(json!({ "annotations": eighty_annotations })),
    ]);
    let annotations = &xray.only_summary()["Annotations"];
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
