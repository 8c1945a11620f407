//! Groups, from the first to the last.

use serde_json::json;

use crate::world::{With, World, always};

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
    let notify = json!({ "NotificationsEnabled": true });
    let request = json!({ "GroupName": "TestGroup", "InsightsConfiguration": notify });
    let notified = world.ask("/UpdateGroup", request);
    assert_eq!(
        notified["Group"]["InsightsConfiguration"],
        json!({ "InsightsEnabled": true, "NotificationsEnabled": true })
    );
    let quiet = json!({ "NotificationsEnabled": false });
    let request = json!({ "GroupName": "TestGroup", "InsightsConfiguration": quiet });
    world.ask("/UpdateGroup", request);
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
        (json!({}), "The request: missing field `GroupName`"),
        (
            json!({ "GroupName": "n".repeat(33) }),
            "GroupName: expected 1 to 32 characters, not 33",
        ),
        (json!({ "GroupName": "a/b" }), "GroupName has letters"),
        (json!({ "GroupName": "a b" }), "GroupName has letters"),
        (json!({ "GroupName": "größe" }), "GroupName has letters"),
        (
            json!({ "GroupName": "two", "FilterExpression": " " }),
            "FilterExpression is empty",
        ),
        (
            json!({ "GroupName": "two", "InsightsConfiguration": { "NotificationsEnabled": true } }),
            "NotificationsEnabled needs a group with InsightsEnabled",
        ),
        (
            json!({ "GroupName": "two", "Tags": [{ "Key": "aws:x", "Value": "" }] }),
            "Tags[0]: keys that begin with aws: are reserved",
        ),
        (
            json!({ "GroupName": "two", "Tags": [{ "Key": "a", "Value": "" }, { "Key": "b", "Value": "?" }] }),
            "Tags[1]: a tag has letters, digits",
        ),
        (
            json!({ "GroupName": "two", "Tags": vec![json!({ "Key": "a", "Value": "b" }); 51] }),
            "Tags: expected 0 to 50 elements, not 51",
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
        let error = world.error("/CreateGroup", request);
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(
        world.error("/UpdateGroup", json!({ "GroupName": "two" })),
        "There is no group \"two\""
    );
    let arn = world.ask("/GetGroup", json!({ "GroupName": "one" }))["Group"]["GroupARN"].clone();
    let both = json!({ "GroupName": "one", "GroupARN": arn });
    for path in ["/GetGroup", "/UpdateGroup", "/DeleteGroup"] {
        for selector in [json!({}), both.clone()] {
            let error = world.error(path, selector);
            assert_eq!(error, "Either GroupName or GroupARN is required, not both");
        }
    }
    for path in ["/ServiceGraph", "/TimeSeriesServiceStatistics"] {
        let error = world.error(path, always().with(both.clone()));
        assert_eq!(error, "Either GroupName or GroupARN is required, not both");
    }
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
