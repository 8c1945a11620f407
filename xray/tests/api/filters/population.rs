//! Ten traces that filters are tried on.

use serde_json::{Value, json};

use crate::world::{With, World, at, trace_at};

/// Names of the traces, by the number in their ids.
const NAMES: [&str; 10] = [
    "fine",
    "slow",
    "lost",
    "broken",
    "throttled",
    "guest",
    "open",
    "coped",
    "cron",
    "silent",
];

fn document(number: u32, id: u64, name: &str, from: u32, to: u32) -> Value {
    json!({
        "trace_id": trace_at(number, number), "id": format!("{id:016x}"), "name": name,
        "start_time": at(1000 * number + from), "end_time": at(1000 * number + to),
    })
}

fn below(parent: u64) -> Value {
    json!({ "parent_id": format!("{parent:016x}") })
}

fn http(method: &str, status: u32) -> Value {
    json!({
        "request": {
            "method": method, "url": format!("http://api.example.com/v2/{method}"),
            "user_agent": "Firefox \"Quantum\"", "client_ip": "203.0.113.7",
        },
        "response": { "status": status },
    })
}

/// A request to "web" that calls "auth", which asks a table.
fn request(number: u32, took: u32, status: u32, flags: Value) -> Vec<Value> {
    let web = document(number, 1, "web", 0, took).with(json!({
        "origin": "AWS::ECS::Container", "http": http("POST", status),
        "annotations": { "order": number, "express": number % 2 == 1, "country": format!("c{number}") },
    }));
    vec![
        web.with(flags),
        document(number, 2, "auth", 10, took - 10).with(below(1)).with(json!({
            "type": "subsegment", "namespace": "remote", "http": http("GET", 200),
        })),
        document(number, 3, "auth", 20, took - 20).with(below(2)).with(json!({ "http": http("GET", 200) })),
        document(number, 4, "DynamoDB", 30, 40).with(below(3)).with(json!({
            "type": "subsegment", "namespace": "aws", "http": { "response": { "status": 200 } },
            "aws": { "table_name": "sessions", "operation": "GetItem", "account_id": "111122223333" },
        })),
    ]
}

pub fn population() -> World {
    let thrown = json!({ "exceptions": [
        { "id": "00000000000000e1", "type": "deserialize", "message": "access denied for account_id: 1234567890" },
        { "id": "00000000000000e2", "type": "io", "message": "it broke" },
    ]});
    let mut documents = Vec::new();
    documents.extend(request(0, 100, 200, json!({})));
    documents.extend(request(1, 6000, 200, json!({ "user": "alice" })));
    documents.extend(request(2, 100, 404, json!({ "error": true })));
    // The table fails, and everything above it.
    let mut broken = request(3, 100, 500, json!({ "fault": true, "cause": thrown }));
    for document in &mut broken[1..] {
        document["fault"] = json!(true);
    }
    broken[3]["cause"] = thrown;
    documents.extend(broken);
    documents.extend(request(
        4,
        100,
        429,
        json!({ "error": true, "throttle": true }),
    ));
    // No call, no annotation.
    documents.push(document(5, 1, "guest", 0, 50).with(json!({
        "origin": "AWS::EC2::Instance", "user": "bob", "resource_arn": "arn:aws:thing",
        "aws": { "ec2": { "availability_zone": "eu-central-1a", "instance_id": "i-5" } },
    })));
    let mut open = request(
        6,
        100,
        200,
        json!({ "in_progress": true, "end_time": null }),
    );
    open.truncate(1);
    documents.extend(open);
    // Its call failed, and the client was not told.
    let mut coped = request(7, 100, 200, json!({}));
    coped[1]["error"] = json!(true);
    coped[2]["error"] = json!(true);
    coped[2]["http"] = http("GET", 403);
    documents.extend(coped);
    documents.push(document(8, 1, "cron", 0, 50).with(json!({
        "annotations": { "order": "eight", "a.b_c": true, "express": true, "load": 8.5, "done": true, "tag": "a" },
        "subsegments": [{ "id": "00000000000000aa", "name": "step", "start_time": at(8000), "end_time": at(8040),
            "annotations": { "order": 88, "deep": false, "load": 88, "done": false, "tag": "b" } }],
    })));
    documents.push(document(9, 1, "silent", 0, 3));
    World::of(&documents)
}

pub fn names(summaries: &[Value]) -> Vec<&'static str> {
    let mut numbers: Vec<usize> = summaries
        .iter()
        .map(|summary| summary["Id"].as_str().unwrap()[11..].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| NAMES[number]).collect()
}

/// Asserts which traces each expression finds; a leading `-` means all but these.
pub fn assert_finds(table: &[(&str, &str)]) {
    let world = population();
    for (filter, wanted) in table {
        let found = names(&world.summaries(filter)).join(" ");
        let wanted = match wanted.strip_prefix('-') {
            None => (*wanted).to_owned(),
            Some(without) => {
                let without: Vec<_> = without.split_whitespace().collect();
                let others = NAMES.iter().filter(|name| !without.contains(name));
                others.copied().collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(found, wanted, "{filter}");
    }
}
