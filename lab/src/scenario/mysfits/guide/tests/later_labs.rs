//! The labs 3 to 6.

use super::*;

const ACTIVITIES: &str = "describe-scaling-activities";
const POLICIES: &str = "describe-scaling-policies";

/// Values of a metric of the load balancer, and the seconds before the check at which their minutes began.
fn values(metric: &'static str, values: &[(i64, f64)]) -> Change<'static> {
    let now = recorded().now;
    let points = values
        .iter()
        .map(|(ago, value)| json!({ "Timestamp": now - ago, "Sum": value, "Average": value }));
    (metric, "/Datapoints", points.collect())
}

fn no_errors() -> Change<'static> {
    values("5XX_Count", &[])
}

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
    assert_eq!(missing("3.2", &[client.clone()]), nothing);
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

#[test]
fn lab_4_wants_the_scaling_of_infra() {
    let changed =
        |command: &str, pointer: &str, value: Value| missing("4.1", &[(command, pointer, value)]);
    assert_eq!(missing("4.1", &[]), DONE);
    assert_eq!(
        changed("describe-scalable-targets", "/ScalableTargets", json!([])),
        ["No scalable target; this step wants one from 2 to 100 tasks."]
    );
    assert_eq!(
        changed(
            "describe-scalable-targets",
            "/ScalableTargets/0/MaxCapacity",
            json!(10)
        ),
        ["The scalable target goes from 2 to 10 tasks; this step wants 2 to 100."]
    );
    assert_eq!(
        changed(POLICIES, "/ScalingPolicies", json!([])),
        [
            "No scaling policy LikeScaleUpPolicy.",
            "No scaling policy LikeScaleDownPolicy."
        ]
    );
    let policies = recorded().responses["application-autoscaling describe-scaling-policies"]["ScalingPolicies"].clone();
    let index = policies
        .as_array()
        .unwrap()
        .iter()
        .position(|it| it["PolicyName"] == "LikeScaleUpPolicy")
        .unwrap();
    let of_policy =
        |member: &str| format!("/ScalingPolicies/{index}/StepScalingPolicyConfiguration/{member}");
    assert_eq!(
        changed(
            POLICIES,
            &of_policy("StepAdjustments/1/ScalingAdjustment"),
            json!(10)
        ),
        ["LikeScaleUpPolicy: step 2 adds 10; this step wants 20."]
    );
    assert_eq!(
        changed(
            POLICIES,
            &of_policy("StepAdjustments/1/MetricIntervalUpperBound"),
            json!(2000)
        ),
        ["LikeScaleUpPolicy: step 2 goes from 1000 to 2000; this step wants 1000 to 3000."]
    );
    assert_eq!(
        changed(POLICIES, &of_policy("Cooldown"), json!(300)),
        ["LikeScaleUpPolicy has a cool-down of 300 s; this step wants 60 s."]
    );
    let alarms = recorded().responses["cloudwatch describe-alarms"]["MetricAlarms"].clone();
    let index = alarms
        .as_array()
        .unwrap()
        .iter()
        .position(|it| it["AlarmName"] == "mysfits-LikeScaleUpAlarm")
        .unwrap();
    let of_alarm = |member: &str| format!("/MetricAlarms/{index}/{member}");
    assert_eq!(
        changed("describe-alarms", &of_alarm("AlarmActions"), json!([])),
        ["The alarm mysfits-LikeScaleUpAlarm has no action; this step wants LikeScaleUpPolicy."]
    );
    assert_eq!(
        changed("describe-alarms", &of_alarm("ActionsEnabled"), json!(false)),
        ["The actions of the alarm mysfits-LikeScaleUpAlarm are disabled."]
    );
}

/// An activity of a policy, as Application Auto Scaling describes it.
fn activity(policy: &str, tasks: u32, start: i64) -> Value {
    json!({
        "Cause": format!("monitor alarm x in state ALARM triggered policy {policy}"),
        "Description": format!("Setting desired count to {tasks}."),
        "StatusCode": "Successful",
        "StartTime": start,
    })
}

#[test]
fn lab_4_wants_activities_of_both_policies() {
    let activities = |activities: Value| (ACTIVITIES, "/ScalingActivities", activities);
    let out = activity("LikeScaleUpPolicy", 12, 10);
    let back = activity("LikeScaleDownPolicy", 7, 20);
    assert_eq!(missing("4.2", &[activities(json!([out]))]), DONE);
    let not_yet = "LikeScaleUpPolicy has not set the desired count to 12 or more yet. RequestCount of the newest minute: 640; the \
                   alarm wants 1000 in each of two minutes. The alarm mysfits-LikeScaleUpAlarm is OK.";
    let requests = values("RequestCount", &[(120, 700.0), (60, 640.0)]);
    for other in [
        json!([]),
        json!([activity("LikeScaleUpPolicy", 4, 10)]),
        json!([back]),
    ] {
        assert_eq!(
            missing("4.2", &[activities(other), requests.clone()]),
            [not_yet]
        );
    }
    assert_eq!(missing("4.3", &[activities(json!([back, out]))]), DONE);
    let again = activity("LikeScaleUpPolicy", 17, 30);
    let found = missing("4.3", &[activities(json!([again, back, out]))]);
    assert!(
        found[0].starts_with("The newest activity is of LikeScaleUpPolicy (17 tasks)."),
        "{found:?}"
    );
    assert_eq!(
        missing("4.3", &[]),
        ["No activity of LikeScaleUpPolicy yet: run load first."]
    );
}

#[test]
fn lab_4_wants_target_tracking_in_the_variant() {
    let policy = json!([{
        "PolicyName": "LikeTargetTracking",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50.0,
            "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" },
            "ScaleOutCooldown": 30,
            "ScaleInCooldown": 30,
        },
    }]);
    let targets = |max: u32| {
        (
            "describe-scalable-targets",
            "/ScalableTargets",
            json!([{ "MinCapacity": 1, "MaxCapacity": max }]),
        )
    };
    let policies = (POLICIES, "/ScalingPolicies", policy);
    let cooldown = (
        POLICIES,
        "/ScalingPolicies/0/TargetTrackingScalingPolicyConfiguration/ScaleInCooldown",
        json!(null),
    );
    assert_eq!(missing("4.4", &[targets(10), policies.clone()]), DONE);
    assert_eq!(
        missing("4.4", &[targets(10), policies.clone(), cooldown]),
        ["LikeTargetTracking: the scale-in cool-down is not set; this step wants 30."]
    );
    assert_eq!(
        missing("4.4", &[targets(20), policies.clone()]),
        ["The scalable target goes from 1 to 20 tasks; this step wants 1 to 10."]
    );
    assert_eq!(
        missing("4.4", &[targets(10)]),
        [
            "There is still step scaling: LikeScaleDownPolicy and LikeScaleUpPolicy. Two kinds of policies work against each other.",
            "No scaling policy of the type TargetTrackingScaling.",
        ]
    );
    let acted = |name| {
        (
            ACTIVITIES,
            "/ScalingActivities",
            json!([activity(name, 3, 10)]),
        )
    };
    assert_eq!(
        missing("4.5", &[policies.clone(), acted("LikeTargetTracking")]),
        DONE
    );
    assert_eq!(
        missing(
            "4.5",
            &[
                policies,
                acted("LikeScaleUpPolicy"),
                values("CPUUtilization", &[(60, 22.6)])
            ]
        ),
        [
            "No activity of LikeTargetTracking yet. CPU of the newest minute: 23 %; the target is 50 %."
        ]
    );
}

#[test]
fn lab_5_wants_load_without_errors() {
    let requests = |values: &[(i64, f64)]| super::later_labs::values("RequestCount", values);
    assert_eq!(
        missing("5.1", &[requests(&[(120, 150.0), (60, 50.0)]), no_errors()]),
        DONE
    );
    let found = missing(
        "5.1",
        &[
            requests(&[(60, 12.0)]),
            values("ELB_5XX_Count", &[(60, 2.0)]),
        ],
    );
    assert!(
        found[0].starts_with(
            "The Like service got 12 requests in the last 15 minutes; this step wants 200."
        ),
        "{found:?}"
    );
    assert!(
        found[1]
            .starts_with("HTTPCode_ELB_5XX_Count of the last 15 minutes is 2; this step wants 0."),
        "{found:?}"
    );
    assert_eq!(
        missing("5.4", &[requests(&[(120, 1500.0), (60, 50.0)])]),
        DONE
    );
    let busiest = minute(recorded().now - 120);
    assert_eq!(
        missing("5.4", &[requests(&[(120, 1204.0), (60, 50.0)])]),
        [format!(
            "The busiest minute ({busiest}) had 1204 requests; this step wants 1500."
        )]
    );
}

#[test]
fn lab_5_wants_two_stops_by_people_of_which_only_the_first_fails_requests() {
    let start = recorded().now.div_euclid(60) * 60 - recorded().now;
    let stopped = |minutes: &[i64]| {
        let tasks = minutes.iter().map(|minute| {
            let time = recorded().now + start - 60 * minute + 5;
            json!({ "stopCode": "UserInitiated", "stoppingAt": time, "stoppedAt": time + 1 })
        });
        let others =
            [json!({ "stopCode": "ServiceSchedulerInitiated", "stoppingAt": recorded().now })];
        (
            "describe-tasks",
            "/tasks",
            tasks.chain(others).collect::<Value>(),
        )
    };
    let at = |metric, of_minutes: &[(i64, f64)]| {
        let of_minutes: Vec<_> = of_minutes
            .iter()
            .map(|(minute, value)| (60 * minute - start, *value))
            .collect();
        values(metric, &of_minutes)
    };
    let errors = || at("ELB_5XX_Count", &[(9, 3.0), (1, 0.0)]);
    assert_eq!(missing("5.2", &[stopped(&[10, 2]), errors()]), DONE);
    let found = missing("5.2", &[stopped(&[5]), errors()]);
    let time = minute(recorded().now + start - 300);
    let wanted = format!(
        "A task was stopped at {time}, and the load balancer answered no request 5xx. Did load run?"
    );
    assert!(found[0].starts_with(&wanted), "{found:?}");
    let nobody =
        ["No task of Mythical-Like-Service-mysfits was stopped by a person in the last hour."];
    assert_eq!(missing("5.2", &[stopped(&[])]), nobody);
    assert_eq!(
        missing("5.2", &[("list-tasks", "/taskArns", json!([]))]),
        nobody
    );

    let load = || at("RequestCount", &[(10, 400.0), (2, 400.0)]);
    assert_eq!(missing("5.3", &[stopped(&[10, 2]), load(), errors()]), DONE);
    assert_eq!(
        missing("5.3", &[stopped(&[10]), load(), errors()]),
        ["One task was stopped by a person; this step wants a second stop, while two tasks run."]
    );
    let time = minute(recorded().now + start - 120);
    assert_eq!(
        missing(
            "5.3",
            &[stopped(&[10, 2]), load(), at("ELB_5XX_Count", &[(2, 37.0)])]
        ),
        [format!(
            "37 requests were answered 5xx in the minute of the newest stop, {time}; this step wants 0."
        )]
    );
    let found = missing("5.3", &[stopped(&[10, 1]), load(), errors()]);
    assert!(
        found[0].starts_with("The Like service got 0 requests in the minute of the newest stop"),
        "{found:?}"
    );
}

#[test]
fn lab_6_wants_the_weights_of_the_rule_and_traces() {
    let weights = |like: u32, monolith: u32| {
        let groups = json!([
            { "TargetGroupArn": recorded().names["LIKE_TARGET_GROUP"], "Weight": like },
            { "TargetGroupArn": recorded().names["MONOLITH_TARGET_GROUP"], "Weight": monolith },
        ]);
        (
            "describe-rules",
            "/Rules/0/Actions/0/ForwardConfig/TargetGroups",
            groups,
        )
    };
    assert_eq!(
        missing(
            "6.1",
            &[(
                "get-trace-summaries",
                "/TraceSummaries",
                json!([{ "Id": "1-0-0" }])
            )]
        ),
        [
            "X-Ray has 1 like that the monolith alone answered in the last 30 minutes; this step wants 10."
        ]
    );
    assert_eq!(missing("6.2", &[weights(10, 90)]), DONE);
    assert_eq!(
        missing("6.2", &[weights(0, 100)]),
        ["The rule sends 0 of 100 likes to the Like service; this step wants 10."]
    );
    assert_eq!(
        missing(
            "6.2",
            &[
                weights(1, 9),
                ("get-trace-summaries", "/TraceSummaries", json!([]))
            ]
        ),
        ["X-Ray has no trace of a like that the Like service received in the last 30 minutes."]
    );
    assert_eq!(missing("6.3", &[weights(1, 0), no_errors()]), DONE);
    assert_eq!(
        missing("6.3", &[weights(10, 90), no_errors()]),
        ["The rule still sends 90 of 100 likes to the monolith; this step wants 0."]
    );
    let found = missing(
        "6.3",
        &[weights(100, 0), values("Target_5XX_Count", &[(60, 1.0)])],
    );
    assert!(
        found[0].starts_with("HTTPCode_Target_5XX_Count of the last 15 minutes is 1"),
        "{found:?}"
    );
    let monolith = |value: &str| {
        let variables = json!([{ "name": "LIKE_IN_MONOLITH", "value": value }]);
        (
            USED,
            CONTAINERS,
            json!([{ "name": "monolith-service", "environment": variables }]),
        )
    };
    assert_eq!(missing("6.4", &[weights(100, 0), monolith("off")]), DONE);
    assert_eq!(
        missing("6.4", &[weights(100, 0), monolith("on")]),
        ["The monolith uses revision 1, which still has LIKE_IN_MONOLITH=on."]
    );
}
