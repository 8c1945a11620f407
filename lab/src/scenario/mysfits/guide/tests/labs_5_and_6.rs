//! The labs 5 and 6: resilience, and the move of a function.

use super::*;

#[test]
fn lab_5_wants_load_without_errors() {
    let requests = |values: &[(i64, f64)]| super::values("RequestCount", values);
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
    let found = missing(
        "5.1",
        &[
            requests(&[(60, 200.0)]),
            values("Target_5XX_Count", &[(60, 3.0)]),
        ],
    );
    assert!(
        found[0].starts_with("HTTPCode_Target_5XX_Count of the last 15 minutes is 3"),
        "{found:?}"
    );
    let connections = |most| values("NewConnectionCount", &[(120, most), (60, 3.0)]);
    assert_eq!(missing("5.4", &[connections(100.0)]), DONE);
    let busiest = minute(recorded().now - 120);
    assert_eq!(
        missing("5.4", &[connections(24.0)]),
        [format!(
            "The busiest minute ({busiest}) had 24 new connections, of users and to tasks; this step wants 100."
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
            "37 requests were answered 5xx in the minute of the newest stop, {time}; this step wants 0. Begin again at the start of a \
             minute: load, then stop a task."
        )]
    );
    // The task ended in the next minute, in which the targets answered errors.
    let (command, pointer, mut tasks) = stopped(&[10, 2]);
    let ended = tasks[1]["stoppedAt"].as_i64().unwrap() + 60;
    tasks[1]["stoppedAt"] = json!(ended);
    let found = missing(
        "5.3",
        &[
            (command, pointer, tasks),
            load(),
            at("Target_5XX_Count", &[(1, 3.0)]),
        ],
    );
    let ended = minute(ended);
    assert!(
        found[0].starts_with(&format!(
            "3 requests were answered 5xx in the minutes of the newest stop, {time} to {ended}; this step wants 0."
        )),
        "{found:?}"
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
        ["The rule sends 0 of 100 likes to the Like service; this step wants 1 to 50."]
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
