//! The description of a task.

use serde_json::{Map, Value, json};
use wire::REGION;

use super::super::names::{container_arn, uuid_from};
use super::super::services::PLATFORM_VERSION;
use super::DesiredStatus;
use crate::definition::Container;
use crate::model::{ContainerState, StopCode, Task, TaskStatus};
use crate::runtime::{Binding, Started};
use crate::state::State;
use crate::time::Timestamp;

/// Storage that each task on Fargate has without `ephemeralStorage`.
const STORAGE_GIB: u32 = 20;

/// The member `task` of responses.
pub fn describe_task(state: &State, task: &Task) -> Value {
    let arn = state.arn("task", &task.id);
    let definitions = task.definition.containers.iter();
    let containers = definitions.zip(&task.containers).enumerate();
    let containers = containers.map(|(index, (definition, container))| {
        let mut description = describe_container(task, definition, container);
        description.insert(
            "containerArn".to_owned(),
            container_arn(&state.config.cluster, &task.id, index).into(),
        );
        description.insert("taskArn".to_owned(), arn.clone().into());
        Value::from(description)
    });
    let overrides = task.definition.containers.iter();
    let overrides = overrides.map(|container| json!({ "name": container.name }));
    let started = task.started.as_ref();
    let attachments = started.map(|started| describe_attachment(task, started));
    let mut description = Map::from_iter(
        [
            ("taskArn", json!(arn)),
            ("clusterArn", json!(state.cluster_arn())),
            ("taskDefinitionArn", json!(task.definition.arn())),
            ("group", json!(format!("service:{}", task.service))),
            ("startedBy", json!(format!("ecs-svc/{}", task.deployment))),
            ("lastStatus", json!(last_status(task.status))),
            ("desiredStatus", json!(desired_status(task))),
            ("healthStatus", json!(task_health(task))),
            ("containers", Vec::from_iter(containers).into()),
            ("attachments", Vec::from_iter(attachments).into()),
            ("attributes", json!([])),
            (
                "overrides",
                json!({
                    "containerOverrides": Vec::from_iter(overrides),
                    "inferenceAcceleratorOverrides": [],
                }),
            ),
            ("availabilityZone", json!(format!("{REGION}a"))),
            ("cpu", json!(task.definition.cpu.to_string())),
            ("memory", json!(task.definition.memory.to_string())),
            ("ephemeralStorage", json!({ "sizeInGiB": STORAGE_GIB })),
            (
                "fargateEphemeralStorage",
                json!({ "sizeInGiB": STORAGE_GIB }),
            ),
            ("enableExecuteCommand", json!(false)),
            ("launchType", json!("FARGATE")),
            ("platformVersion", json!(PLATFORM_VERSION)),
            ("platformFamily", json!("Linux")),
            ("tags", json!([])),
            ("version", json!(task.version)),
            ("createdAt", json!(task.created_at.as_secs_f64())),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let times = [
        ("connectivityAt", started.and(task.started_at)),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.execution_stopped_at),
        ("stoppedAt", task.stopped_at),
    ];
    let times =
        times.map(|(name, time)| (name, time.map(|time| json!(Timestamp::as_secs_f64(time)))));
    let stop = task.stop.as_ref();
    let others = [
        ("connectivity", started.map(|_| json!("CONNECTED"))),
        ("stopCode", stop.map(|stop| json!(stop_code(stop.code)))),
        ("stoppedReason", stop.map(|stop| json!(stop.reason))),
    ];
    for (name, value) in times.into_iter().chain(others) {
        if let Some(value) = value {
            description.insert(name.to_owned(), value);
        }
    }
    description.into()
}

/// The network interface of a task. It has no subnet and no MAC address.
fn describe_attachment(task: &Task, started: &Started) -> Value {
    let status = match task.status {
        TaskStatus::Stopped => "DELETED",
        _ => "ATTACHED",
    };
    json!({
        "id": uuid_from(&task.id, 0),
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": [{ "name": "privateIPv4Address", "value": started.address.to_string() }],
    })
}

fn describe_container(
    task: &Task,
    definition: &Container,
    container: &ContainerState,
) -> Map<String, Value> {
    let started = task.started.as_ref();
    let last_status = match task.status {
        TaskStatus::Stopped => "STOPPED",
        _ if container.exit.is_some() => "STOPPED",
        _ if started.is_some() => "RUNNING",
        _ => "PENDING",
    };
    let interface = started.map(|started| {
        json!({
            "attachmentId": uuid_from(&task.id, 0),
            "privateIpv4Address": started.address.to_string(),
        })
    });
    let bindings = started.map(|started| &started.bindings).into_iter();
    let bindings = bindings.flatten().filter(|binding| {
        binding.container == definition.name && binding.host_port != binding.container_port
    });
    let bindings = bindings.map(|binding| describe_binding(started, binding));
    let cpu = task.definition.document["containerDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|it| it["name"] == definition.name.as_str())
        .map_or(0, |it| it["cpu"].as_u64().unwrap_or(0));
    let mut description = Map::from_iter(
        [
            ("name", json!(definition.name)),
            ("image", json!(definition.image)),
            ("lastStatus", json!(last_status)),
            (
                "healthStatus",
                json!(container_health(definition, container)),
            ),
            ("networkBindings", Vec::from_iter(bindings).into()),
            ("networkInterfaces", Vec::from_iter(interface).into()),
            ("cpu", json!(cpu.to_string())),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let exit = container.exit.as_ref();
    let others = [
        ("runtimeId", started.map(|_| json!(container.runtime_id))),
        ("memory", definition.memory.map(|it| json!(it.to_string()))),
        (
            "exitCode",
            exit.and_then(|exit| exit.code).map(|it| json!(it)),
        ),
        (
            "reason",
            exit.and_then(|exit| exit.reason.as_ref())
                .map(|it| json!(it)),
        ),
    ];
    for (name, value) in others {
        if let Some(value) = value {
            description.insert(name.to_owned(), value);
        }
    }
    description
}

fn describe_binding(started: Option<&Started>, binding: &Binding) -> Value {
    json!({
        "bindIP": started.map(|started| started.address.to_string()),
        "containerPort": binding.container_port,
        "hostPort": binding.host_port,
        "protocol": binding.protocol,
    })
}

fn container_health(definition: &Container, container: &ContainerState) -> &'static str {
    match (&definition.health_check, container.is_healthy) {
        (Some(_), Some(true)) => "HEALTHY",
        (Some(_), Some(false)) => "UNHEALTHY",
        _ => "UNKNOWN",
    }
}

/// The health of the essential containers that have health checks.
fn task_health(task: &Task) -> &'static str {
    let definitions = task.definition.containers.iter();
    let containers = definitions.zip(&task.containers);
    let checked = containers
        .filter(|(definition, _)| definition.essential && definition.health_check.is_some());
    worst(checked.map(|(definition, container)| container_health(definition, container)))
}

/// UNHEALTHY if one is, else UNKNOWN if one is or there is none. Source: API reference, "HealthCheck", task health status.
fn worst(health: impl Iterator<Item = &'static str>) -> &'static str {
    let rank = |health: &&str| match *health {
        "UNHEALTHY" => 0,
        "UNKNOWN" => 1,
        _ => 2,
    };
    health.min_by_key(rank).unwrap_or("UNKNOWN")
}

fn last_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Provisioning => "PROVISIONING",
        TaskStatus::Pending => "PENDING",
        TaskStatus::Activating => "ACTIVATING",
        TaskStatus::Running => "RUNNING",
        TaskStatus::Deactivating => "DEACTIVATING",
        TaskStatus::Stopping => "STOPPING",
        TaskStatus::Deprovisioning => "DEPROVISIONING",
        TaskStatus::Stopped => "STOPPED",
    }
}

fn desired_status(task: &Task) -> &'static str {
    match DesiredStatus::of(task) {
        DesiredStatus::Pending => "PENDING",
        DesiredStatus::Running => "RUNNING",
        DesiredStatus::Stopped => "STOPPED",
    }
}

fn stop_code(code: StopCode) -> &'static str {
    match code {
        StopCode::TaskFailedToStart => "TaskFailedToStart",
        StopCode::EssentialContainerExited => "EssentialContainerExited",
        StopCode::UserInitiated => "UserInitiated",
        StopCode::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
    }
}

#[cfg(test)]
mod tests {
    use super::worst;

    #[test]
    fn a_task_is_as_healthy_as_its_least_healthy_essential_container() {
        for (health, expected) in [
            (&[][..], "UNKNOWN"),
            (&["HEALTHY", "HEALTHY"], "HEALTHY"),
            (&["HEALTHY", "UNKNOWN"], "UNKNOWN"),
            (&["UNKNOWN", "UNHEALTHY", "HEALTHY"], "UNHEALTHY"),
        ] {
            assert_eq!(worst(health.iter().copied()), expected, "{health:?}");
        }
    }
}
