//! Scaling activities: describe.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::Error;

use super::constraints::Constraints;
use super::targets::dimension_without_resource;
use super::{DIMENSION, NAMESPACE, Page, list, timestamp};
use crate::activity::{Activity, Reason, Status};
use crate::scaling::Shared;

/// Most activities on a page.
const PAGE_LIMIT: i32 = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct DescribeScalingActivities {
    service_namespace: Option<String>,
    resource_id: Option<String>,
    scalable_dimension: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
    include_not_scaled_activities: Option<bool>,
}

pub async fn describe(shared: &Shared, request: DescribeScalingActivities) -> Result<Value, Error> {
    let resource_id = request.resource_id.as_deref();
    let dimension = request.scalable_dimension.as_deref();
    let mut constraints = Constraints::default();
    let namespace = constraints.required("serviceNamespace", &request.service_namespace);
    constraints.namespace(request.service_namespace.as_deref());
    constraints.text("resourceId", resource_id);
    constraints.dimension(dimension);
    constraints.check()?;
    if dimension.is_some() && resource_id.is_none() {
        return Err(dimension_without_resource());
    }
    let is_other = namespace != NAMESPACE || dimension.is_some_and(|it| it != DIMENSION);
    let with_not_scaled = request.include_not_scaled_activities == Some(true);
    // Shows what has happened until now.
    shared.observe().await;
    let state = shared.state.lock().await;
    let activities = state.history.iter(shared.now()).filter(|activity| {
        let is_of_resource = resource_id.is_none_or(|id| activity.service.to_string() == id);
        !is_other && is_of_resource && (with_not_scaled || activity.reason.is_none())
    });
    let activities = activities.map(|activity| {
        // Newest first: the keys decrease with the number.
        let key = format!("{:020}", u64::MAX - activity.number);
        (key, describe_activity(activity))
    });
    let page = Page {
        max_results: request.max_results,
        next_token: request.next_token.as_deref(),
        limit: PAGE_LIMIT,
    };
    let query = (
        "activities",
        namespace,
        resource_id,
        dimension,
        with_not_scaled,
    );
    let (activities, next_token) = page.of(activities, query)?;
    Ok(list("ScalingActivities", activities, next_token))
}

fn describe_activity(activity: &Activity) -> Value {
    let mut description = Map::new();
    let mut insert = |name: &str, value: Value| description.insert(name.to_owned(), value);
    insert("ActivityId", activity.id.to_string().into());
    insert("ServiceNamespace", NAMESPACE.into());
    insert("ResourceId", activity.service.to_string().into());
    insert("ScalableDimension", DIMENSION.into());
    insert("Description", activity.description.clone().into());
    insert("Cause", activity.cause.clone().into());
    insert("StartTime", timestamp(activity.started_at));
    insert("StatusCode", status_code(activity.status).into());
    if let Some(ended_at) = activity.ended_at {
        insert("EndTime", timestamp(ended_at));
    }
    if let Some(message) = &activity.message {
        insert("StatusMessage", message.clone().into());
    }
    if let Some(reason) = activity.reason {
        insert("NotScaledReasons", json!([describe_reason(reason)]));
    }
    description.into()
}

fn status_code(status: Status) -> &'static str {
    match status {
        Status::InProgress => "InProgress",
        Status::Successful => "Successful",
        Status::Overridden => "Overridden",
        Status::Failed => "Failed",
    }
}

fn describe_reason(reason: Reason) -> Value {
    match reason {
        Reason::AlreadyAtMaxCapacity(max) => {
            json!({ "Code": "AlreadyAtMaxCapacity", "MaxCapacity": max })
        }
        Reason::AlreadyAtMinCapacity(min) => {
            json!({ "Code": "AlreadyAtMinCapacity", "MinCapacity": min })
        }
        Reason::AlreadyAtDesiredCapacity(current) => {
            json!({ "Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": current })
        }
        Reason::AutoScalingAnticipatedFlapping(current) => {
            json!({ "Code": "AutoScalingAnticipatedFlapping", "CurrentCapacity": current })
        }
        Reason::TargetServicePutResourceAsUnscalable => {
            json!({ "Code": "TargetServicePutResourceAsUnscalable" })
        }
    }
}
