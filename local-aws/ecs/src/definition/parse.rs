//! Parses the request of `RegisterTaskDefinition`: checks it by the rules of ECS for tasks on Fargate, and adds the defaults of
//! ECS.
//!
//! The messages are those of the real service where they are known; the tests cite their sources.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};
use wire::{Error, parse_json_value};

mod lifecycle;

use lifecycle::{
    check_dependencies, check_start_timeout, check_stop_timeout, parse_dependencies,
    parse_restart_policy,
};

use super::request::{self, Request};
use super::size::task_size;
use super::{Container, ContainerHealthCheck, PortMapping, Protocol, TaskDefinition};

/// Maximum size of a request in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Maximum number of containers.
const MAX_CONTAINERS: usize = 10;

/// Maximum length of the names of families and containers.
const MAX_NAME_LENGTH: usize = 255;

impl TaskDefinition {
    /// Parses the request of `RegisterTaskDefinition`. The revision of the result is 0: the registration sets it.
    ///
    /// # Errors
    ///
    /// The message says what ECS refuses, or names the parameter that is not implemented.
    pub(crate) fn parse(request: &Value) -> Result<Self, Error> {
        let length = request.to_string().len();
        if length > MAX_BYTES {
            return Err(refused(format!(
                "Actual length: '{length}'. Max allowed length is '{MAX_BYTES}' bytes."
            )));
        }
        let parsed: Request = parse_json_value(request, "InvalidParameterException")?;
        check_name("Family", &parsed.family)?;
        check_fargate(&parsed)?;
        let (cpu, memory) = task_size(parsed.cpu.as_deref(), parsed.memory.as_deref())?;
        if parsed.container_definitions.len() > MAX_CONTAINERS {
            return Err(refused("Too many containers."));
        }
        let names = parsed.container_definitions.iter();
        let names: Vec<_> = names
            .map(|it| it.name.clone().unwrap_or_default())
            .collect();
        let containers = parsed.container_definitions.into_iter();
        let containers = containers
            .map(|container| parse_container(container, &names, cpu, memory))
            .collect::<Result<Vec<_>, _>>()?;
        check_containers(&containers)?;
        check_dependencies(&containers)?;
        let mut document = request.as_object().cloned().unwrap_or_default();
        document.insert("cpu".to_owned(), cpu.to_string().into());
        document.insert("memory".to_owned(), memory.to_string().into());
        add_defaults(&mut document, &containers);
        let definition = Self {
            family: parsed.family,
            revision: 0,
            cpu,
            memory,
            containers,
            document,
        };
        if definition.has_dependency_cycle() {
            return Err(refused("The dependencies of the containers have a cycle."));
        }
        Ok(definition)
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::bad_request("ClientException", message)
}

fn check_name(subject: &str, name: &str) -> Result<(), Error> {
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    if name.is_empty() {
        return Err(refused(format!("{subject} should not be null or empty.")));
    }
    if name.len() > MAX_NAME_LENGTH {
        return Err(refused(format!(
            "{subject} is longer than {MAX_NAME_LENGTH} characters."
        )));
    }
    if !name.chars().all(is_allowed) {
        return Err(refused(format!("{subject} contains invalid characters.")));
    }
    Ok(())
}

fn check_fargate(request: &Request) -> Result<(), Error> {
    if request.requires_compatibilities != ["FARGATE"] {
        return Err(refused(
            "Only tasks on Fargate are implemented: requiresCompatibilities must be FARGATE.",
        ));
    }
    if request.network_mode.as_deref() != Some("awsvpc") {
        return Err(refused("Fargate only supports network mode ‘awsvpc’."));
    }
    if request.enable_fault_injection == Some(true) {
        return Err(refused("enableFaultInjection is not implemented."));
    }
    Ok(())
}

fn check_containers(containers: &[Container]) -> Result<(), Error> {
    if containers.is_empty() {
        return Err(refused("Container list cannot be empty."));
    }
    let names: BTreeSet<_> = containers.iter().map(|it| &it.name).collect();
    if names.len() < containers.len() {
        return Err(refused("Container names must be unique."));
    }
    if !containers.iter().any(|container| container.essential) {
        return Err(refused(
            "Task definition doesn't have any essential container.",
        ));
    }
    let ports: Vec<_> = containers.iter().flat_map(|it| &it.port_mappings).collect();
    for (index, mapping) in ports.iter().enumerate() {
        if ports[..index].contains(mapping) {
            let port = mapping.container_port;
            return Err(refused(format!(
                "The container port {port} is mapped more than once."
            )));
        }
    }
    Ok(())
}

fn parse_container(
    container: request::Container,
    names: &[String],
    task_cpu: u32,
    task_memory: u32,
) -> Result<Container, Error> {
    let name = container.name.unwrap_or_default();
    check_name("Container.name", &name)?;
    let image = container.image.unwrap_or_default();
    if image.is_empty() {
        return Err(refused("Container.image should not be null or empty."));
    }
    let limit = |setting: &str, value: Option<i64>, min: i64, max: u32| match value {
        Some(value) if value < min => Err(refused(format!(
            "Invalid setting for container '{name}'. '{setting}' must be at least {min}."
        ))),
        Some(value) if value > i64::from(max) => Err(refused(format!(
            "The '{setting}' setting for container '{name}' is greater than for the task."
        ))),
        value => Ok(value.and_then(|value| u32::try_from(value).ok())),
    };
    limit("cpu", container.cpu, 0, task_cpu)?;
    let memory = limit("memory", container.memory, 1, task_memory)?;
    let reservation = limit(
        "memoryReservation",
        container.memory_reservation,
        1,
        task_memory,
    )?;
    if let (Some(memory), Some(reservation)) = (memory, reservation)
        && reservation > memory
    {
        return Err(refused(format!(
            "Invalid setting for container '{name}'. 'memory' must be greater than or equal to 'memoryReservation'."
        )));
    }
    let stop_timeout = check_stop_timeout(&name, container.stop_timeout)?;
    if container.environment.iter().any(|it| it.name.is_empty()) {
        return Err(refused(format!(
            "Invalid setting for container '{name}'. The name of an environment variable is empty."
        )));
    }
    let environment = container.environment.into_iter();
    let mappings = container.port_mappings.iter();
    let port_mappings = mappings.map(parse_mapping).collect::<Result<Vec<_>, _>>()?;
    Ok(Container {
        image,
        essential: container.essential.unwrap_or(true),
        memory,
        environment: environment.map(|it| (it.name, it.value)).collect(),
        port_mappings,
        health_check: container.health_check.map(parse_health_check).transpose()?,
        depends_on: parse_dependencies(&container.depends_on, names)?,
        restart_policy: parse_restart_policy(&name, container.restart_policy)?,
        start_timeout: check_start_timeout(&name, container.start_timeout)?,
        stop_timeout,
        name,
    })
}

fn parse_mapping(mapping: &request::PortMapping) -> Result<PortMapping, Error> {
    let port = u16::try_from(mapping.container_port).ok();
    let Some(container_port) = port.filter(|port| *port > 0) else {
        let port = mapping.container_port;
        return Err(refused(format!(
            "Invalid container port {port}: it must be from 1 to 65535."
        )));
    };
    // With 0, the host port is the container port.
    let host_port = mapping.host_port.filter(|port| *port != 0);
    if host_port.is_some_and(|port| port != mapping.container_port) {
        return Err(refused(
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ));
    }
    Ok(PortMapping {
        container_port,
        protocol: mapping.protocol.unwrap_or(Protocol::Tcp),
    })
}

fn parse_health_check(check: request::HealthCheck) -> Result<ContainerHealthCheck, Error> {
    let kind = check.command.first().map(String::as_str);
    if !matches!(kind, Some("CMD" | "CMD-SHELL")) || check.command.len() < 2 {
        let message = "The health check's command must be CMD or CMD-SHELL and a command.";
        return Err(refused(message));
    }
    let within = |name: &str, value: Option<i64>, default: u32, min: u32, max: u32| {
        let value = value.unwrap_or_else(|| i64::from(default));
        let number = u32::try_from(value).ok();
        let number = number.filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| {
            refused(format!(
                "The health check's {name} is {value}: it must be from {min} to {max}."
            ))
        })
    };
    let seconds = |number: u32| Duration::from_secs(u64::from(number));
    Ok(ContainerHealthCheck {
        interval: seconds(within("interval", check.interval, 30, 5, 300)?),
        timeout: seconds(within("timeout", check.timeout, 5, 2, 60)?),
        retries: within("retries", check.retries, 3, 1, 10)?,
        start_period: seconds(within("startPeriod", check.start_period, 0, 0, 300)?),
        command: check.command,
    })
}

/// Adds the members that ECS adds to a registered task definition.
fn add_defaults(document: &mut Map<String, Value>, containers: &[Container]) {
    for list in ["volumes", "placementConstraints"] {
        document.entry(list).or_insert_with(|| json!([]));
    }
    let registered = document.get_mut("containerDefinitions");
    let registered = registered.and_then(Value::as_array_mut);
    for (document, container) in registered.into_iter().flatten().zip(containers) {
        let Some(document) = document.as_object_mut() else {
            continue;
        };
        document.entry("cpu").or_insert_with(|| json!(0));
        document.entry("essential").or_insert_with(|| json!(true));
        for list in [
            "environment",
            "mountPoints",
            "portMappings",
            "systemControls",
            "volumesFrom",
        ] {
            document.entry(list).or_insert_with(|| json!([]));
        }
        let mappings = document.get_mut("portMappings");
        for mapping in mappings.and_then(Value::as_array_mut).into_iter().flatten() {
            let port = mapping["containerPort"].clone();
            mapping["hostPort"] = port;
            if mapping.get("protocol").is_none() {
                mapping["protocol"] = json!(Protocol::Tcp);
            }
        }
        if let (Some(document), Some(check)) =
            (document.get_mut("healthCheck"), &container.health_check)
        {
            document["interval"] = check.interval.as_secs().into();
            document["timeout"] = check.timeout.as_secs().into();
            document["retries"] = check.retries.into();
        }
    }
}

#[cfg(test)]
mod tests;
