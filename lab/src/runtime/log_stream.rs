//! The log stream of a container, from the `logConfiguration` of its task definition.

use ecs::Launch;

use crate::logs::LogStream;

/// The log stream of the container with this index. Returns `None` if its lines do not go to CloudWatch Logs.
pub fn of(launch: &Launch, container: usize) -> Option<LogStream> {
    let containers = launch.definition.document.get("containerDefinitions")?;
    let configuration = containers.get(container)?.get("logConfiguration")?;
    if configuration.get("logDriver")? != "awslogs" {
        return None;
    }
    let options = configuration.get("options")?;
    let group = options.get("awslogs-group")?.as_str()?;
    // On Fargate, the prefix is required.
    let prefix = options.get("awslogs-stream-prefix")?.as_str()?;
    let container = &launch.definition.containers.get(container)?.name;
    Some(LogStream {
        group: group.to_owned(),
        name: format!("{prefix}/{container}/{}", launch.id),
    })
}
