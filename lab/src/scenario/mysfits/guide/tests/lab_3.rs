//! Lab 3: traces and sampling.

use super::super::super::words::FILTER;
use super::super::traces::LIKES;
use super::*;

#[test]
fn lab_3_wants_the_sidecar_in_use() {
    let traced = || {
        (
            USED,
            "/taskDefinition/containerDefinitions/0/environment/8/value",
            json!("on"),
        )
    };
    assert_eq!(missing("3.1", &[traced()]), DONE);
    assert_eq!(
        missing("3.1", &[]),
        ["TRACE_HEALTH_CHECKS is off in revision 1; this step wants on."]
    );
    let without = json!([{ "name": "like-service" }]);
    assert_eq!(
        missing("3.1", &[(USED, CONTAINERS, without)]),
        [
            "The service uses revision 1, which has like-service; this step wants x-ray-daemon with the UDP port 2000.",
            "TRACE_HEALTH_CHECKS is not set in revision 1; this step wants on.",
        ]
    );
    let tcp = (
        USED,
        "/taskDefinition/containerDefinitions/1/portMappings/0/protocol",
        json!("tcp"),
    );
    assert_eq!(
        missing("3.1", &[tcp, traced()]),
        ["The container x-ray-daemon in revision 1 has no port mapping of the UDP port 2000."]
    );
}

#[test]
fn lab_3_wants_a_node_and_an_edge_of_the_like_service_itself() {
    assert_eq!(missing("3.2", &[]), DONE);
    assert_eq!(missing("3.4", &[]), DONE);
    let services = recorded().responses["xray get-service-graph"]["Services"].clone();
    let index = |is_wanted: fn(&Value) -> bool| {
        services
            .as_array()
            .unwrap()
            .iter()
            .position(is_wanted)
            .unwrap()
    };
    let node = index(|it| it["Name"] == "like service" && it["Type"] != "client");
    // Only its clients remain.
    let node_type = format!("/Services/{node}/Type");
    let client = ("get-service-graph", node_type.as_str(), json!("client"));
    let nothing = [
        "In the last 15 minutes, X-Ray got traces of MysfitsTable, client and monolith; this step wants like service. Click some \
         hearts, and check again in a few seconds.",
    ];
    assert_eq!(missing("3.2", from_ref(&client)), nothing);
    assert_eq!(missing("3.4", &[client]), nothing);
    let edges = format!("/Services/{node}/Edges");
    assert_eq!(
        missing("3.4", &[("get-service-graph", &edges, json!([]))]),
        ["like service has edges to nothing; this step wants monolith."]
    );
    // The monolith has begun traces of its own: X-Ray has no segment of it in those of the Like service.
    let others = services.as_array().unwrap().len();
    let mut with_remote = services.clone();
    with_remote.as_array_mut().unwrap().push(json!({
        "ReferenceId": others, "Name": "monolith", "Type": "remote", "Edges": [],
    }));
    let graph = |edges: &[usize]| {
        let mut services = with_remote.clone();
        services[node]["Edges"] = edges
            .iter()
            .map(|id| json!({ "ReferenceId": id }))
            .collect();
        missing("3.4", &[("get-service-graph", "/Services", services)])
    };
    assert_eq!(
        graph(&[others]),
        [
            "like service calls monolith, but the segments of monolith are in other traces; this step wants them in the same trace. \
             Pass the trace context in the headers of the call."
        ]
    );
    // The calls of health checks remain remote.
    let monolith = services[node]["Edges"][0]["ReferenceId"].as_u64().unwrap() as usize;
    assert_eq!(graph(&[others, monolith]), DONE);
}

#[test]
fn lab_3_wants_a_group_that_finds_the_same_traces() {
    let group = |name: &str, filter: &str| json!({ "GroupName": name, "FilterExpression": filter });
    let default = group("Default", "");
    let groups = |groups: Value| ("get-groups", "/Groups", groups);
    assert_eq!(missing("3.3", &[]), DONE);
    assert_eq!(
        missing("3.3", &[groups(json!([default]))]),
        ["There is no group besides Default; this step wants one."]
    );
    // The likes, of which not all are slow or failed.
    let likes = (LIKES, "/TraceSummaries", json!([{ "Id": "1-0-1" }]));
    let all = ("all-traces", "/TraceSummaries", json!([{ "Id": "1-0-0" }]));
    let number = recorded().responses["xray get-trace-summaries"]["TraceSummaries"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(
        missing(
            "3.3",
            &[
                groups(json!([default, group("mine", "all-traces")])),
                all.clone(),
                likes.clone()
            ]
        ),
        [format!(
            "The group mine finds 1 trace of the last 30 minutes, among them 0 of the {number} slow or failed likes; this step wants \
             exactly the slow and failed likes."
        )]
    );
    // One of several groups is enough.
    let several = groups(json!([
        group("mine", "all-traces"),
        group("other", "same results")
    ]));
    assert_eq!(missing("3.3", &[several, all, likes]), DONE);
    // All likes are slow or failed: only a group with the same expression is certain.
    assert_eq!(
        missing("3.3", &[groups(json!([group("mine", "same results")]))]),
        [
            "All likes of the last 30 minutes are slow or failed, so that a group of these cannot be told from a group of all likes. \
             Click more hearts, and check again in 10 s."
        ]
    );
    let same = FILTER.replace(" AND ", "  AND ");
    assert_eq!(
        missing("3.3", &[groups(json!([group("mine", &same)]))]),
        DONE
    );
    assert_eq!(
        missing(
            "3.3",
            &[("get-trace-summaries", "/TraceSummaries", json!([]))]
        ),
        [
            "X-Ray has no slow or failed likes of the last 30 minutes. Click some hearts, and check again in 10 s."
        ]
    );
}

#[test]
fn lab_3_wants_a_sampling_rule_that_keeps_a_part_of_the_likes() {
    let rule = "/SamplingRuleRecords/1/SamplingRule";
    let changed = |member: &str, value: Value| {
        let member = format!("{rule}/{member}");
        missing("3.5", &[("get-sampling-rules", &member, value)])
    };
    assert_eq!(missing("3.5", &[]), DONE);
    assert_eq!(
        changed("RuleName", json!("Default")),
        ["The only sampling rule is Default; this step wants one for likes."]
    );
    assert_eq!(
        changed("FixedRate", json!(1.0)),
        [
            "LikesRule has the fixed rate 1; this step wants less than 1, so that not all likes are kept."
        ]
    );
    assert_eq!(
        changed("ReservoirSize", json!(0)),
        ["LikesRule has the reservoir size 0; this step wants at least 1."]
    );
    for (member, pattern, wanted) in [
        ("URLPath", "/mysfits", "/mysfits/*/like"),
        ("HTTPMethod", "GET", "POST"),
        ("ServiceName", "monolith", "like service"),
    ] {
        let found = format!(
            "LikesRule has the {member} {pattern}, which does not match likes; this step wants {wanted}."
        );
        assert_eq!(changed(member, json!(pattern)), [found]);
        assert_eq!(changed(member, json!(wanted)), DONE);
    }
    assert_eq!(changed("HTTPMethod", json!("post")), DONE);
    assert_eq!(
        changed("Host", json!("shop.example.com")),
        ["LikesRule has the Host shop.example.com; this step wants *."]
    );
    let reported = |requests: u32, sampled: u32| {
        let summaries = json!([
            { "RuleName": "LikesRule", "RequestCount": requests - 1, "SampledCount": sampled },
            { "RuleName": "LikesRule", "RequestCount": 1, "SampledCount": 0 },
            { "RuleName": "Default", "RequestCount": 99, "SampledCount": 9 },
        ]);
        missing(
            "3.6",
            &[(
                "statistic-summaries",
                "/SamplingStatisticSummaries",
                summaries,
            )],
        )
    };
    assert_eq!(reported(20, 3), DONE);
    let wanted = "this step wants at least 20 requests, of which some but not all are sampled. Send more likes per second than the \
                  reservoir holds.";
    for (requests, sampled) in [(19, 3), (25, 25), (25, 0)] {
        let found = format!("LikesRule: {requests} requests, {sampled} sampled; {wanted}");
        assert_eq!(reported(requests, sampled), [found]);
    }
    assert_eq!(
        missing(
            "3.6",
            &[(
                "statistic-summaries",
                "/SamplingStatisticSummaries",
                json!([])
            )]
        ),
        ["The services have not reported on LikesRule yet. Send load, and wait 10 s."]
    );
}
