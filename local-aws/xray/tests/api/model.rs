//! Tests each constraint of the service model: values at the bounds are accepted, and values beyond the
//! bounds are refused. The file `constraints.json` contains the constraints. The script `extract.py` creates
//! `constraints.json` from botocore.

mod requests;
mod values;

use serde_json::{Map, Value, json};

use self::requests::{ABSENT, complete_request};
use self::values::{has_type, value_of_size, values_of_all_types};
use crate::local_xray::LocalXray;

/// Members that this implementation refuses with any value.
const UNSUPPORTED: [(&str, &str); 10] = [
    // AWS also refuses page tokens in requests of the following operations.
    ("BatchGetTraces", "NextToken"),
    ("GetGroups", "NextToken"),
    ("GetServiceGraph", "NextToken"),
    ("GetTraceGraph", "NextToken"),
    ("GetTimeSeriesServiceStatistics", "NextToken"),
    // `GetTraceSummaries` accepts only page tokens from earlier responses. In these tests, no response
    // contains a page token.
    ("GetTraceSummaries", "NextToken"),
    // X-Ray assigns the ARN of a rule, so the request must not contain an ARN.
    ("CreateSamplingRule", "SamplingRule.RuleARN"),
    // Sampling boosts are not implemented.
    ("CreateSamplingRule", "SamplingRule.SamplingRateBoost"),
    ("UpdateSamplingRule", "SamplingRuleUpdate.SamplingRateBoost"),
    ("GetSamplingTargets", "SamplingBoostStatisticsDocuments.[]"),
];

/// Members that are required if the request contains no ARN. The service model declares the name of a group
/// or rule as optional.
const REQUIRED_WITHOUT_ARN: [(&str, &str); 5] = [
    ("GetGroup", "GroupName"),
    ("UpdateGroup", "GroupName"),
    ("DeleteGroup", "GroupName"),
    ("UpdateSamplingRule", "SamplingRuleUpdate.RuleName"),
    ("DeleteSamplingRule", "RuleName"),
];

/// Returns the bound of this implementation if the bound is stricter than the bound in the service model.
fn stricter_bound(member: &str, bound: &str) -> Option<i64> {
    match (member, bound) {
        // The documentation in the service model permits 50 tags. The `max` constraint of the service model
        // is higher, because the constraint includes tags that AWS adds.
        ("Tags", "max") => Some(50),
        // A trace id has exactly 35 characters.
        ("TraceIds.[]", "min") => Some(35),
        // Sampling boosts are not implemented.
        ("SamplingBoostStatisticsDocuments", "max") => Some(0),
        // The shortest valid selector is `service()`, which has nine characters.
        ("EntitySelectorExpression", "min") => Some(9),
        _ => None,
    }
}

/// A member of a request, and the constraints of the member in the service model.
struct Member {
    operation: String,
    path: String,
    /// The names of the nested members on the path from the top of the request to the member. The name `[]`
    /// means an element of a list. The names `{key}` and `{value}` mean the keys and the values of a map.
    member_path: Vec<String>,
    constraints: Value,
}

impl Member {
    fn name(&self) -> String {
        self.member_path.join(".")
    }

    /// Returns the name of the member in error messages.
    fn name_in_errors(&self) -> &str {
        let mut names = self.member_path.iter().rev();
        names
            .find(|name| name.chars().all(char::is_alphanumeric))
            .unwrap()
    }

    fn is_unsupported(&self) -> bool {
        UNSUPPORTED.contains(&(&self.operation, &self.name()))
    }

    /// Whether the member is nested in one of the [`UNSUPPORTED`] members.
    fn is_inside_unsupported(&self) -> bool {
        let name = self.name();
        let is_above = |above: &str| {
            name.strip_prefix(above)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        UNSUPPORTED
            .iter()
            .any(|(operation, above)| *operation == self.operation && is_above(above))
    }

    /// Returns a request with all supported members, in which the tested member has the value `value`.
    fn request_with(&self, value: Value) -> Value {
        let mut request = complete_request(&self.operation).unwrap();
        // A request must not contain both the name and the ARN of a group or rule.
        for (name_or_arn, other) in [("GroupARN", "GroupName"), ("RuleARN", "RuleName")] {
            if self.name_in_errors() == name_or_arn && self.operation != "CreateSamplingRule" {
                let mut other_path = self.member_path.clone();
                *other_path.last_mut().unwrap() = other.to_owned();
                set_member(&mut request, &other_path, ABSENT);
            }
        }
        set_member(&mut request, &self.member_path, value);
        request
    }

    /// Returns a request with all supported members except the tested member.
    fn request_without(&self) -> Value {
        fn remove(value: &mut Value, path: &[String]) {
            match path {
                [last] => drop(value.as_object_mut().map(|object| object.remove(last))),
                [first, rest @ ..] if first == "[]" => remove(&mut value[0], rest),
                [first, rest @ ..] => remove(&mut value[first], rest),
                [] => {}
            }
        }
        let mut request = complete_request(&self.operation).unwrap();
        remove(&mut request, &self.member_path);
        request
    }

    fn assert_accepted(&self, request: &Value) {
        let response = xray_with_group_and_rule().try_call(&self.path, request.clone());
        if let Err(error) = response {
            // The request is valid, but the store contains no group or rule with the requested name.
            let is_unknown_name = error.to_string().starts_with("There is no ");
            assert!(
                is_unknown_name,
                "{} {}: {error}: {request}",
                self.operation,
                self.name()
            );
        }
    }

    fn assert_refused(&self, request: &Value) {
        let name = self.name();
        let Err(error) = xray_with_group_and_rule().try_call(&self.path, request.clone()) else {
            panic!("{} {name} is accepted: {request}", self.operation);
        };
        assert_eq!(error.exception_name(), "InvalidRequestException", "{name}");
        assert_eq!(error.status(), 400, "{name}");
        let text = error.to_string();
        let is_named =
            text.contains(self.name_in_errors()) || text.starts_with("Invalid filter expression");
        assert!(is_named, "{} {name}: {text}", self.operation);
    }
}

/// Creates a local X-Ray that contains the group `known` and the sampling rule `known`.
fn xray_with_group_and_rule() -> LocalXray {
    let xray = LocalXray::new();
    xray.call(
        "/CreateGroup",
        json!({ "GroupName": "known", "FilterExpression": "ok" }),
    );
    let mut rule = complete_request("CreateSamplingRule").unwrap();
    rule["SamplingRule"]["RuleName"] = json!("known");
    xray.call("/CreateSamplingRule", rule);
    xray
}

fn set_member(value: &mut Value, path: &[String], new: Value) {
    match path {
        [] => *value = new,
        [first, rest @ ..] => match first.as_str() {
            "[]" if rest.is_empty() => *value = json!([new]),
            "[]" => set_member(&mut value[0], rest, new),
            "{key}" => {
                let key = new.as_str().unwrap().to_owned();
                *value = Value::Object(Map::from_iter([(key, json!("red"))]));
            }
            "{value}" => *value = json!({ "colour": new }),
            name => set_member(&mut value[name], rest, new),
        },
    }
}

fn operations() -> Value {
    serde_json::from_str(include_str!("model/constraints.json")).unwrap()
}

/// Returns all members of the implemented operations, except members that are nested in an unsupported
/// member.
fn implemented_members() -> Vec<Member> {
    let operations = operations();
    let all_operations = operations.as_object().unwrap().iter();
    let implemented_operations =
        all_operations.filter(|(name, _)| complete_request(name).is_some());
    let members = implemented_operations.flat_map(|(name, operation)| {
        let members = operation["members"].as_array().unwrap();
        members.iter().map(|member| Member {
            operation: name.clone(),
            path: operation["path"].as_str().unwrap().to_owned(),
            member_path: serde_json::from_value(member["at"].clone()).unwrap(),
            constraints: member.clone(),
        })
    });
    members
        .filter(|member| !member.is_inside_unsupported())
        .collect()
}

#[test]
fn complete_requests_contain_every_supported_member_and_are_accepted() {
    for member in implemented_members() {
        member.assert_accepted(&complete_request(&member.operation).unwrap());
        let request = complete_request(&member.operation).unwrap();
        let pointer = member.member_path.iter().map(|name| match name.as_str() {
            "[]" => "/0".to_owned(),
            "{key}" | "{value}" => "/colour".to_owned(),
            name => format!("/{name}"),
        });
        let is_present = request.pointer(&pointer.collect::<String>()).is_some();
        assert_ne!(
            is_present,
            member.is_unsupported(),
            "{} {}",
            member.operation,
            member.name()
        );
    }
}

#[test]
fn a_member_of_a_wrong_type_is_refused() {
    for member in implemented_members() {
        let model_type = member.constraints["type"].as_str().unwrap();
        for value in values_of_all_types() {
            let is_key = member.member_path.ends_with(&["{key}".to_owned()]);
            if !is_key && (member.is_unsupported() || !has_type(model_type, &value)) {
                member.assert_refused(&member.request_with(value));
            }
        }
        if model_type == "integer" {
            for large in [1_i64 << 31, -(1 << 31) - 1, i64::MAX] {
                member.assert_refused(&member.request_with(json!(large)));
            }
        }
    }
}

#[test]
fn a_required_member_must_be_present_and_any_other_can_be_absent_or_null() {
    for member in implemented_members() {
        let is_required_without_arn =
            REQUIRED_WITHOUT_ARN.contains(&(&member.operation, &member.name()));
        let is_required = member.constraints["required"] == true || is_required_without_arn;
        let last_name = member.member_path.last().unwrap();
        match last_name.as_str() {
            "{key}" => {}
            "[]" | "{value}" => member.assert_refused(&member.request_with(Value::Null)),
            // The service model declares the name of a rule as optional, but the creation of a rule requires
            // a name.
            _ if is_required || member.name() == "SamplingRule.RuleName" => {
                member.assert_refused(&member.request_without());
                member.assert_refused(&member.request_with(Value::Null));
            }
            _ => {
                member.assert_accepted(&member.request_without());
                let mut request = complete_request(&member.operation).unwrap();
                set_member(&mut request, &member.member_path, Value::Null);
                member.assert_accepted(&request);
            }
        }
    }
}

#[test]
fn a_value_at_a_bound_is_accepted_and_a_value_beyond_it_is_refused() {
    let mut bound_count = 0;
    for member in implemented_members() {
        for (bound, step_beyond) in [("min", -1), ("max", 1)] {
            let Some(model_bound) = member.constraints[bound].as_i64() else {
                continue;
            };
            let model_type = member.constraints["type"].as_str().unwrap();
            let limits_size = matches!(model_type, "string" | "list" | "map");
            if member.is_unsupported() || limits_size && bound == "min" && model_bound == 0 {
                continue;
            }
            bound_count += 1;
            let limit = stricter_bound(&member.name(), bound).unwrap_or(model_bound);
            for beyond in [limit + step_beyond, model_bound + step_beyond] {
                member.assert_refused(&member.request_with(value_of_size(&member, beyond)));
            }
            if model_type == "double" {
                member.assert_refused(
                    &member.request_with(json!(limit as f64 + 0.001 * step_beyond as f64)),
                );
            }
            member.assert_accepted(&member.request_with(value_of_size(&member, limit)));
        }
    }
    assert!(bound_count > 60, "{bound_count}");
}

#[test]
fn an_enum_accepts_exactly_its_values() {
    let mut value_count = 0;
    for member in implemented_members() {
        let Some(values) = member.constraints["enum"].as_array() else {
            continue;
        };
        for value in values {
            value_count += 1;
            member.assert_accepted(&member.request_with(value.clone()));
            let value = value.as_str().unwrap();
            for other in [value.to_lowercase(), format!("{value} "), String::new()] {
                member.assert_refused(&member.request_with(json!(other)));
            }
            member.assert_refused(&member.request_with(json!({ value: null })));
        }
    }
    assert_eq!(value_count, 5);
}

#[test]
fn an_unknown_member_is_ignored_and_an_unknown_operation_is_refused() {
    for (name, operation) in operations().as_object().unwrap() {
        let Some(path) = operation["path"].as_str() else {
            continue;
        };
        match complete_request(name) {
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
                    let response = xray_with_group_and_rule()
                        .0
                        .call_operation(path, body.as_bytes());
                    assert!(response.is_err(), "{path} {body}");
                }
                request["Colour"] = json!("red");
                xray_with_group_and_rule().call(path, request);
            }
            None => {
                let error = xray_with_group_and_rule()
                    .try_call(path, json!({}))
                    .unwrap_err();
                assert_eq!(error.exception_name(), "InvalidRequestException");
                assert_eq!(
                    error.to_string(),
                    format!("This local X-Ray has no operation {path}")
                );
            }
        }
    }
}
