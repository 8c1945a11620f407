//! Scalable targets: register, deregister, describe.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use wire::{Error, shorten};

use super::constraints::Constraints;
use super::{DIMENSION, NAMESPACE, Page, identity, invalid, list, service_of, timestamp};
use crate::capacity::ServiceId;
use crate::names;
use crate::scaling::Shared;
use crate::target::{Suspended, Target};

/// Most targets on a page.
const PAGE_LIMIT: i32 = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct RegisterScalableTarget {
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    min_capacity: Option<i32>,
    max_capacity: Option<i32>,
    #[serde(rename = "RoleARN")]
    role_arn: Option<String>,
    suspended_state: Option<SuspendedState>,
    tags: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SuspendedState {
    dynamic_scaling_in_suspended: Option<bool>,
    dynamic_scaling_out_suspended: Option<bool>,
    scheduled_scaling_suspended: Option<bool>,
}

/// Registers a target, or changes what the request has of a registered one. Sets the desired count if it is outside the
/// bounds.
pub async fn register(shared: &Shared, request: RegisterScalableTarget) -> Result<Value, Error> {
    let service = check(&request)?;
    let mut state = shared.state.lock().await;
    let Some(capacity) = shared.desired_count.get(&service).await else {
        let service = service.to_string();
        let message = format!("ECS service doesn't exist: {}", shorten(&service));
        return Err(invalid(message));
    };
    let known = state.targets.get(&service);
    let bounds = bounds(
        request.min_capacity,
        request.max_capacity,
        known.map(|target| (target.min, target.max)),
    )?;
    let target = state.targets.entry(service.clone());
    let target = target.or_insert_with(|| Target {
        id: Uuid::new_v4(),
        min: 0,
        max: 0,
        suspended: Suspended::default(),
        created_at: shared.now(),
        policies: Default::default(),
    });
    (target.min, target.max) = bounds;
    if let Some(suspended) = request.suspended_state {
        let change = |setting: &mut bool, value: Option<bool>| *setting = value.unwrap_or(*setting);
        let settings = &mut target.suspended;
        change(
            &mut settings.scale_in,
            suspended.dynamic_scaling_in_suspended,
        );
        change(
            &mut settings.scale_out,
            suspended.dynamic_scaling_out_suspended,
        );
        change(
            &mut settings.scheduled,
            suspended.scheduled_scaling_suspended,
        );
    }
    let arn = names::target_arn(target.id);
    shared
        .enforce_bounds(&mut state, &service, capacity.desired)
        .await;
    Ok(json!({ "ScalableTargetARN": arn }))
}

/// Checks what can be checked without the state. Returns the service that the request names.
fn check(request: &RegisterScalableTarget) -> Result<ServiceId, Error> {
    let mut constraints = Constraints::default();
    let (namespace, resource_id, dimension) = constraints.target(
        &request.service_namespace,
        &request.resource_id,
        &request.scalable_dimension,
    );
    constraints.text("roleARN", request.role_arn.as_deref());
    constraints.check()?;
    if namespace != NAMESPACE {
        let message =
            format!("The service namespace '{namespace}' is not implemented, only '{NAMESPACE}'");
        return Err(invalid(message));
    }
    if request.tags.is_some() {
        return Err(invalid("Tags of scalable targets are not implemented"));
    }
    // AWS uses its service-linked role, whichever role the request has.
    let role = request.role_arn.as_deref();
    if let Some(role) =
        role.filter(|role| role.splitn(6, ':').count() < 6 || !role.starts_with("arn:"))
    {
        let message = format!("'{}' is not a valid ARN", shorten(role));
        return Err(invalid(message));
    }
    service_of(namespace, resource_id, dimension).ok_or_else(|| {
        invalid("Unsupported service namespace, resource type or scalable dimension")
    })
}

/// The bounds after a request. A bound that it does not have stays as it is.
fn bounds(
    min: Option<i32>,
    max: Option<i32>,
    known: Option<(u32, u32)>,
) -> Result<(u32, u32), Error> {
    let (known_min, known_max) = known.unzip();
    let Some(min) = min.map(i64::from).or(known_min.map(i64::from)) else {
        return Err(invalid("Minimum capacity must be specified"));
    };
    let Some(max) = max.map(i64::from).or(known_max.map(i64::from)) else {
        return Err(invalid("Maximum capacity must be specified"));
    };
    let Ok(min) = u32::try_from(min) else {
        return Err(invalid("Minimum capacity cannot be less than 0"));
    };
    match u32::try_from(max) {
        Ok(max) if max >= min => Ok((min, max)),
        _ => Err(invalid(
            "Maximum capacity cannot be less than minimum capacity",
        )),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DeregisterScalableTarget {
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
}

/// Deregisters a target. Its policies are deleted as by `DeleteScalingPolicy`, its activities stay.
pub async fn deregister(
    shared: &Shared,
    request: DeregisterScalableTarget,
) -> Result<Value, Error> {
    let mut constraints = Constraints::default();
    let (namespace, resource_id, dimension) = constraints.target(
        &request.service_namespace,
        &request.resource_id,
        &request.scalable_dimension,
    );
    constraints.check()?;
    let service = service_of(namespace, resource_id, dimension);
    let mut state = shared.state.lock().await;
    let target = service.and_then(|service| state.targets.remove(&service));
    let Some(target) = target else {
        let identity = identity(namespace, resource_id, dimension);
        let message = format!("No scalable target found for {identity}");
        return Err(Error::bad_request("ObjectNotFoundException", message));
    };
    shared.delete_policies(target).await;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeScalableTargets {
    service_namespace: Option<String>,
    #[serde(default)]
    resource_ids: Option<Vec<String>>,
    scalable_dimension: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
}

pub async fn describe(shared: &Shared, request: DescribeScalableTargets) -> Result<Value, Error> {
    let resource_ids = request.resource_ids.unwrap_or_default();
    let dimension = request.scalable_dimension.as_deref();
    let mut constraints = Constraints::default();
    let namespace = constraints.required("serviceNamespace", &request.service_namespace);
    constraints.namespace(request.service_namespace.as_deref());
    constraints.texts("resourceIds", &resource_ids);
    constraints.dimension(dimension);
    constraints.check()?;
    if dimension.is_some() && resource_ids.is_empty() {
        return Err(dimension_without_resource());
    }
    let is_other = namespace != NAMESPACE || dimension.is_some_and(|it| it != DIMENSION);
    let is_asked =
        |id: &String| !is_other && (resource_ids.is_empty() || resource_ids.contains(id));
    let state = shared.state.lock().await;
    let targets = state.targets.iter().map(|(service, target)| {
        let description = describe_target(service, target);
        (service.to_string(), description)
    });
    let mut targets: Vec<_> = targets.filter(|(id, _)| is_asked(id)).collect();
    targets.sort_by(|(a, _), (b, _)| a.cmp(b));
    let page = Page {
        max_results: request.max_results,
        next_token: request.next_token.as_deref(),
        limit: PAGE_LIMIT,
    };
    let query = ("targets", namespace, &resource_ids, dimension);
    let (targets, next_token) = page.of(targets, query)?;
    Ok(list("ScalableTargets", targets, next_token))
}

/// The error of a request that names a scalable dimension, but no resource. AWS documents the rule, not the message.
pub fn dimension_without_resource() -> Error {
    invalid("ScalableDimension can be specified only together with a resource ID")
}

fn describe_target(service: &ServiceId, target: &Target) -> Value {
    json!({
        "ServiceNamespace": NAMESPACE,
        "ResourceId": service.to_string(),
        "ScalableDimension": DIMENSION,
        "MinCapacity": target.min,
        "MaxCapacity": target.max,
        "RoleARN": names::role_arn(),
        "CreationTime": timestamp(target.created_at),
        "SuspendedState": {
            "DynamicScalingInSuspended": target.suspended.scale_in,
            "DynamicScalingOutSuspended": target.suspended.scale_out,
            "ScheduledScalingSuspended": target.suspended.scheduled,
        },
        "ScalableTargetARN": names::target_arn(target.id),
    })
}
