//! Whatever is sent and asked: an answer, and never a panic. `PROPTEST_CASES` makes it look longer.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::local_xray::{LocalXray, longest_range, time_at, trace_id};

/// Words that expressions are made of, and some that they are not.
const WORDS: [&str; 48] = [
    "ok",
    "error",
    "!",
    "(",
    ")",
    "{",
    "}",
    ",",
    ":",
    "AND",
    "or",
    "=",
    "!=",
    "<",
    ">=",
    "CONTAINS",
    "BEGINSWITH",
    "service(",
    "service(\"a\")",
    "edge(\"a\", \"b\")",
    "id(",
    "id(name: \"a\")",
    "type:",
    "\"a\"",
    "\"",
    "\\",
    "1.5",
    "-",
    "annotation.a",
    "annotation[",
    "]",
    "group.name",
    "rootcause.fault.entity",
    "rootcause.responsetime.entity",
    "rootcause.json",
    "= #",
    "[{}]",
    "#[{\"Services\":[]}]",
    "first",
    "coverage",
    "responsetime",
    "http.url",
    "user",
    "true",
    "é",
    "\u{0}",
    "\u{1F600}",
    "partial",
];

fn expressions() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..12)
            .prop_map(|words| words.join(" ")),
        proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..12)
            .prop_map(|words| words.concat()),
    ]
}

/// Any JSON, mostly small.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Documents that are nearly right: few ids, so that they meet, and one part that may be anything.
fn documents() -> impl Strategy<Value = Value> {
    let keys = proptest::sample::select(
        &[
            "id",
            "parent_id",
            "name",
            "type",
            "start_time",
            "end_time",
            "in_progress",
            "http",
            "aws",
            "sql",
            "cause",
            "annotations",
            "metadata",
            "subsegments",
            "error",
            "namespace",
            "origin",
            "user",
            "inferred",
            "trace_id",
        ][..],
    );
    let ids = (0_u64..8, 0_u64..9);
    let times = (0_u32..100, 0_u32..100);
    let kinds = (any::<bool>(), any::<bool>(), any::<bool>(), 0_usize..3);
    (ids, times, kinds, keys, values(), any::<bool>()).prop_map(
        |((id, parent), (from, took), (is_part, is_error, is_open, namespace), key, value, is_odd)| {
            let mut document = json!({
                "trace_id": trace_id(), "id": format!("{id:016x}"), "name": format!("n{}", id % 3),
                "start_time": time_at(from), "end_time": time_at(from + took), "fault": is_error, "in_progress": is_open,
                "namespace": (["aws", "remote", "local"][namespace]),
            });
            // Eight is nobody.
            if is_part || parent < 8 {
                document["parent_id"] = json!(format!("{parent:016x}"));
            }
            if is_part {
                document["type"] = json!("subsegment");
            }
            if is_odd {
                document[key] = value;
            }
            document
        },
    )
}

const FILTERS: [&str; 8] = [
    "service(){fault}",
    "edge(\"n0\", \"n1\") { !ok }",
    "rootcause.fault.entity { last remote }",
    "rootcause.responsetime.entity { coverage > 0.5 }",
    "annotation.a OR user CONTAINS \"\"",
    "message CONTAINS \"\"",
    "rootcause.json = #[{\"Services\":[{}]}]",
    "!inferred partial",
];

/// Requests with the names that operations read, and values that they may not expect.
fn requests() -> impl Strategy<Value = Value> {
    let keys = proptest::sample::select(
        &[
            "StartTime",
            "EndTime",
            "TimeRangeType",
            "Sampling",
            "SamplingStrategy",
            "Name",
            "Value",
            "FilterExpression",
            "NextToken",
            "TraceIds",
            "GroupName",
            "GroupARN",
            "EntitySelectorExpression",
            "Period",
            "SamplingRule",
            "SamplingRuleUpdate",
            "RuleName",
            "RuleARN",
            "Priority",
            "FixedRate",
            "ReservoirSize",
            "SamplingStatisticsDocuments",
            "TraceSegmentDocuments",
            "InsightsConfiguration",
        ][..],
    );
    let values = || {
        prop_oneof![
            values(),
            (0_i64..4_000_000_000).prop_map(Value::from),
            expressions().prop_map(Value::from),
            Just(json!([trace_id(), "{}", "[]"])),
        ]
    };
    let object = move || proptest::collection::hash_map(keys.clone(), values(), 0..5);
    (object(), proptest::option::of(object()), any::<bool>()).prop_map(
        |(pairs, rule, has_range)| {
            let mut request: Value = pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect();
            if let Some(rule) = rule {
                request["SamplingRule"] = rule
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect();
            }
            if has_range {
                request["StartTime"] = json!(0);
                request["EndTime"] = json!(4_000_000_000_u32);
            }
            request
        },
    )
}

proptest! {
    #[test]
    fn any_expression_is_answered_or_refused(text in expressions()) {
        let xray = LocalXray::with_documents(&crate::local_xray::like_documents());
        let mut request = longest_range();
        request["FilterExpression"] = json!(text);
        if let Err(error) = xray.try_call("/TraceSummaries", request) {
            let error = error.to_string();
            prop_assert!(error.contains(" at position ") || error.contains("no group"), "{}", error);
        }
    }

    #[test]
    fn any_documents_are_taken_or_refused_and_answered(documents in proptest::collection::vec(documents(), 0..24)) {
        let xray = LocalXray::new();
        let mut refused = 0;
        for document in &documents {
            refused += xray.0.put_document(&document.to_string()).len();
        }
        let status = xray.0.status();
        prop_assert_eq!(status["Taken"].as_u64().unwrap() as usize + refused, documents.len());
        let taken = &status["Documents"];
        prop_assert_eq!(
            taken.as_u64().unwrap() + status["Superseded"].as_u64().unwrap(),
            status["Taken"].as_u64().unwrap()
        );
        let all = xray.call("/TraceSummaries", longest_range());
        for summary in all["TraceSummaries"].as_array().unwrap() {
            let answer = xray.call("/Traces", json!({ "TraceIds": [summary["Id"]] }));
            for segment in answer["Traces"][0]["Segments"].as_array().unwrap() {
                let document: Value = serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
                prop_assert_eq!(&document["id"], &segment["Id"]);
            }
        }
        let graph = xray.service_graph();
        for edge in graph.iter().flat_map(|node| node["Edges"].as_array().unwrap()) {
            prop_assert!((edge["ReferenceId"].as_u64().unwrap() as usize) < graph.len());
        }
        xray.call("/TimeSeriesServiceStatistics", json!({ "StartTime": time_at(0), "EndTime": time_at(90_000) }));
        for filter in FILTERS {
            xray.summaries(filter);
        }
    }

    #[test]
    fn any_request_is_answered_or_refused(
        path in proptest::sample::select(&[
            "/TraceSegments", "/TraceSummaries", "/Traces", "/TraceGraph", "/ServiceGraph", "/TimeSeriesServiceStatistics",
            "/CreateSamplingRule", "/UpdateSamplingRule", "/SamplingTargets", "/CreateGroup", "/UpdateGroup", "/DeleteGroup",
        ][..]),
        body in prop_oneof![requests().prop_map(|value| value.to_string().into_bytes()), any::<Vec<u8>>()],
    ) {
        let _ = LocalXray::with_documents(&crate::local_xray::like_documents()).0.call_operation(path, &body);
    }
}
