//! Amazon Resource Names (ARNs).

/// The account of all resources. A local AWS has only one account.
pub const ACCOUNT: &str = "000000000000";

/// The region of all resources.
pub const REGION: &str = "us-east-1";

/// Returns the ARN of `resource`, for example `group/slow`. `region` is empty for a service without regions.
pub fn arn(service: &str, region: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{region}:{ACCOUNT}:{resource}")
}
