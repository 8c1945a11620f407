//! The filter language over a fixed population: which traces each expression finds.

use serde_json::{Value, json};

use crate::world::{With, World, always, at, trace_at};

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

fn population() -> World {
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
        "annotations": { "order": "eight", "a.b-c": true, "express": true },
        "subsegments": [{ "id": "00000000000000aa", "name": "step", "start_time": at(8000), "end_time": at(8040),
            "annotations": { "order": 88, "deep": false } }],
    })));
    documents.push(document(9, 1, "silent", 0, 3));
    World::of(&documents)
}

fn names(summaries: &[Value]) -> Vec<&'static str> {
    let mut numbers: Vec<usize> = summaries
        .iter()
        .map(|summary| summary["Id"].as_str().unwrap()[11..].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|number| NAMES[number]).collect()
}

/// Asserts which traces each expression finds; a leading `-` means all but these.
fn assert_finds(table: &[(&str, &str)]) {
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

#[test]
fn booleans_speak_of_the_root_and_of_the_whole_trace() {
    assert_finds(&[
        ("ok", "-lost broken throttled"),
        ("!ok", "lost broken throttled"),
        ("ok = false", "lost broken throttled"),
        ("ok != true", "lost broken throttled"),
        (r#"ok = "false""#, "lost broken throttled"),
        ("OK = TRUE", "-lost broken throttled"),
        ("error", "lost throttled"),
        ("throttle", "throttled"),
        ("fault", "broken"),
        ("partial", "open"),
        ("inferred", "fine slow lost broken throttled coped"),
        ("root", "-"),
    ]);
}

#[test]
fn numbers_compare() {
    assert_finds(&[
        ("responsetime > 5", "slow"),
        ("responseTime >= 6", "slow"),
        ("RESPONSETIME > 6", ""),
        ("duration <3", "-slow"),
        ("duration >= 5 AND duration <= 8", "slow"),
        ("http.status = 404", "lost"),
        ("http.status != 200", "lost broken throttled"),
        ("http.status >= 400 http.status < 500", "lost throttled"),
        ("http.status", "-guest cron silent"),
        ("!http.status", "guest cron silent"),
        ("responsetime", "-open"),
        ("responsetime < 1e-2", "silent"),
        ("responsetime > -1", "-open"),
    ]);
}

#[test]
fn texts_compare() {
    assert_finds(&[
        (r#"http.url CONTAINS "/v2/""#, "-guest cron silent"),
        (
            r#"http.url BEGINSWITH "http://api.example.com/""#,
            "-guest cron silent",
        ),
        (r#"http.url endswith "POST""#, "-guest cron silent"),
        (r#"http.url BEGINSWITH "/v2/""#, ""),
        (r#"http.url ENDSWITH "/v2/""#, ""),
        (
            r#"http.url = "http://api.example.com/v2/POST""#,
            "-guest cron silent",
        ),
        (r#"http.method != "POST""#, ""),
        (r#"http.method != "GET""#, "-guest cron silent"),
        (r#"http.method = "post""#, ""),
        (
            r#"http.useragent CONTAINS "\"Quantum\"""#,
            "-guest cron silent",
        ),
        (r#"http.clientip BEGINSWITH "203.""#, "-guest cron silent"),
        (r#"user = "alice""#, "slow"),
        (r#"user CONTAINS """#, "slow guest"),
        ("user", "slow guest"),
        (r#"user != "alice""#, "guest"),
        ("user = alice", "slow"),
        (r#"availabilityzone = "eu-central-1a""#, "guest"),
        (r#"instance.id = "i-5""#, "guest"),
        (r#"resource.arn ENDSWITH "thing""#, "guest"),
        (r#"name = "cron""#, "cron"),
        (r#"type = "AWS::EC2::Instance""#, "guest"),
        (r#"message CONTAINS "denied""#, "broken"),
    ]);
}

#[test]
fn expressions_combine() {
    assert_finds(&[
        ("error OR fault", "lost broken throttled"),
        ("error AND throttle", "throttled"),
        ("error throttle", "throttled"),
        ("fault OR error throttle", "broken throttled"),
        ("(fault OR error) throttle", "throttled"),
        ("fault or error and !throttle", "lost broken"),
        ("!(error OR fault) user", "slow guest"),
        ("!!error", "lost throttled"),
        ("ok !partial duration <3", "fine guest coped cron silent"),
        ("((((ok))))user", "slow guest"),
        ("error!throttle", "lost"),
    ]);
}

#[test]
fn annotations_are_typed_and_come_from_everywhere() {
    assert_finds(&[
        ("annotation.order = 2", "lost"),
        ("annotation.order > 5", "open coped cron"),
        (
            "annotation.order != 2",
            "fine slow broken throttled open coped cron",
        ),
        (r#"annotation.order = "eight""#, "cron"),
        (r#"annotation.order = "2""#, ""),
        ("annotation.order", "-guest silent"),
        ("!annotation.order", "guest silent"),
        ("annotation.express", "slow broken coped cron"),
        (
            "!annotation.express",
            "fine lost throttled guest open silent",
        ),
        ("annotation.express = false", "fine lost throttled open"),
        ("annotation.express != true", "fine lost throttled open"),
        (r#"annotation.country BEGINSWITH "c""#, "-guest cron silent"),
        (
            r#"annotation.country != "c1""#,
            "fine lost broken throttled open coped",
        ),
        ("annotation[order] = 88", "cron"),
        ("annotation[a.b-c]", "cron"),
        (r#"Annotation["a.b-c"] = true"#, "cron"),
        ("annotation.deep", ""),
        ("annotation.deep = false", "cron"),
        ("annotation.Order", ""),
    ]);
}

#[test]
fn services_answer_for_their_own_segments() {
    assert_finds(&[
        (r#"service("web")"#, "-guest cron silent"),
        (r#"!service("web")"#, "guest cron silent"),
        (r#"service("auth") { fault }"#, "broken"),
        (r#"service("auth") { error }"#, "coped"),
        (r#"service("auth") { http.status = 403 }"#, "coped"),
        (r#"service("auth") { !ok }"#, "broken coped"),
        (r#"!service("auth") { !ok }"#, "-broken coped"),
        ("service() { fault }", "broken"),
        (
            "service() { error OR fault }",
            "lost broken throttled coped",
        ),
        (
            r#"service("sessions")"#,
            "fine slow lost broken throttled coped",
        ),
        (r#"service("DynamoDB")"#, ""),
        (
            r#"service(id(type: "AWS::DynamoDB::Table")) { inferred }"#,
            "fine slow lost broken throttled coped",
        ),
        (
            r#"service(id(name: "web", type: "AWS::ECS::Container"))"#,
            "-guest cron silent",
        ),
        (
            r#"service(id(name: "web", type: "AWS::EC2::Instance"))"#,
            "",
        ),
        (
            r#"service(id(account.id: "111122223333"))"#,
            "fine slow lost broken throttled coped",
        ),
        (r#"service("Web")"#, ""),
        (
            r#"service("web") { root = true and fault = true }"#,
            "broken",
        ),
        (r#"service("auth") { root }"#, ""),
        (r#"service("auth") { responsetime > 5 }"#, "slow"),
        (r#"service("web") { annotation.order = 2 }"#, "lost"),
        (r#"service("auth") { annotation.order }"#, ""),
        (r#"service("cron") { annotation.order = 88 }"#, "cron"),
        (r#"service(id(type: "client"))"#, "-"),
        (
            r#"service("web") { responsetime > 1 OR error } AND http.method = "POST""#,
            "slow lost throttled",
        ),
        (
            r#"http.url BEGINSWITH "http://api.example.com/" AND http.url CONTAINS "/v2/" AND !service("auth")"#,
            "open",
        ),
    ]);
}

#[test]
fn edges_answer_for_the_callers_view() {
    assert_finds(&[
        (
            r#"edge("web", "auth")"#,
            "fine slow lost broken throttled coped",
        ),
        (r#"edge("auth", "web")"#, ""),
        (r#"edge("web", "auth") { error }"#, "coped"),
        // The caller saw 200 where the callee says 403.
        (r#"edge("web", "auth") { http.status = 403 }"#, ""),
        (r#"edge("auth", "sessions") { fault }"#, "broken"),
        (
            r#"edge("auth", id(type: "AWS::DynamoDB::Table"))"#,
            "fine slow lost broken throttled coped",
        ),
        (
            r#"edge(id(name: "web", type: "client"), "web") { error }"#,
            "lost throttled",
        ),
        (r#"edge(id(type: "client"), "auth")"#, ""),
        // The node of those who call from outside has the entry's name.
        (r#"edge("web", "web")"#, "-guest cron silent"),
        (
            r#"edge(id(name: "web", type: "AWS::ECS::Container"), "web")"#,
            "",
        ),
        (r#"!edge("web", "auth")"#, "guest open cron silent"),
    ]);
}

#[test]
fn root_causes_tell_the_way_to_the_culprit() {
    assert_finds(&[
        (r#"rootcause.fault.service { name = "auth" }"#, "broken"),
        (
            r#"rootcause.fault.service { first and name = "web" }"#,
            "broken",
        ),
        (r#"rootcause.fault.service { last and name = "web" }"#, ""),
        (
            r#"rootcause.fault.service { inferred and name = sessions and type = "AWS::DynamoDB::Table" }"#,
            "broken",
        ),
        ("rootcause.fault.service { index > 1 }", "broken"),
        ("rootcause.fault.service { index > 2 }", ""),
        (
            r#"rootcause.fault.entity { last and name = "DynamoDB" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.entity { remote and name = "auth" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.exception { last and message = "it broke" }"#,
            "broken",
        ),
        (
            r#"rootcause.fault.exception { first and message CONTAINS "access denied" and name = "deserialize" }"#,
            "broken",
        ),
        ("rootcause.fault.exception", "broken"),
        ("rootcause.fault.service", "broken"),
        ("rootcause.error.service", "lost throttled coped"),
        (r#"rootcause.error.service { name = "auth" }"#, "coped"),
        ("rootcause.responsetime.service", "-open"),
        (
            r#"rootcause.responsetime.entity { remote and coverage > 0.7 and name = "auth" }"#,
            "fine slow lost broken throttled coped",
        ),
        (
            r#"rootcause.responsetime.entity { last and coverage = 1 }"#,
            "guest silent",
        ),
        (
            r#"rootcause.responsetime.service { last and type = "AWS::DynamoDB::Table" }"#,
            "",
        ),
        ("!rootcause.fault.service error", "lost throttled"),
    ]);
}

#[test]
fn root_causes_are_found_by_their_json() {
    let world = population();
    let summary = world.summaries("fault").remove(0);
    let whole = json!([summary["FaultRootCauses"][0]]);
    let table = [
        (whole.to_string(), "broken"),
        (r#"[{"Services": [{"Name": "web"}, {"Name": "auth"}, {"Name": "sessions"}]}]"#.into(), "broken"),
        (r#"[{"Services": [{"Name": "web"}, {"Name": "auth"}]}]"#.into(), "fine slow lost broken throttled coped"),
        (r#"[{"Services": [{"Name": "silent", "EntityPath": [{"Name": "silent", "Coverage": 1}]}]}]"#.into(), "silent"),
        (r#"[{"ClientImpacting": false}]"#.into(), "coped"),
        (r#"[{"ClientImpacting": false}, {"Services": [{"Name": "nobody"}]}]"#.into(), ""),
        (r#"[{"Colour": "red"}]"#.into(), ""),
    ];
    for (pattern, wanted) in table {
        let filter = format!("rootcause.json = #{pattern}");
        assert_eq!(
            names(&world.summaries(&filter)).join(" "),
            wanted,
            "{filter}"
        );
        let both = format!("{filter} AND service(\"web\")");
        let found = names(&world.summaries(&both)).join(" ");
        assert_eq!(
            found,
            if wanted == "silent" { "" } else { wanted },
            "{both}"
        );
    }
}

#[test]
fn groups_are_named_in_filters() {
    let world = population();
    let group = json!({ "GroupName": "late", "FilterExpression": "responsetime > 3" });
    let arn = world.ask("/CreateGroup", group)["Group"]["GroupARN"]
        .as_str()
        .unwrap()
        .to_owned();
    for (filter, wanted) in [
        (r#"group.name = "late""#.to_owned(), "slow"),
        (
            r#"group.name = "late" AND user = "alice""#.to_owned(),
            "slow",
        ),
        (r#"group.name = "late" AND user = "bob""#.to_owned(), ""),
        (r#"group.name != "late" AND user"#.to_owned(), ""),
        (r#"!group.name AND user"#.to_owned(), "guest"),
        (format!("group.arn = \"{arn}\""), "slow"),
    ] {
        assert_eq!(
            names(&world.summaries(&filter)).join(" "),
            wanted,
            "{filter}"
        );
    }
    let mut request = always();
    request["FilterExpression"] = json!(r#"ok OR group.name = "early""#);
    assert_eq!(
        world.error("/TraceSummaries", request),
        "There is no group \"early\""
    );
    let nested = json!({ "GroupName": "nested", "FilterExpression": r#"group.name = "late""# });
    assert_eq!(
        world.error("/CreateGroup", nested),
        "A group's expression cannot name groups"
    );
}

/// The guide's own examples that the tables above do not have: they are read, whatever they find.
#[test]
fn all_examples_of_the_guide_are_read() {
    let world = population();
    for filter in [
        r#"rootcause.fault.entity { last and name = "deserialize" }"#,
        r#"rootcause.responsetime.entity { remote and coverage > 0.7 and name = "traces" }"#,
        r#"rootcause.fault.service { inferred and name = traces and type = "AWS::DynamoDB" }"#,
        r#"service("data-plane") {root = true and fault = true}"#,
        "rootcause.fault.service { index > 5 }",
        "rootcause.responsetime.entity { last and coverage > 0.8 }",
        r#"http.url CONTAINS "/api/game/""#,
        r#"rootcause.responsetime.service { last and type = "AWS::DynamoDB" }"#,
        r#"rootcause.fault.exception { last and message = "Access Denied for account_id: 1234567890" }"#,
        r#"service("api.example.com") { fault }"#,
        r#"edge("api.example.com", "backend.example.com") { error }"#,
        "http.url AND responseTime > 2",
        r#"annotation.gameid = "817DL6VO""#,
        "annotation.age > 29",
        r#"rootcause.json = #[{ "Services": [ { "Name": "GetWeatherData", "EntityPath": [{ "Name": "GetWeatherData" }, { "Name": "get_temperature" } ] }, { "Name": "GetTemperature", "EntityPath": [ { "Name": "GetTemperature" } ] } ] }]"#,
        r#"service(id(name: "service-name", type:"service::type")) { error }"#,
        r#"edge(id(name: "service-one", type:"service::type"), id(name: "service-two", type:"service::type")) { error }"#,
        r#"edge(id(name: "www", type: "client::Synthetics"), id(name: "www", type: "AWS::ElasticBeanstalk::Environment"))"#,
        r#"id(name: "n")"#,
    ] {
        // The last one is a selector of nodes, and no filter by itself.
        if filter.starts_with("id(") {
            let mut request = always();
            request["FilterExpression"] = json!(filter);
            assert!(
                world
                    .error("/TraceSummaries", request)
                    .contains("position 1")
            );
        } else {
            world.summaries(filter);
        }
    }
}

#[test]
fn what_cannot_be_read_says_where_and_why_and_finds_nothing() {
    let world = population();
    for (filter, message, position) in [
        ("", "a keyword is expected, not the end", 1),
        ("  ", "a keyword is expected, not the end", 3),
        ("foo", "'foo' is no keyword", 1),
        ("ok and", "a keyword is expected, not the end", 7),
        ("ok or or error", "a keyword is expected, not 'or'", 7),
        ("ok)", "AND, OR or the end is expected, not ')'", 3),
        ("(ok", "')' is expected, not the end", 4),
        ("ok = 1", "ok is true or false", 4),
        (
            "ok > true",
            "ok is true or false, and compares by = and != alone",
            4,
        ),
        (
            "duration > \"x\"",
            "duration compares with a number by = != < <= > >=",
            10,
        ),
        (
            "duration CONTAINS 1",
            "duration compares with a number by = != < <= > >=",
            10,
        ),
        ("http.status = 4o4", "'4o4' is not a number", 15),
        (
            "http.url > \"a\"",
            "http.url compares with a text by = != CONTAINS BEGINSWITH ENDSWITH",
            10,
        ),
        (
            "http.url = 7",
            "http.url compares with a text by = != CONTAINS BEGINSWITH ENDSWITH",
            10,
        ),
        (
            "annotation.a > true",
            "this operator does not compare values of this type",
            14,
        ),
        ("annotation. = 1", "the annotation's key is missing", 1),
        ("annotation[] = 1", "the annotation's key is missing", 11),
        ("annotation[a = 1", "this bracket is not closed", 11),
        ("user = \"x", "this text has no closing quotation mark", 8),
        ("user ~ \"ü\"", "'~' has no meaning here", 6),
        ("user = \"ü\" ?", "'?' has no meaning here", 12),
        ("user = ", "a value is expected, not the end", 8),
        ("user = and", "a value is expected, not 'and'", 8),
        (
            "service(web)",
            "a name in quotation marks or id() is expected, not 'web'",
            9,
        ),
        ("service(\"a\", \"b\")", "')' is expected, not ','", 12),
        ("service(\"a\") {", "a keyword is expected, not the end", 15),
        ("service(\"a\") {}", "a keyword is expected, not '}'", 15),
        ("service(\"a\") { ok", "'}' is expected, not the end", 18),
        (
            "service(\"a\") { service(\"b\") }",
            "service() cannot stand in braces",
            16,
        ),
        (
            "service(\"a\") { group.name = \"g\" }",
            "'group.name' cannot be asked here",
            16,
        ),
        (
            "service(id(colour: \"red\"))",
            "name:, type: or account.id: is expected, not 'colour'",
            12,
        ),
        (
            "service(id(name: \"a\", name: \"b\"))",
            "this is said already",
            23,
        ),
        (
            "service(id(name: \"a\" type: \"b\"))",
            "',' or ')' is expected, not 'type'",
            22,
        ),
        ("edge(\"a\")", "',' is expected, not ')'", 9),
        (
            "edge()",
            "a name in quotation marks or id() is expected, not ')'",
            6,
        ),
        ("first", "'first' cannot be asked here", 1),
        (
            "rootcause.fault.service { coverage > 1 }",
            "'coverage' cannot be asked here",
            27,
        ),
        (
            "rootcause.fault.entity { coverage > 1 }",
            "'coverage' cannot be asked here",
            26,
        ),
        (
            "rootcause.fault.service { annotation.a }",
            "root causes have no annotations",
            27,
        ),
        (
            "rootcause.responsetime.exception",
            "'rootcause.responsetime.exception' is no root cause",
            1,
        ),
        ("rootcause.fault", "'rootcause.fault' is no root cause", 1),
        ("rootcause.json", "'=' is expected, not the end", 15),
        (
            "rootcause.json = \"x\"",
            "'#' and JSON is expected, not a text",
            18,
        ),
        (
            "rootcause.json = #{}",
            "after '#', an array of objects is expected",
            18,
        ),
        (
            "rootcause.json = #[{]",
            "after '#', key must be a string",
            21,
        ),
        ("rootcause.json = #", "after '#', JSON is expected", 18),
        (
            "rootcause.fault.exception { last and message = \"Access Denied\" ",
            "'}' is expected, not the end",
            64,
        ),
    ] {
        let mut request = always();
        request["FilterExpression"] = json!(filter);
        let error = world.error("/TraceSummaries", request);
        let wanted = format!("Invalid filter expression: {message}");
        assert!(error.starts_with(&wanted), "{filter}: {error}");
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{filter}: {error}"
        );
    }
}

#[test]
fn brackets_without_end_are_refused_and_kill_nobody() {
    let world = population();
    for (filter, position) in [
        ("(".repeat(20_000), 101),
        ("!".repeat(20_000), 101),
        ("service(){".repeat(2_000), 11),
        (format!("rootcause.json = #{}", "[".repeat(20_000)), 146),
    ] {
        let mut request = always();
        request["FilterExpression"] = json!(filter);
        let error = world.error("/TraceSummaries", request);
        assert!(
            error.ends_with(&format!("at position {position}")),
            "{error}"
        );
    }
    let many = vec!["ok"; 15_000].join(" OR ");
    assert!(
        !world
            .summaries(&many[..many.len().min(65_000) / 6 * 6 + 2])
            .is_empty()
    );
    let mut request = always();
    request["FilterExpression"] = json!("ok ".repeat(30_000));
    assert!(
        world
            .error("/TraceSummaries", request)
            .contains("longer than")
    );
}
