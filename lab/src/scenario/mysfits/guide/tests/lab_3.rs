//! Lab 3: traces and sampling.

use super::*;

#[test]
fn lab_3_wants_the_sidecar_in_use() {
    assert_eq!(missing("3.1", &[]), DONE);
    let without = json!([{ "name": "like-service" }]);
    assert_eq!(
        missing("3.1", &[(USED, CONTAINERS, without)]),
        [
            "The service uses revision 1, which has like-service; this step wants x-ray-daemon with the UDP port 2000."
        ]
    );
    let tcp = (
        USED,
        "/taskDefinition/containerDefinitions/1/portMappings/0/protocol",
        json!("tcp"),
    );
    assert_eq!(
        missing("3.1", &[tcp]),
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
        "In the last 15 minutes, X-Ray has heard of MysfitsTable, client and monolith; this step wants like service.",
    ];
    assert_eq!(missing("3.2", from_ref(&client)), nothing);
    assert_eq!(missing("3.4", &[client]), nothing);
    let edges = format!("/Services/{node}/Edges");
    assert_eq!(
        missing("3.4", &[("get-service-graph", &edges, json!([]))]),
        ["like service has edges to nothing; this step wants monolith."]
    );
}

#[test]
fn lab_3_wants_a_group_that_finds_the_same_traces() {
    let group = |name: &str, filter: &str| json!({ "GroupName": name, "FilterExpression": filter });
    let default = group("Default", "");
    let groups = |groups: Value| ("get-groups", "/Groups", groups);
    assert_eq!(missing("3.3", &[]), DONE);
    assert_eq!(
        missing("3.3", &[groups(json!([default]))]),
        ["There is no group besides Default."]
    );
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
                all.clone()
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
    assert_eq!(missing("3.3", &[several, all]), DONE);
    assert_eq!(
        missing(
            "3.3",
            &[("get-trace-summaries", "/TraceSummaries", json!([]))]
        ),
        ["X-Ray has no slow or failed likes of the last 30 minutes. Click some hearts."]
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
    assert_eq!(
        changed("URLPath", json!("/mysfits")),
        [
            "LikesRule has the URL path /mysfits, which does not match the path of likes, /mysfits/*/like."
        ]
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
        [
            "The services have not reported on LikesRule yet. They report every 10 s on what they got."
        ]
    );
}
