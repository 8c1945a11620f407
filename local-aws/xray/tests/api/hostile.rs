//! Property tests: no expression, document or request makes the local X-Ray panic. The environment variable
//! `PROPTEST_CASES` sets the number of cases per test.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::local_xray::{LocalXray, longest_range, time_at, trace_id};

/// Tokens of filter expressions, and a few texts that are not tokens.
const EXPRESSION_TOKENS: [&str; 48] = [
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

fn any_expression() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(proptest::sample::select(&EXPRESSION_TOKENS[..]), 0..12)
            .prop_map(|tokens| tokens.join(" ")),
        proptest::collection::vec(proptest::sample::select(&EXPRESSION_TOKENS[..]), 0..12)
            .prop_map(|tokens| tokens.concat()),
    ]
}

/// Generates a small JSON value of any type.
fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Generates a document that is valid except that one field may have any value. The generator uses only eight
/// ids, so that documents refer to each other.
fn any_document() -> impl Strategy<Value = Value> {
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
    (ids, times, kinds, keys, any_json(), any::<bool>()).prop_map(
        |((id, parent), (start, duration), (is_subsegment, is_fault, is_in_progress, namespace), key, value, has_any_value)| {
            let mut document = json!({
                "trace_id": trace_id(), "id": format!("{id:016x}"), "name": format!("n{}", id % 3),
                "start_time": time_at(start), "end_time": time_at(start + duration), "fault": is_fault, "in_progress": is_in_progress,
                "namespace": (["aws", "remote", "local"][namespace]),
            });
            // No generated document has the id 8. If `parent` is 8, a segment gets no `parent_id`, and the
            // parent of a subsegment does not exist.
            if is_subsegment || parent < 8 {
                document["parent_id"] = json!(format!("{parent:016x}"));
            }
            if is_subsegment {
                document["type"] = json!("subsegment");
            }
            if has_any_value {
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

/// Generates a request with members of the X-Ray API. The members can have any values.
fn any_request() -> impl Strategy<Value = Value> {
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
            any_json(),
            (0_i64..4_000_000_000).prop_map(Value::from),
            any_expression().prop_map(Value::from),
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
    fn any_expression_is_evaluated_or_refused_with_a_position(expression in any_expression()) {
        let xray = LocalXray::with_documents(&crate::local_xray::like_documents());
        let mut request = longest_range();
        request["FilterExpression"] = json!(expression);
        if let Err(error) = xray.try_call("/TraceSummaries", request) {
            let error = error.to_string();
            prop_assert!(error.contains(" at position ") || error.contains("no group"), "{}", error);
        }
    }

    #[test]
    fn any_documents_are_stored_or_refused_and_every_query_succeeds(documents in proptest::collection::vec(any_document(), 0..24)) {
        let xray = LocalXray::new();
        let mut refusals = 0;
        for document in &documents {
            refusals += xray.0.put_document(&document.to_string()).len();
        }
        let status = xray.0.status();
        prop_assert_eq!(status["Taken"].as_u64().unwrap() as usize + refusals, documents.len());
        let document_count = &status["Documents"];
        prop_assert_eq!(
            document_count.as_u64().unwrap() + status["Superseded"].as_u64().unwrap(),
            status["Taken"].as_u64().unwrap()
        );
        let page = xray.call("/TraceSummaries", longest_range());
        for summary in page["TraceSummaries"].as_array().unwrap() {
            let response = xray.call("/Traces", json!({ "TraceIds": [summary["Id"]] }));
            for segment in response["Traces"][0]["Segments"].as_array().unwrap() {
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
    fn any_request_is_answered_or_refused_without_a_panic(
        path in proptest::sample::select(&[
            "/TraceSegments", "/TraceSummaries", "/Traces", "/TraceGraph", "/ServiceGraph", "/TimeSeriesServiceStatistics",
            "/CreateSamplingRule", "/UpdateSamplingRule", "/SamplingTargets", "/CreateGroup", "/UpdateGroup", "/DeleteGroup",
        ][..]),
        body in prop_oneof![any_request().prop_map(|value| value.to_string().into_bytes()), any::<Vec<u8>>()],
    ) {
        let _ = LocalXray::with_documents(&crate::local_xray::like_documents()).0.call_operation(path, &body);
    }
}
