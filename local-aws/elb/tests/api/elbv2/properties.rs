//! Properties of sequences of requests.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// Operations with the parameters of a valid request, and further parameters.
const OPERATIONS: [(&str, &[&str], &[&str]); 9] = [
    (
        "CreateRule",
        &[
            "ListenerArn",
            "Priority",
            "Conditions.member.1.Field",
            "Conditions.member.1.Values.member.1",
            "Actions.member.1.Type",
            "Actions.member.1.TargetGroupArn",
        ],
        &["Actions.member.1.Order"],
    ),
    ("DeleteRule", &["RuleArn"], &[]),
    ("DescribeRules", &["ListenerArn"], &["Marker", "PageSize"]),
    (
        "DescribeTargetHealth",
        &["TargetGroupArn"],
        &["Targets.member.1.Id", "Targets.member.1.Port"],
    ),
    (
        "ModifyListener",
        &[
            "ListenerArn",
            "DefaultActions.member.1.Type",
            "DefaultActions.member.1.TargetGroupArn",
        ],
        &["DefaultActions.member.1.Order"],
    ),
    (
        "ModifyRule",
        &[
            "RuleArn",
            "Actions.member.1.Type",
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn",
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight",
        ],
        &[
            "Conditions.member.1.Field",
            "Conditions.member.1.PathPatternConfig.Values.member.1",
        ],
    ),
    (
        "ModifyTargetGroup",
        &["TargetGroupArn"],
        &[
            "HealthCheckPath",
            "HealthCheckIntervalSeconds",
            "Matcher.HttpCode",
        ],
    ),
    (
        "ModifyTargetGroupAttributes",
        &[
            "TargetGroupArn",
            "Attributes.member.1.Key",
            "Attributes.member.1.Value",
        ],
        &[],
    ),
    (
        "SetRulePriorities",
        &[
            "RulePriorities.member.1.RuleArn",
            "RulePriorities.member.1.Priority",
        ],
        &[
            "RulePriorities.member.2.RuleArn",
            "RulePriorities.member.2.Priority",
        ],
    ),
];

/// Parameters that are foreign to at least some operations.
const FOREIGN: [&str; 5] = [
    "Names.member.1",
    "Port",
    "Priority",
    "RuleArn",
    "Weight.member.1",
];

const VALUES: [&str; 20] = [
    "RULE",
    "DEFAULT",
    "LISTENER",
    "BLUE",
    "GREEN",
    "forward",
    "path-pattern",
    "0",
    "1",
    "2",
    "999",
    "1000",
    "-1",
    "50001",
    "65536",
    "/x*",
    "200-299",
    "127.0.0.1",
    "%00",
    "",
];

/// The values that the parameter has in valid requests, and sometimes another value.
fn value(name: &'static str) -> impl Strategy<Value = &'static str> {
    let valid: &[&str] = match name.rsplit('.').next().unwrap() {
        "RuleArn" => &["RULE", "CREATED"],
        "ListenerArn" => &["LISTENER"],
        "TargetGroupArn" => &["BLUE", "GREEN"],
        "Type" => &["forward"],
        "Field" => &["path-pattern"],
        "Weight" => &["0", "1", "999"],
        "Priority" => &["1", "2", "3", "50000"],
        "HealthCheckIntervalSeconds" => &["6", "300"],
        "HttpCode" => &["200-299"],
        "Key" => &["deregistration_delay.timeout_seconds"],
        "Order" | "PageSize" | "Port" | "Value" => &["1", "100"],
        _ => &["/x*"],
    };
    prop_oneof![
        9 => proptest::sample::select(valid),
        1 => proptest::sample::select(&VALUES[..]),
    ]
}

/// An operation and its parameters.
fn request() -> impl Strategy<Value = (&'static str, String)> {
    let operation = proptest::sample::select(&OPERATIONS[..]);
    let names = operation.prop_flat_map(|(operation, required, further)| {
        let further = proptest::sample::subsequence(further, 0..=further.len());
        let foreign = prop_oneof![
            9 => Just(None),
            1 => proptest::sample::select(&FOREIGN[..]).prop_map(Some),
        ];
        let names = (further, foreign).prop_map(|(further, foreign)| {
            let names = required.iter().copied().chain(further).chain(foreign);
            names.collect::<Vec<_>>()
        });
        (Just(operation), names)
    });
    names.prop_flat_map(|(operation, names)| {
        let values: Vec<_> = names.iter().map(|name| value(name)).collect();
        let parameters = values.prop_map(move |values| {
            let pairs = names.iter().zip(values);
            let pairs = pairs.map(|(name, value)| format!("{name}={value}"));
            pairs.collect::<Vec<_>>().join("&")
        });
        (Just(operation), parameters)
    })
}

/// All that requests can change, as the API describes it.
async fn state(api: &Api) -> Vec<String> {
    let mut state = Vec::new();
    for (operation, parameters) in [
        ("DescribeRules", "ListenerArn=LISTENER"),
        ("DescribeTargetGroups", ""),
        ("DescribeTargetGroupAttributes", "TargetGroupArn=BLUE"),
        ("DescribeTargetGroupAttributes", "TargetGroupArn=GREEN"),
    ] {
        let body = api.succeed(operation, parameters).await;
        state.extend(elements(&body, &format!("{operation}Result")));
    }
    state
}

fn assert_rules_are_valid(rules: &str) {
    let mut priorities = elements(rules, "Priority");
    assert_eq!(priorities.pop().as_deref(), Some("default"));
    let priorities: Vec<u16> = priorities.iter().map(|it| it.parse().unwrap()).collect();
    assert!(
        priorities.is_sorted_by(|a, b| a < b),
        "the priorities are {priorities:?}"
    );
    assert!(
        priorities.iter().all(|it| (1..=50_000).contains(it)),
        "the priorities are {priorities:?}"
    );
    let weights = elements(rules, "Weight");
    assert!(
        weights.iter().all(|it| it.parse::<u16>().unwrap() <= 999),
        "the weights are {weights:?}"
    );
}

#[test]
fn rules_stay_valid_and_refused_requests_change_nothing() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let successful = RefCell::new(BTreeSet::new());
    let run = async |requests: Vec<(&'static str, String)>| {
        let api = Api::new();
        let mut created = rule_arn(9);
        let mut before = state(&api).await;
        for (operation, parameters) in requests {
            let parameters = parameters.replace("CREATED", &created);
            let body = api.call(operation, &parameters).await;
            let after = state(&api).await;
            if body.starts_with(&format!("<{operation}Response ")) {
                successful.borrow_mut().insert(operation);
                assert_rules_are_valid(&after[0]);
            } else {
                assert!(body.starts_with("<ErrorResponse>"), "{body}");
                assert_eq!(after, before, "{body}");
            }
            if operation == "CreateRule" {
                created = elements(&body, "RuleArn").pop().unwrap_or(created);
            }
            before = after;
        }
    };
    let mut runner = TestRunner::default();
    let requests = proptest::collection::vec(request(), 1..8);
    let result = runner.run(&requests, |requests| {
        runtime.block_on(run(requests));
        Ok(())
    });
    result.unwrap();
    // Otherwise the test would not show much.
    let operations = OPERATIONS.iter().map(|(operation, ..)| *operation);
    assert_eq!(successful.into_inner(), operations.collect());
}
