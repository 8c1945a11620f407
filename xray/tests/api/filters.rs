//! The filter language over a fixed population: which traces each expression finds.

use serde_json::json;

use crate::world::always;

mod population;
mod refused;

use population::{assert_finds, names, population};

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
        ("annotation[a.b_c]", "cron"),
        (r#"Annotation["a.b_c"] = true"#, "cron"),
        ("annotation.deep", ""),
        ("annotation.deep = false", "cron"),
        ("annotation.Order", ""),
    ]);
}

/// The trace `cron` has 8.5 and 88 as `load`, both booleans as `done`, and a text and a number as `order`.
#[test]
fn of_several_values_one_is_enough_and_for_unequal_all_must_differ() {
    assert_finds(&[
        ("annotation.load = 88", "cron"),
        ("annotation.load < 9", "cron"),
        ("annotation.load > 80", "cron"),
        ("annotation.load != 88", ""),
        ("annotation.load != 8.5", ""),
        ("annotation.load != 7", "cron"),
        ("!annotation.load = 88", "-cron"),
        ("annotation.done", "cron"),
        ("annotation.done = true", "cron"),
        ("annotation.done = false", "cron"),
        ("annotation.done != true", ""),
        ("annotation.done != false", ""),
        ("annotation.deep != true", "cron"),
        ("annotation.deep != false", ""),
        (r#"annotation.tag != "a""#, ""),
        (r#"annotation.tag != "c""#, "cron"),
        (r#"service("cron") { annotation.load != 88 }"#, ""),
        (r#"service("cron") { annotation.load != 7 }"#, "cron"),
        (r#"service("cron") { annotation.done != false }"#, ""),
        // Values of another type than the one asked for are left out.
        ("annotation.order != 88 AND annotation.done", ""),
        ("annotation.order != 7 AND annotation.done", "cron"),
        ("annotation.load != true", ""),
        ("annotation.done != 1", ""),
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
    let default = world.ask("/GetGroup", json!({ "GroupName": "Default" }));
    let default = default["Group"]["GroupARN"].as_str().unwrap();
    for (filter, wanted) in [
        (r#"group.name = "late""#.to_owned(), "slow"),
        (
            r#"group.name = "late" AND user = "alice""#.to_owned(),
            "slow",
        ),
        (r#"group.name = "late" AND user = "bob""#.to_owned(), ""),
        (r#"group.name != "late" AND user"#.to_owned(), "guest"),
        (r#"group.name AND user"#.to_owned(), "slow guest"),
        (format!("group.arn = \"{arn}\""), "slow"),
        (
            r#"group.name = "Default" AND user"#.to_owned(),
            "slow guest",
        ),
        (r#"group.name != "Default""#.to_owned(), ""),
        (
            r#"group.name = "Default" AND group.name = "late""#.to_owned(),
            "slow",
        ),
        (format!("group.arn = \"{default}\" AND user"), "slow guest"),
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
