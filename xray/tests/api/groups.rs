//! Groups, from the first to the last.

use serde_json::json;

use crate::world::World;

#[test]
fn a_group_is_made_changed_and_removed() {
    let world = World::new();
    let made = world.ask(
        "/CreateGroup",
        json!({
            "GroupName": "TestGroup", "FilterExpression": "service(\"example.com\") {fault}",
            "Tags": [{ "Key": "Stage", "Value": "Prod" }],
        }),
    );
    let group = &made["Group"];
    let arn = group["GroupARN"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:xray:") && arn.contains(":group/TestGroup/"),
        "{arn}"
    );
    assert_eq!(
        group["FilterExpression"],
        "service(\"example.com\") {fault}"
    );
    assert_eq!(
        group["InsightsConfiguration"],
        json!({ "InsightsEnabled": false, "NotificationsEnabled": false })
    );
    for selector in [
        json!({ "GroupName": "TestGroup" }),
        json!({ "GroupARN": arn }),
    ] {
        assert_eq!(&world.ask("/GetGroup", selector)["Group"], group);
    }
    world.ask("/CreateGroup", json!({ "GroupName": "TestGroup2" }));
    let all = world.ask("/Groups", json!({}));
    assert_eq!(all["Groups"].as_array().unwrap().len(), 2);
    assert_eq!(&all["Groups"][0], group);

    let changed = world.ask("/UpdateGroup", json!({
        "GroupARN": arn, "FilterExpression": "error", "InsightsConfiguration": { "InsightsEnabled": true },
    }));
    assert_eq!(changed["Group"]["FilterExpression"], "error");
    assert_eq!(
        changed["Group"]["InsightsConfiguration"]["InsightsEnabled"],
        true
    );
    world.ask("/UpdateGroup", json!({ "GroupName": "TestGroup" }));
    assert_eq!(
        world.ask("/GetGroup", json!({ "GroupName": "TestGroup" })),
        changed
    );

    assert_eq!(
        world.ask("/DeleteGroup", json!({ "GroupName": "TestGroup" })),
        json!({})
    );
    assert_eq!(
        world.error("/GetGroup", json!({ "GroupARN": arn })),
        format!("There is no group {arn:?}")
    );
}

#[test]
fn what_makes_no_group_is_refused() {
    let world = World::new();
    world.ask("/CreateGroup", json!({ "GroupName": "one" }));
    for (request, message) in [
        (json!({}), "GroupName has 1 to 32 characters"),
        (
            json!({ "GroupName": "n".repeat(33) }),
            "GroupName has 1 to 32 characters",
        ),
        (
            json!({ "GroupName": "a/b" }),
            "GroupName has letters, digits, and dashes",
        ),
        (
            json!({ "GroupName": "one" }),
            "There is a group \"one\" already",
        ),
        (
            json!({ "GroupName": "Default" }),
            "There is a group \"Default\" already",
        ),
        (
            json!({ "GroupName": "two", "FilterExpression": "oops" }),
            "Invalid filter expression: 'oops' is no keyword at position 1",
        ),
    ] {
        assert_eq!(world.error("/CreateGroup", request), message);
    }
    assert_eq!(
        world.error("/UpdateGroup", json!({ "GroupName": "two" })),
        "There is no group \"two\""
    );
    assert_eq!(
        world.error("/DeleteGroup", json!({})),
        "GroupName or GroupARN is required"
    );
    let default = json!({ "GroupName": "Default" });
    assert_eq!(
        world.ask("/GetGroup", default.clone())["Group"]["GroupName"],
        "Default"
    );
    for path in ["/UpdateGroup", "/DeleteGroup"] {
        let error = world.error(path, default.clone());
        assert_eq!(
            error,
            "The Default group can be neither changed nor deleted"
        );
    }
    assert_eq!(
        world.ask("/Groups", json!({}))["Groups"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for number in 1..25 {
        world.ask("/CreateGroup", json!({ "GroupName": format!("g{number}") }));
    }
    assert_eq!(
        world.error("/CreateGroup", json!({ "GroupName": "more" })),
        "There are 25 groups already"
    );
}
