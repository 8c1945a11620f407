//! The ARNs of scalable targets, policies and alarms.

use uuid::Uuid;
use wire::{ACCOUNT, REGION, arn};

use crate::capacity::ServiceId;

/// The service-linked role that scales services of ECS.
pub fn role_arn() -> String {
    let role = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
    arn("iam", "", &format!("role/aws-service-role/{role}"))
}

/// The ARN of a scalable target. Targets of ECS have the prefix `0ec5` before the digits of their id.
pub fn target_arn(id: Uuid) -> String {
    let resource = format!("scalable-target/0ec5{}", id.simple());
    arn("application-autoscaling", REGION, &resource)
}

/// The ARN of a policy. It contains the id of the target.
pub fn policy_arn(target: Uuid, service: &ServiceId, name: &str) -> String {
    format!(
        "arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:{target}:resource/ecs/{service}:policyName/{name}"
    )
}

/// The ARN of an alarm.
pub fn alarm_arn(name: &str) -> String {
    arn("cloudwatch", REGION, &format!("alarm:{name}"))
}
