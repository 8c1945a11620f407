//! Hostile requests.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::world::{Api, step, tracking};

const OPERATIONS: [&str; 7] = [
    "DeleteScalingPolicy",
    "DeregisterScalableTarget",
    "DescribeScalableTargets",
    "DescribeScalingActivities",
    "DescribeScalingPolicies",
    "PutScalingPolicy",
    "RegisterScalableTarget",
];

/// Values that parameters can have, and some that they cannot have.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([{}])),
        Just(json!("a".repeat(100_000))),
    ]
}

/// Puts a value in the place of a member, at any depth.
fn replace(request: &mut Value, path: usize, value: Value) {
    let Some(members) = request.as_object_mut().filter(|it| !it.is_empty()) else {
        *request = value;
        return;
    };
    let index = path % members.len();
    if let Some(member) = members.values_mut().nth(index) {
        replace(member, path / 7, value);
    }
}

proptest! {
    #[test]
    fn any_request_is_answered_without_a_panic(
        operation in proptest::sample::select(&OPERATIONS[..]),
        is_step: bool,
        changes in proptest::collection::vec((0..400_usize, value()), 0..4),
        more in proptest::collection::btree_map("[A-Z][a-z]{0,8}", value(), 0..2),
    ) {
        let mut request = match operation {
            "PutScalingPolicy" if is_step => step("p", 1),
            "PutScalingPolicy" => tracking("p", 50.0),
            "RegisterScalableTarget" => json!({ "MinCapacity": 1, "MaxCapacity": 5, "SuspendedState": { "DynamicScalingInSuspended": true } }),
            "DeleteScalingPolicy" => json!({ "PolicyName": "p" }),
            _ => json!({ "ResourceId": "service/default/web-app", "MaxResults": 5 }),
        };
        for (path, value) in changes {
            replace(&mut request, path, value);
        }
        let mut members = request.as_object().cloned().unwrap_or_default();
        members.extend(more.into_iter().collect::<Map<_, _>>());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let api = Api::with_target().await;
            if let Err((_, message)) = api.call(operation, members.into()).await {
                assert!(message.len() < 20_000, "{}", message.len());
            }
        });
    }
}
