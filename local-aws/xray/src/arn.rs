//! Amazon Resource Names (ARNs).

use wire::{REGION, arn};

/// The ARN of an X-Ray resource. `resource_type` is `group` or `sampling-rule`.
pub fn resource_arn(resource_type: &str, name: &str) -> String {
    arn("xray", REGION, &format!("{resource_type}/{name}"))
}
