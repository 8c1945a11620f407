//! Scaling policies: put, delete, describe.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{Error, shorten};

use super::constraints::Constraints;
use super::step_requests::{self, StepRequest};
use super::targets::dimension_without_resource;
use super::tracking_requests::{self, TrackingRequest};
use super::{DIMENSION, NAMESPACE, Page, identity, invalid, list, service_of, timestamp};
use crate::capacity::ServiceId;
use crate::names::{alarm_arn, policy_arn};
use crate::policy::{Kind, Policy};
use crate::scaling::Shared;
use crate::target::Target;
use crate::tracking::{AlarmNames, TargetTracking};

/// Most policies of a target: a quota of AWS.
const MAX_POLICIES: usize = 50;

/// Most policies on a page.
const PAGE_LIMIT: i32 = 10;

/// The policy types in AWS's error message.
const POLICY_TYPES: [&str; 4] = [
    "PredictiveScaling",
    "RightSizing",
    "StepScaling",
    "TargetTrackingScaling",
];

const STEP: &str = "StepScaling";
const TRACKING: &str = "TargetTrackingScaling";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct PutScalingPolicy {
    policy_name: Option<String>,
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    policy_type: Option<String>,
    step_scaling_policy_configuration: Option<StepRequest>,
    target_tracking_scaling_policy_configuration: Option<TrackingRequest>,
    /// Not implemented.
    predictive_scaling_policy_configuration: Option<Value>,
}

/// Creates a policy, or changes it. The alarms of a target tracking policy are created anew with each change.
pub async fn put(shared: &Shared, request: PutScalingPolicy) -> Result<Value, Error> {
    let mut constraints = Constraints::default();
    let name = constraints.required("policyName", &request.policy_name);
    let (namespace, resource_id, dimension) = constraints.target(
        &request.service_namespace,
        &request.resource_id,
        &request.scalable_dimension,
    );
    let step = request.step_scaling_policy_configuration.as_ref();
    let tracking = request
        .target_tracking_scaling_policy_configuration
        .as_ref();
    constraints.policy_name(request.policy_name.as_deref());
    constraints.one_of("policyType", request.policy_type.as_deref(), &POLICY_TYPES);
    if let Some(step) = step {
        step.constrain(&mut constraints);
    }
    if let Some(tracking) = tracking {
        tracking.constrain(&mut constraints);
    }
    constraints.check()?;
    if request.predictive_scaling_policy_configuration.is_some() {
        return Err(invalid(
            "PredictiveScalingPolicyConfiguration is not implemented",
        ));
    }
    let mut state = shared.state.lock().await;
    let service = service_of(namespace, resource_id, dimension);
    let found = service.and_then(|service| Some((state.targets.get_mut(&service)?, service)));
    let Some((target, service)) = found else {
        let identity = identity(namespace, resource_id, dimension);
        let message = format!("No scalable target registered for {identity}");
        return Err(Error::bad_request("ObjectNotFoundException", message));
    };
    let known = target.policies.get(name);
    let policy_type = policy_type(request.policy_type.as_deref(), known)?;
    let is_of_other_type = match policy_type {
        STEP => tracking.is_some(),
        _ => step.is_some(),
    };
    if is_of_other_type {
        return Err(invalid(
            "You must only provide a single scaling policy configuration, which must match the scaling policy type specified.",
        ));
    }
    if known.is_none() && step.is_none() && tracking.is_none() {
        return Err(invalid(format!(
            "{policy_type} policy configuration must be specified"
        )));
    }
    if known.is_none() && target.policies.len() >= MAX_POLICIES {
        let message = format!("A scalable target can have at most {MAX_POLICIES} scaling policies");
        return Err(Error::bad_request("LimitExceededException", message));
    }
    let arn = known.map_or_else(
        || policy_arn(target.id, &service, name),
        |known| known.arn.clone(),
    );
    let kind = if let Some(step) = step {
        let known = known.and_then(|known| match &known.kind {
            Kind::Step(step) => Some(step),
            Kind::Tracking { .. } => None,
        });
        Some(Kind::Step(step.merge(known)?))
    } else if let Some(tracking) = tracking {
        Some(track(shared, target, &service, name, &arn, tracking).await?)
    } else {
        None
    };
    let policy = match (target.policies.get_mut(name), kind) {
        (Some(known), Some(kind)) => {
            let replaced = std::mem::replace(&mut known.kind, kind);
            if let Kind::Tracking { alarms, .. } = replaced {
                shared.alarms.delete(alarms.all().cloned().collect()).await;
            }
            known.low = None;
            known
        }
        (None, Some(kind)) => {
            let policy = Policy {
                name: name.to_owned(),
                arn,
                created_at: shared.now(),
                kind,
                last_change: None,
                low: None,
            };
            target.policies.entry(name.to_owned()).or_insert(policy)
        }
        (Some(known), None) => known,
        (None, None) => return Err(invalid("Scaling policy type must be specified")),
    };
    Ok(json!({
        "PolicyARN": policy.arn,
        "Alarms": alarms(shared, policy).await,
    }))
}

/// The type of a policy after a request.
fn policy_type(requested: Option<&str>, known: Option<&Policy>) -> Result<&'static str, Error> {
    let known = known.map(|known| type_of(&known.kind));
    let requested = match requested {
        None => None,
        Some(STEP) => Some(STEP),
        Some(TRACKING) => Some(TRACKING),
        Some(other) => {
            return Err(invalid(format!(
                "The policy type {other} is not implemented, only {STEP} and {TRACKING}"
            )));
        }
    };
    match (requested, known) {
        (Some(requested), Some(known)) if requested != known => Err(invalid(
            "You cannot change a StepScaling policy to a non StepScaling policy, or vice versa.",
        )),
        _ => requested
            .or(known)
            .ok_or_else(|| invalid("Scaling policy type must be specified")),
    }
}

fn type_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Step(_) => STEP,
        Kind::Tracking { .. } => TRACKING,
    }
}

/// Checks the configuration of a target tracking policy, and creates its alarms.
async fn track(
    shared: &Shared,
    target: &Target,
    service: &ServiceId,
    name: &str,
    arn: &str,
    request: &TrackingRequest,
) -> Result<Kind, Error> {
    let known = target.policies.get(name).map(|policy| &policy.kind);
    let (known, created_by) = match known {
        Some(Kind::Tracking {
            configuration,
            created_by,
            ..
        }) => (Some(configuration), *created_by),
        _ => (None, Uuid::new_v4()),
    };
    let capacity = shared.desired_count.get(service).await.unwrap_or_default();
    let configuration = request.merge(known, service, &capacity)?;
    let is_same_metric = |policy: &&Policy| {
        policy.name != name
            && matches!(&policy.kind, Kind::Tracking { configuration: other, .. } if other.metric == configuration.metric)
    };
    if target
        .policies
        .values()
        .any(|policy| is_same_metric(&policy))
    {
        return Err(invalid(
            "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
        ));
    }
    let alarms = new_alarm_names(service, &configuration);
    let action = Policy::created_by_arn(arn, created_by);
    let mut created = Vec::new();
    for alarm in configuration.alarms(service, &alarms, &action) {
        let name = alarm["AlarmName"].as_str().unwrap_or_default().to_owned();
        if let Err(error) = shared.alarms.put(alarm).await {
            shared.alarms.delete(created).await;
            return Err(error);
        }
        created.push(name);
    }
    Ok(Kind::Tracking {
        configuration,
        alarms,
        created_by,
    })
}

fn new_alarm_names(service: &ServiceId, configuration: &TargetTracking) -> AlarmNames {
    let name = |side: &str| format!("TargetTracking-{service}-Alarm{side}-{}", Uuid::new_v4());
    AlarmNames {
        high: name("High"),
        low: configuration.scales_in().then(|| name("Low")),
    }
}

/// The alarms of a policy. Those of a step scaling policy are the alarms that have its ARN as an action.
async fn alarms(shared: &Shared, policy: &Policy) -> Vec<Value> {
    let names = match &policy.kind {
        Kind::Step(_) => shared.alarms.with_action(&policy.arn).await,
        Kind::Tracking { alarms, .. } => alarms.all().cloned().collect(),
    };
    let alarms = names
        .into_iter()
        .map(|name| json!({ "AlarmARN": alarm_arn(&name), "AlarmName": name }));
    alarms.collect()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DeleteScalingPolicy {
    policy_name: Option<String>,
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
}

/// Deletes a policy and the actions of alarms that name it, and the alarms of a target tracking policy.
pub async fn delete(shared: &Shared, request: DeleteScalingPolicy) -> Result<Value, Error> {
    let mut constraints = Constraints::default();
    let name = constraints.required("policyName", &request.policy_name);
    let (namespace, resource_id, dimension) = constraints.target(
        &request.service_namespace,
        &request.resource_id,
        &request.scalable_dimension,
    );
    constraints.text("policyName", request.policy_name.as_deref());
    constraints.check()?;
    let mut state = shared.state.lock().await;
    let service = service_of(namespace, resource_id, dimension);
    let target = service.and_then(|service| state.targets.get_mut(&service));
    let Some(policy) = target.and_then(|target| target.policies.remove(name)) else {
        let identity = identity(namespace, resource_id, dimension);
        let message = format!(
            "No scaling policy found for {identity}, policy name: {}",
            shorten(name)
        );
        return Err(Error::bad_request("ObjectNotFoundException", message));
    };
    shared.remove_from_alarms(policy).await;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeScalingPolicies {
    policy_names: Option<Vec<String>>,
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
}

pub async fn describe(shared: &Shared, request: DescribeScalingPolicies) -> Result<Value, Error> {
    let names = request.policy_names.unwrap_or_default();
    let resource_id = request.resource_id.as_deref();
    let dimension = request.scalable_dimension.as_deref();
    let mut constraints = Constraints::default();
    let namespace = constraints.required("serviceNamespace", &request.service_namespace);
    constraints.namespace(request.service_namespace.as_deref());
    constraints.texts("policyNames", &names);
    constraints.text("resourceId", resource_id);
    constraints.dimension(dimension);
    constraints.check()?;
    if dimension.is_some() && resource_id.is_none() {
        return Err(dimension_without_resource());
    }
    let is_other = namespace != NAMESPACE || dimension.is_some_and(|it| it != DIMENSION);
    let state = shared.state.lock().await;
    let policies = state.targets.iter().flat_map(|(service, target)| {
        let policies = target.policies.values();
        policies.map(|policy| (service.to_string(), policy))
    });
    let mut policies: Vec<_> = policies
        .filter(|(id, policy)| {
            let is_named = names.is_empty() || names.contains(&policy.name);
            !is_other && is_named && resource_id.is_none_or(|asked| asked == id)
        })
        .map(|(id, policy)| (format!("{id}:{}", policy.name), (id, policy)))
        .collect();
    policies.sort_by(|(a, _), (b, _)| a.cmp(b));
    let page = Page {
        max_results: request.max_results,
        next_token: request.next_token.as_deref(),
        limit: PAGE_LIMIT,
    };
    let query = ("policies", namespace, &names, resource_id, dimension);
    let (policies, next_token) = page.of(policies, query)?;
    let mut descriptions = Vec::new();
    for (id, policy) in policies {
        descriptions.push(describe_policy(shared, &id, policy).await);
    }
    Ok(list("ScalingPolicies", descriptions, next_token))
}

async fn describe_policy(shared: &Shared, resource_id: &str, policy: &Policy) -> Value {
    let (configuration, value) = match &policy.kind {
        Kind::Step(step) => (
            "StepScalingPolicyConfiguration",
            step_requests::describe(step),
        ),
        Kind::Tracking { configuration, .. } => (
            "TargetTrackingScalingPolicyConfiguration",
            tracking_requests::describe(configuration),
        ),
    };
    json!({
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": NAMESPACE,
        "ResourceId": resource_id,
        "ScalableDimension": DIMENSION,
        "PolicyType": type_of(&policy.kind),
        configuration: value,
        "Alarms": alarms(shared, policy).await,
        "CreationTime": timestamp(policy.created_at),
    })
}
