//! Amazon Resource Names (ARNs). All ARNs have the same fixed region and account, because a local X-Ray
//! has neither.

/// The ARN of an X-Ray resource. `resource_type` is `group` or `sampling-rule`.
pub fn resource_arn(resource_type: &str, name: &str) -> String {
    format!("arn:aws:xray:us-east-1:000000000000:{resource_type}/{name}")
}
