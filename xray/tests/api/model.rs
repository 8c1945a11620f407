//! Each constraint of the service model, violated once and met at its bounds. `facts.json` holds the
//! constraints; `extract.py` makes it from botocore.

mod requests;

use serde_json::{Map, Value, json};

use self::requests::{ABSENT, whole};
use crate::world::{START, World};

/// Values of all types of JSON, except null.
fn all_types() -> [Value; 6] {
    [
        json!(true),
        json!(1),
        json!(1.5),
        json!("x"),
        json!([]),
        json!({}),
    ]
}

/// Members that are refused whatever they hold.
const UNSUPPORTED: [(&str, &str); 10] = [
    // The real service refuses these tokens, too.
    ("BatchGetTraces", "NextToken"),
    ("GetGroups", "NextToken"),
    ("GetServiceGraph", "NextToken"),
    ("GetTraceGraph", "NextToken"),
    ("GetTimeSeriesServiceStatistics", "NextToken"),
    // None was given out for this query.
    ("GetTraceSummaries", "NextToken"),
    // The service gives it.
    ("CreateSamplingRule", "SamplingRule.RuleARN"),
    // There are no boosts here.
    ("CreateSamplingRule", "SamplingRule.SamplingRateBoost"),
    ("UpdateSamplingRule", "SamplingRuleUpdate.SamplingRateBoost"),
    ("GetSamplingTargets", "SamplingBoostStatisticsDocuments.[]"),
];

/// Members of which one is required, whatever the model says.
const ONE_OF: [(&str, &str); 5] = [
    ("GetGroup", "GroupName"),
    ("UpdateGroup", "GroupName"),
    ("DeleteGroup", "GroupName"),
    ("UpdateSamplingRule", "SamplingRuleUpdate.RuleName"),
    ("DeleteSamplingRule", "RuleName"),
];

/// A bound that is narrower here than in the model, as another document says.
fn narrower(member: &str, bound: &str) -> Option<i64> {
    match (member, bound) {
        // The model's text: 50 of a user's own; AWS adds others.
        ("Tags", "max") => Some(50),
        // The format of an id.
        ("TraceIds.[]", "min") => Some(35),
        // There are no boosts here.
        ("SamplingBoostStatisticsDocuments", "max") => Some(0),
        // The shortest that is an expression.
        ("EntitySelectorExpression", "min") => Some(9),
        _ => None,
    }
}

/// A member of a request, with what the model says about it.
struct Member {
    operation: String,
    path: String,
    at: Vec<String>,
    facts: Value,
}

impl Member {
    fn name(&self) -> String {
        self.at.join(".")
    }

    /// The last name of the member, which errors tell.
    fn label(&self) -> &str {
        let mut names = self.at.iter().rev();
        names
            .find(|name| name.chars().all(char::is_alphanumeric))
            .unwrap()
    }

    fn is_unsupported(&self) -> bool {
        UNSUPPORTED.contains(&(&self.operation, &self.name()))
    }

    /// Whether it is part of something that is refused as a whole.
    fn is_of_unsupported(&self) -> bool {
        let name = self.name();
        let is_above = |above: &str| {
            name.strip_prefix(above)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        UNSUPPORTED
            .iter()
            .any(|(operation, above)| *operation == self.operation && is_above(above))
    }

    /// The whole request with this value for the member.
    fn with(&self, value: Value) -> Value {
        let mut request = whole(&self.operation).unwrap();
        // Of two selectors, one is allowed.
        for (one, other) in [("GroupARN", "GroupName"), ("RuleARN", "RuleName")] {
            if self.label() == one && self.operation != "CreateSamplingRule" {
                let mut other_at = self.at.clone();
                *other_at.last_mut().unwrap() = other.to_owned();
                set(&mut request, &other_at, ABSENT);
            }
        }
        set(&mut request, &self.at, value);
        request
    }

    /// The whole request without the member.
    fn without(&self) -> Value {
        fn remove(value: &mut Value, at: &[String]) {
            match at {
                [last] => drop(value.as_object_mut().map(|object| object.remove(last))),
                [first, rest @ ..] if first == "[]" => remove(&mut value[0], rest),
                [first, rest @ ..] => remove(&mut value[first], rest),
                [] => {}
            }
        }
        let mut request = whole(&self.operation).unwrap();
        remove(&mut request, &self.at);
        request
    }

    fn accepts(&self, request: &Value) {
        let answer = world().answer(&self.path, request.clone());
        if let Err(error) = answer {
            // A name of the right form that nothing has.
            let is_unknown = error.to_string().starts_with("There is no ");
            assert!(
                is_unknown,
                "{} {}: {error}: {request}",
                self.operation,
                self.name()
            );
        }
    }

    fn refuses(&self, request: &Value) {
        let name = self.name();
        let Err(error) = world().answer(&self.path, request.clone()) else {
            panic!("{} {name} is taken: {request}", self.operation);
        };
        assert_eq!(error.name(), "InvalidRequestException", "{name}");
        assert_eq!(error.status(), 400, "{name}");
        let text = error.to_string();
        let is_named = text.contains(self.label()) || text.starts_with("Invalid filter expression");
        assert!(is_named, "{} {name}: {text}", self.operation);
    }
}

/// An X-Ray with the group and the rule `known`.
fn world() -> World {
    let world = World::new();
    world.ask(
        "/CreateGroup",
        json!({ "GroupName": "known", "FilterExpression": "ok" }),
    );
    let mut rule = whole("CreateSamplingRule").unwrap();
    rule["SamplingRule"]["RuleName"] = json!("known");
    world.ask("/CreateSamplingRule", rule);
    world
}

fn set(value: &mut Value, at: &[String], new: Value) {
    match at {
        [] => *value = new,
        [first, rest @ ..] => match first.as_str() {
            "[]" if rest.is_empty() => *value = json!([new]),
            "[]" => set(&mut value[0], rest, new),
            "{key}" => {
                let key = new.as_str().unwrap().to_owned();
                *value = Value::Object(Map::from_iter([(key, json!("red"))]));
            }
            "{value}" => *value = json!({ "colour": new }),
            name => set(&mut value[name], rest, new),
        },
    }
}

fn facts() -> Value {
    serde_json::from_str(include_str!("model/facts.json")).unwrap()
}

/// All members of the operations that are served, except the parts of what is refused as a whole.
fn members() -> Vec<Member> {
    let facts = facts();
    let operations = facts.as_object().unwrap().iter();
    let served = operations.filter(|(name, _)| whole(name).is_some());
    let members = served.flat_map(|(name, operation)| {
        let members = operation["members"].as_array().unwrap();
        members.iter().map(|member| Member {
            operation: name.clone(),
            path: operation["path"].as_str().unwrap().to_owned(),
            at: serde_json::from_value(member["at"].clone()).unwrap(),
            facts: member.clone(),
        })
    });
    members
        .filter(|member| !member.is_of_unsupported())
        .collect()
}

/// A value of this size for the member: a length, a number of elements, or the number itself.
fn of_size(member: &Member, size: i64) -> Value {
    let length = usize::try_from(size).unwrap_or_default();
    match member.facts["type"].as_str().unwrap() {
        "string" if member.label() == "EntitySelectorExpression" => {
            let text = format!("service(){}", " ".repeat(length));
            json!(text[..length])
        }
        "string" if member.name() == "TraceIds.[]" => {
            let id = format!("1-{START:08x}-{:024x}0", 1);
            json!(id[..length])
        }
        "string" => json!("a".repeat(length)),
        "list" => {
            let whole = whole(&member.operation).unwrap();
            let element = member.at.iter().fold(&whole, |value, name| &value[name])[0].clone();
            json!(vec![element; length])
        }
        "map" => (0..length)
            .map(|key| (key.to_string(), json!("red")))
            .collect(),
        _ => json!(size),
    }
}

fn does_fit(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64(),
        "double" | "timestamp" => value.is_number(),
        "list" => value.is_array(),
        "structure" | "map" => value.is_object(),
        other => panic!("the model has a new type: {other}"),
    }
}

#[test]
fn whole_requests_are_accepted_and_have_all_members() {
    for member in members() {
        member.accepts(&whole(&member.operation).unwrap());
        let whole = whole(&member.operation).unwrap();
        let pointer = member.at.iter().map(|name| match name.as_str() {
            "[]" => "/0".to_owned(),
            "{key}" | "{value}" => "/colour".to_owned(),
            name => format!("/{name}"),
        });
        let is_there = whole.pointer(&pointer.collect::<String>()).is_some();
        assert_ne!(
            is_there,
            member.is_unsupported(),
            "{} {}",
            member.operation,
            member.name()
        );
    }
}

#[test]
fn each_member_has_its_type() {
    for member in members() {
        let kind = member.facts["type"].as_str().unwrap();
        for value in all_types() {
            let is_key = member.at.ends_with(&["{key}".to_owned()]);
            if !is_key && (member.is_unsupported() || !does_fit(kind, &value)) {
                member.refuses(&member.with(value));
            }
        }
        if kind == "integer" {
            for large in [1_i64 << 31, -(1 << 31) - 1, i64::MAX] {
                member.refuses(&member.with(json!(large)));
            }
        }
    }
}

#[test]
fn what_is_required_must_be_there_and_everything_else_may_be_absent_or_null() {
    for member in members() {
        let is_one_of = ONE_OF.contains(&(&member.operation, &member.name()));
        let is_required = member.facts["required"] == true || is_one_of;
        let last = member.at.last().unwrap();
        match last.as_str() {
            "{key}" => {}
            "[]" | "{value}" => member.refuses(&member.with(Value::Null)),
            // The model leaves it open; a rule without a name could not be made.
            _ if is_required || member.name() == "SamplingRule.RuleName" => {
                member.refuses(&member.without());
                member.refuses(&member.with(Value::Null));
            }
            _ => {
                member.accepts(&member.without());
                let mut request = whole(&member.operation).unwrap();
                set(&mut request, &member.at, Value::Null);
                member.accepts(&request);
            }
        }
    }
}

#[test]
fn each_bound_is_accepted_and_what_lies_beyond_is_refused() {
    let mut bounds = 0;
    for member in members() {
        for (bound, outside) in [("min", -1), ("max", 1)] {
            let Some(of_model) = member.facts[bound].as_i64() else {
                continue;
            };
            let kind = member.facts["type"].as_str().unwrap();
            let is_size = matches!(kind, "string" | "list" | "map");
            if member.is_unsupported() || is_size && bound == "min" && of_model == 0 {
                continue;
            }
            bounds += 1;
            let limit = narrower(&member.name(), bound).unwrap_or(of_model);
            for beyond in [limit + outside, of_model + outside] {
                member.refuses(&member.with(of_size(&member, beyond)));
            }
            if kind == "double" {
                member.refuses(&member.with(json!(limit as f64 + 0.001 * outside as f64)));
            }
            member.accepts(&member.with(of_size(&member, limit)));
        }
    }
    assert!(bounds > 60, "{bounds}");
}

#[test]
fn enums_have_their_words() {
    let mut words = 0;
    for member in members() {
        let Some(all) = member.facts["enum"].as_array() else {
            continue;
        };
        for word in all {
            words += 1;
            member.accepts(&member.with(word.clone()));
            let word = word.as_str().unwrap();
            for other in [word.to_lowercase(), format!("{word} "), String::new()] {
                member.refuses(&member.with(json!(other)));
            }
            member.refuses(&member.with(json!({ word: null })));
        }
    }
    assert_eq!(words, 5);
}

#[test]
fn what_the_model_does_not_know_is_ignored_and_other_operations_are_refused() {
    for (name, operation) in facts().as_object().unwrap() {
        let Some(path) = operation["path"].as_str() else {
            continue;
        };
        match whole(name) {
            Some(mut request) => {
                for body in [
                    "[]",
                    "null",
                    "1",
                    "\"x\"",
                    "{",
                    "{} {}",
                    "{,}",
                    "\u{feff}{}",
                ] {
                    let answer = world().0.answer(path, body.as_bytes());
                    assert!(answer.is_err(), "{path} {body}");
                }
                request["Colour"] = json!("red");
                world().ask(path, request);
            }
            None => {
                let error = world().answer(path, json!({})).unwrap_err();
                assert_eq!(error.name(), "InvalidRequestException");
                assert_eq!(
                    error.to_string(),
                    format!("This local X-Ray has no operation {path}")
                );
            }
        }
    }
}
