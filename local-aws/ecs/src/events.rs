//! The texts of service events, as Amazon ECS words them.
//!
//! Sources: service events that users of Amazon ECS published (2021 to 2026), and the developer guide, "Amazon ECS service
//! event messages" and "Amazon ECS service unhealthy event messages".

/// Tasks were started; `replaced` of them replace unhealthy ones.
pub fn started(ids: &[String], replaced: usize) -> String {
    let tasks = list(ids);
    let text = format!("has started {} tasks: {tasks}.", ids.len());
    match replaced {
        0 => text,
        _ => format!("{text} Amazon ECS replaced {replaced} tasks due to an unhealthy status."),
    }
}

/// Running tasks were stopped.
pub fn stopped(ids: &[String]) -> String {
    format!("has stopped {} running tasks: {}.", ids.len(), list(ids))
}

/// Tasks that did not run yet were stopped.
pub fn stopped_pending(count: usize) -> String {
    format!("stopped {count} pending tasks.")
}

/// Tasks were registered in a target group. This text and the next end without a full stop.
pub fn registered(count: usize, target_group_arn: &str) -> String {
    format!("registered {count} targets in (target-group {target_group_arn})")
}

/// Tasks were deregistered from a target group.
pub fn deregistered(count: usize, target_group_arn: &str) -> String {
    format!("deregistered {count} targets in (target-group {target_group_arn})")
}

/// Tasks that were deregistered finish their requests. The only text that names the deployment beside the service: it is the
/// whole message.
pub fn draining(service: &str, deployment: &str, count: usize) -> String {
    format!(
        "(service {service}, taskSet ecs-svc/{deployment}) has begun draining connections on {count} tasks."
    )
}

/// The load balancer reports a task unhealthy.
pub fn unhealthy_target(id: &str, port: u16, target_group_arn: &str, reason: &str) -> String {
    format!(
        "(task {id}) (port {port}) is unhealthy in (target-group {target_group_arn}) due to (reason {reason})."
    )
}

/// An essential container of a task fails its health check.
pub fn unhealthy_container(id: &str) -> String {
    format!("(task {id}) failed container health checks.")
}

/// A deployment has replaced all tasks.
pub fn completed(deployment: &str) -> String {
    format!("(deployment ecs-svc/{deployment}) deployment completed.")
}

/// A deployment has failed.
pub fn failed(deployment: &str) -> String {
    format!("(deployment ecs-svc/{deployment}) deployment failed: tasks failed to start.")
}

/// A completed deployment becomes PRIMARY again.
pub fn rolling_back(deployment: &str) -> String {
    format!("rolling back to deployment ecs-svc/{deployment}.")
}

/// As many healthy tasks run as are desired, and nothing changes.
pub const STEADY: &str = "has reached a steady state.";

/// Tasks fail again and again before they are healthy.
pub const IMPAIRED: &str = "is unable to consistently start tasks successfully.";

/// The limits of healthy tasks allow neither a start nor a stop.
pub const BLOCKED: &str = "was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.";

/// A task could not be started. The reason is that of its stop.
pub fn start_failed(reason: &str) -> String {
    format!(
        "was unable to place a task. Reason: {}.",
        reason.trim_end_matches('.')
    )
}

/// The limit of tasks prevents a start. The number is not part of the text of Amazon ECS, where it depends on the account.
pub fn limit_reached(max_tasks: u32) -> String {
    format!(
        "was unable to place a task. Reason: You've reached the limit on the number of tasks you can run concurrently ({max_tasks})."
    )
}

fn list(ids: &[String]) -> String {
    let tasks: Vec<_> = ids.iter().map(|id| format!("(task {id})")).collect();
    tasks.join(" ")
}
