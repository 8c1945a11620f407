//! Rules: describe, create, modify, delete, set priorities.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::Error;

use super::actions::{self, Action};
use super::conditions::{self, Condition};
use super::pages::page;
use super::{check_form, check_listener, in_range, invalid};
use crate::forward::Forward;
use crate::listener::{Rule, RuleError};
use crate::load_balancer::LoadBalancer;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeRules {
    listener_arn: Option<String>,
    #[serde(default)]
    rule_arns: Vec<String>,
    marker: Option<String>,
    page_size: Option<i64>,
}

pub fn describe(load_balancer: &LoadBalancer, request: &DescribeRules) -> Result<Value, Error> {
    let DescribeRules {
        listener_arn,
        rule_arns,
        marker,
        page_size,
    } = request;
    match listener_arn {
        Some(_) if !rule_arns.is_empty() => {
            return Err(invalid(
                "Listener rule ARNs and a listener ARN cannot be specified at the same time",
            ));
        }
        Some(listener) => check_listener(load_balancer, listener)?,
        None if rule_arns.is_empty() => {
            return Err(invalid(
                "You must specify either listener rule ARNs or a listener ARN",
            ));
        }
        None => {}
    }
    let listener = load_balancer.listener();
    let rules = listener.rules().iter().map(|rule| {
        let key = format!("{:05}", rule.priority);
        (
            key,
            load_balancer.names.rule_arn(&rule.id),
            describe_rule(load_balancer, rule),
        )
    });
    let default = (
        "default".to_owned(),
        load_balancer.names.default_rule_arn(),
        describe_default(load_balancer, listener.default_action()),
    );
    let rules: Vec<_> = rules.chain([default]).collect();
    for arn in rule_arns {
        if rules.iter().all(|(_, known, _)| known != arn) {
            check_form(arn, "listener-rule", "listener rule")?;
            return Err(RuleError::UnknownRule.into());
        }
    }
    let is_asked = |arn: &String| rule_arns.is_empty() || rule_arns.contains(arn);
    let rules = rules.into_iter().filter(|(_, arn, _)| is_asked(arn));
    let rules = rules.map(|(key, _, rule)| (key, rule));
    let query = (listener_arn, rule_arns);
    page("Rules", rules, query, marker.as_deref(), *page_size)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct CreateRule {
    listener_arn: String,
    conditions: Vec<Condition>,
    priority: i64,
    actions: Vec<Action>,
}

pub fn create(load_balancer: &LoadBalancer, request: CreateRule) -> Result<Value, Error> {
    check_listener(load_balancer, &request.listener_arn)?;
    let rule = Rule {
        id: format!("{:016x}", rand::random::<u64>()),
        priority: check_priority(request.priority)?,
        patterns: conditions::parse(request.conditions)?,
        forward: actions::parse(load_balancer, request.actions)?,
    };
    let description = describe_rule(load_balancer, &rule);
    load_balancer.change(|listener| listener.add(rule))?;
    Ok(json!({ "Rules": [description] }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ModifyRule {
    rule_arn: String,
    #[serde(default)]
    conditions: Vec<Condition>,
    #[serde(default)]
    actions: Vec<Action>,
}

pub fn modify(load_balancer: &LoadBalancer, request: ModifyRule) -> Result<Value, Error> {
    let id = id(load_balancer, &request.rule_arn, "cannot be modified")?;
    let (conditions, actions) = (request.conditions, request.actions);
    if conditions.is_empty() && actions.is_empty() {
        let message = "Either conditions or actions must be specified";
        return Err(invalid(message));
    }
    let patterns = match conditions.is_empty() {
        true => None,
        false => Some(conditions::parse(conditions)?),
    };
    let forward = match actions.is_empty() {
        true => None,
        false => Some(actions::parse(load_balancer, actions)?),
    };
    let description = load_balancer.change(|listener| {
        let rule = listener.replace(id, patterns, forward)?;
        Ok(describe_rule(load_balancer, rule))
    })?;
    Ok(json!({ "Rules": [description] }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DeleteRule {
    rule_arn: String,
}

pub fn delete(load_balancer: &LoadBalancer, request: &DeleteRule) -> Result<Value, Error> {
    let id = id(load_balancer, &request.rule_arn, "cannot be deleted")?;
    load_balancer.change(|listener| listener.remove(id))?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct SetRulePriorities {
    rule_priorities: Vec<RulePriority>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct RulePriority {
    rule_arn: String,
    priority: i64,
}

pub fn set_priorities(
    load_balancer: &LoadBalancer,
    request: &SetRulePriorities,
) -> Result<Value, Error> {
    if request.rule_priorities.is_empty() {
        return Err(invalid("Rule priorities must be specified"));
    }
    let priorities = request.rule_priorities.iter().map(|rule| {
        let id = id(
            load_balancer,
            &rule.rule_arn,
            "cannot have another priority",
        )?;
        Ok((id, check_priority(rule.priority)?))
    });
    let priorities = priorities.collect::<Result<Vec<_>, Error>>()?;
    let rules: Vec<_> = load_balancer.change(|listener| {
        listener.set_priorities(&priorities)?;
        let is_listed = |rule: &&Rule| priorities.iter().any(|(id, _)| *id == rule.id);
        let rules = listener.rules().iter().filter(is_listed);
        Ok(rules
            .map(|rule| describe_rule(load_balancer, rule))
            .collect())
    })?;
    Ok(json!({ "Rules": rules }))
}

/// The id of a rule that can be changed. `refusal` says what an operation cannot do with the default rule.
fn id<'a>(load_balancer: &LoadBalancer, arn: &'a str, refusal: &str) -> Result<&'a str, Error> {
    if arn == load_balancer.names.default_rule_arn() {
        let message = format!("Default rule '{arn}' {refusal}");
        return Err(Error::bad_request("OperationNotPermitted", message));
    }
    check_form(arn, "listener-rule", "listener rule")?;
    let id = load_balancer.names.id_of_rule(arn);
    Ok(id.ok_or(RuleError::UnknownRule)?)
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        let (code, message) = match error {
            RuleError::UnknownRule => ("RuleNotFound", "One or more rules not found".to_owned()),
            RuleError::PriorityInUse(priority) => (
                "PriorityInUse",
                format!("Priority '{priority}' is currently in use"),
            ),
            RuleError::TooManyRules(maximum) => (
                "TooManyRules",
                format!("The load balancer already has {maximum} rules"),
            ),
            RuleError::RepeatedRule => (
                "ValidationError",
                "A rule was provided multiple times".to_owned(),
            ),
            RuleError::RepeatedPriority(priority) => (
                "ValidationError",
                format!("Priority '{priority}' was provided multiple times"),
            ),
        };
        Self::bad_request(code, message)
    }
}

fn check_priority(priority: i64) -> Result<u16, Error> {
    in_range("priority", priority, 1, 50_000)
}

fn describe_rule(load_balancer: &LoadBalancer, rule: &Rule) -> Value {
    json!({
        "RuleArn": load_balancer.names.rule_arn(&rule.id),
        "Priority": rule.priority.to_string(),
        "Conditions": conditions::describe(&rule.patterns),
        "Actions": actions::describe(&rule.forward),
        "IsDefault": false,
    })
}

fn describe_default(load_balancer: &LoadBalancer, forward: &Forward) -> Value {
    json!({
        "RuleArn": load_balancer.names.default_rule_arn(),
        "Priority": "default",
        "Conditions": [],
        "Actions": actions::describe(forward),
        "IsDefault": true,
    })
}
