//! Pages of results.

use serde_json::{Value, json};

use crate::world::Api;

/// The values of a member on each page.
async fn pages(
    api: &Api,
    operation: &str,
    list: &str,
    member: &str,
    size: i32,
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut request = json!({ "MaxResults": size });
    loop {
        let page = api.succeed(operation, request.clone()).await;
        let items = page[list].as_array().unwrap();
        let values = items
            .iter()
            .map(|item| item[member].as_str().unwrap().to_owned());
        pages.push(values.collect());
        match page.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => return pages,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn pages_end_with_the_last_result() {
    let api = Api::with_target().await;
    for name in ["c", "a", "b: with a colon"] {
        api.put_step(name, 1).await;
    }
    let policies = |size| {
        pages(
            &api,
            "DescribeScalingPolicies",
            "ScalingPolicies",
            "PolicyName",
            size,
        )
    };
    assert_eq!(policies(2).await, [&["a", "b: with a colon"][..], &["c"]]);
    assert_eq!(policies(1).await.len(), 3);
    assert_eq!(policies(3).await.len(), 1);
    let targets = pages(
        &api,
        "DescribeScalableTargets",
        "ScalableTargets",
        "ResourceId",
        1,
    )
    .await;
    assert_eq!(targets, [["service/default/web-app"]]);
}

#[tokio::test(start_paused = true)]
async fn activities_are_paged_from_the_newest_to_the_oldest() {
    let api = Api::with_target().await;
    for max in [3, 4, 5] {
        let bounds = json!({ "MinCapacity": max, "MaxCapacity": max });
        api.succeed("RegisterScalableTarget", bounds).await;
    }
    let descriptions = pages(
        &api,
        "DescribeScalingActivities",
        "ScalingActivities",
        "Description",
        2,
    )
    .await;
    let expected = |count| format!("Setting desired count to {count}.");
    assert_eq!(
        descriptions,
        [&[expected(5), expected(4)][..], &[expected(3)]]
    );
}

/// A page has at most 10 policies, and at most 50 targets or activities. AWS accepts larger numbers (controls.json, call 137).
#[tokio::test(start_paused = true)]
async fn a_page_has_a_largest_size() {
    let api = Api::with_target().await;
    for number in 0..12 {
        api.put_step(&format!("{number:02}"), 1).await;
    }
    for request in [
        json!({}),
        json!({ "MaxResults": 11 }),
        json!({ "MaxResults": 100 }),
    ] {
        let page = api.succeed("DescribeScalingPolicies", request).await;
        assert_eq!(page["ScalingPolicies"].as_array().unwrap().len(), 10);
        assert!(page["NextToken"].is_string());
    }
    for size in [0, -1] {
        let request = json!({ "MaxResults": size });
        let (code, message) = api.fail("DescribeScalingPolicies", request).await;
        let expected = format!("MaxResults must be between 1 and 10, but was {size}");
        assert_eq!((&*code, message), ("ValidationException", expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_valid_only_for_its_query() {
    let api = Api::with_target().await;
    for name in ["a", "b"] {
        api.put_step(name, 1).await;
    }
    let page = api
        .succeed("DescribeScalingPolicies", json!({ "MaxResults": 1 }))
        .await;
    let token: &Value = &page["NextToken"];
    for (operation, request) in [
        (
            "DescribeScalingPolicies",
            json!({ "NextToken": token, "ResourceId": "service/default/web-app" }),
        ),
        ("DescribeScalableTargets", json!({ "NextToken": token })),
        ("DescribeScalingActivities", json!({ "NextToken": token })),
    ] {
        let (code, _) = api.fail(operation, request).await;
        assert_eq!(code, "InvalidNextTokenException", "{operation}");
    }
    // The size of the page may change.
    let rest = json!({ "NextToken": token, "MaxResults": 5 });
    let rest = api.succeed("DescribeScalingPolicies", rest).await;
    assert_eq!(rest["ScalingPolicies"][0]["PolicyName"], "b");
}
