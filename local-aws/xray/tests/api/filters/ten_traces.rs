//! A local X-Ray with ten traces for the tests of filters.

use serde_json::{Value, json};

use crate::local_xray::{LocalXray, Merge, child_of, time_at, trace_id_at};

/// Names of the ten traces. The index of a name in the array is the number in the trace id.
const TRACE_NAMES: [&str; 10] = [
    "fine",
    "slow",
    "missing",
    "broken",
    "throttled",
    "guest",
    "unfinished",
    "handled",
    "cron",
    "minimal",
];

/// Returns a segment of the trace with the given number. `start` and `end` are milliseconds after the start
/// of the trace.
fn numbered_trace_segment(number: u32, id: u64, name: &str, start: u32, end: u32) -> Value {
    json!({
        "trace_id": trace_id_at(number, number), "id": format!("{id:016x}"), "name": name,
        "start_time": time_at(1000 * number + start), "end_time": time_at(1000 * number + end),
    })
}

fn http_block(method: &str, status: u32) -> Value {
    json!({
        "request": {
            "method": method, "url": format!("http://api.example.com/v2/{method}"),
            "user_agent": "Firefox \"Quantum\"", "client_ip": "203.0.113.7",
        },
        "response": { "status": status },
    })
}

/// Returns the documents of a request to the service `web`. `web` calls the service `auth`, and `auth` calls
/// a table. The function adds `members` to the segment of `web`.
fn request_documents(number: u32, duration: u32, status: u32, members: Value) -> Vec<Value> {
    let web_segment = numbered_trace_segment(number, 1, "web", 0, duration).merge(json!({
        "origin": "AWS::ECS::Container", "http": http_block("POST", status),
        "annotations": { "order": number, "express": number % 2 == 1, "country": format!("c{number}") },
    }));
    vec![
        web_segment.merge(members),
        numbered_trace_segment(number, 2, "auth", 10, duration - 10).merge(child_of(1)).merge(json!({
            "type": "subsegment", "namespace": "remote", "http": http_block("GET", 200),
        })),
        numbered_trace_segment(number, 3, "auth", 20, duration - 20).merge(child_of(2)).merge(json!({ "http": http_block("GET", 200) })),
        numbered_trace_segment(number, 4, "DynamoDB", 30, 40).merge(child_of(3)).merge(json!({
            "type": "subsegment", "namespace": "aws", "http": { "response": { "status": 200 } },
            "aws": { "table_name": "sessions", "operation": "GetItem", "account_id": "111122223333" },
        })),
    ]
}

/// Returns a local X-Ray that contains the ten traces.
pub fn xray_with_ten_traces() -> LocalXray {
    let cause = json!({ "exceptions": [
        { "id": "00000000000000e1", "type": "deserialize", "message": "access denied for account_id: 1234567890" },
        { "id": "00000000000000e2", "type": "io", "message": "it broke" },
    ]});
    let mut documents = Vec::new();
    documents.extend(request_documents(0, 100, 200, json!({})));
    documents.extend(request_documents(1, 6000, 200, json!({ "user": "alice" })));
    documents.extend(request_documents(2, 100, 404, json!({ "error": true })));
    // In the trace `broken`, the table `sessions` and all callers of the table fail.
    let mut failed_request =
        request_documents(3, 100, 500, json!({ "fault": true, "cause": cause }));
    for document in &mut failed_request[1..] {
        document["fault"] = json!(true);
    }
    failed_request[3]["cause"] = cause;
    documents.extend(failed_request);
    documents.extend(request_documents(
        4,
        100,
        429,
        json!({ "error": true, "throttle": true }),
    ));
    // The trace `guest` consists of one segment without calls and annotations.
    documents.push(numbered_trace_segment(5, 1, "guest", 0, 50).merge(json!({
        "origin": "AWS::EC2::Instance", "user": "bob", "resource_arn": "arn:aws:thing",
        "aws": { "ec2": { "availability_zone": "eu-central-1a", "instance_id": "i-5" } },
    })));
    let mut request_in_progress = request_documents(
        6,
        100,
        200,
        json!({ "in_progress": true, "end_time": null }),
    );
    request_in_progress.truncate(1);
    documents.extend(request_in_progress);
    // In the trace `handled`, the call of the service `auth` fails, but the request succeeds.
    let mut request_with_handled_error = request_documents(7, 100, 200, json!({}));
    request_with_handled_error[1]["error"] = json!(true);
    request_with_handled_error[2]["error"] = json!(true);
    request_with_handled_error[2]["http"] = http_block("GET", 403);
    documents.extend(request_with_handled_error);
    documents.push(numbered_trace_segment(8, 1, "cron", 0, 50).merge(json!({
        "annotations": { "order": "eight", "a.b_c": true, "express": true, "load": 8.5, "done": true, "tag": "a" },
        "subsegments": [{ "id": "00000000000000aa", "name": "step", "start_time": time_at(8000), "end_time": time_at(8040),
            "annotations": { "order": 88, "deep": false, "load": 88, "done": false, "tag": "b" } }],
    })));
    documents.push(numbered_trace_segment(9, 1, "minimal", 0, 3));
    LocalXray::with_documents(&documents)
}

/// Returns the names of the traces that the summaries describe.
pub fn trace_names(summaries: &[Value]) -> Vec<&'static str> {
    let mut numbers: Vec<usize> = summaries
        .iter()
        .map(|summary| summary["Id"].as_str().unwrap()[11..].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers
        .into_iter()
        .map(|number| TRACE_NAMES[number])
        .collect()
}

/// Asserts which traces each expression finds. If the list of trace names begins with `-`, the expression
/// must find all traces except the named traces.
pub fn assert_finds(cases: &[(&str, &str)]) {
    let xray = xray_with_ten_traces();
    for (filter, expected) in cases {
        let found_traces = trace_names(&xray.summaries(filter)).join(" ");
        let expected = match expected.strip_prefix('-') {
            None => (*expected).to_owned(),
            Some(excluded) => {
                let excluded: Vec<_> = excluded.split_whitespace().collect();
                let expected_names = TRACE_NAMES.iter().filter(|name| !excluded.contains(name));
                expected_names.copied().collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(found_traces, expected, "{filter}");
    }
}
