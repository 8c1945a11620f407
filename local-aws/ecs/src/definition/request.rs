//! The parameters of `RegisterTaskDefinition` that this local ECS accepts, and their types.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use super::Condition;
use super::Protocol;

/// Members that are declared only so that their types are checked begin with `_`. They have no effect on a local task, and
/// the API shows them as they were registered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Request {
    pub family: String,
    pub container_definitions: Vec<Container>,
    pub cpu: Option<String>,
    pub memory: Option<String>,
    pub network_mode: Option<String>,
    #[serde(default)]
    pub requires_compatibilities: Vec<String>,
    pub enable_fault_injection: Option<bool>,
    #[serde(rename = "taskRoleArn")]
    _task_role_arn: Option<String>,
    #[serde(rename = "executionRoleArn")]
    _execution_role_arn: Option<String>,
    #[serde(rename = "runtimePlatform")]
    _runtime_platform: Option<RuntimePlatform>,
    #[serde(rename = "volumes")]
    _volumes: Option<Unimplemented>,
    #[serde(rename = "placementConstraints")]
    _placement_constraints: Option<Unimplemented>,
    #[serde(rename = "inferenceAccelerators")]
    _inference_accelerators: Option<Unimplemented>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Container {
    pub name: Option<String>,
    pub image: Option<String>,
    pub essential: Option<bool>,
    pub cpu: Option<i64>,
    pub memory: Option<i64>,
    pub memory_reservation: Option<i64>,
    #[serde(default)]
    pub environment: Vec<Variable>,
    #[serde(default)]
    pub port_mappings: Vec<PortMapping>,
    pub health_check: Option<HealthCheck>,
    #[serde(default)]
    pub depends_on: Vec<Dependency>,
    pub start_timeout: Option<i64>,
    pub restart_policy: Option<RestartPolicy>,
    pub stop_timeout: Option<i64>,
    #[serde(rename = "dockerLabels")]
    _docker_labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "linuxParameters")]
    _linux_parameters: Option<LinuxParameters>,
    #[serde(rename = "logConfiguration")]
    _log_configuration: Option<LogConfiguration>,
    #[serde(rename = "readonlyRootFilesystem")]
    _readonly_root_filesystem: Option<bool>,
    #[serde(rename = "user")]
    _user: Option<String>,
    #[serde(rename = "command")]
    _command: Option<Unimplemented>,
    #[serde(rename = "dnsSearchDomains")]
    _dns_search_domains: Option<Unimplemented>,
    #[serde(rename = "dnsServers")]
    _dns_servers: Option<Unimplemented>,
    #[serde(rename = "dockerSecurityOptions")]
    _docker_security_options: Option<Unimplemented>,
    #[serde(rename = "entryPoint")]
    _entry_point: Option<Unimplemented>,
    #[serde(rename = "environmentFiles")]
    _environment_files: Option<Unimplemented>,
    #[serde(rename = "extraHosts")]
    _extra_hosts: Option<Unimplemented>,
    #[serde(rename = "links")]
    _links: Option<Unimplemented>,
    #[serde(rename = "mountPoints")]
    _mount_points: Option<Unimplemented>,
    #[serde(rename = "resourceRequirements")]
    _resource_requirements: Option<Unimplemented>,
    #[serde(rename = "secrets")]
    _secrets: Option<Unimplemented>,
    #[serde(rename = "systemControls")]
    _system_controls: Option<Unimplemented>,
    #[serde(rename = "ulimits")]
    _ulimits: Option<Unimplemented>,
    #[serde(rename = "volumesFrom")]
    _volumes_from: Option<Unimplemented>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PortMapping {
    pub container_port: i64,
    pub host_port: Option<i64>,
    pub protocol: Option<Protocol>,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "appProtocol")]
    _app_protocol: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Dependency {
    pub container_name: String,
    pub condition: Condition,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HealthCheck {
    pub command: Vec<String>,
    pub interval: Option<i64>,
    pub timeout: Option<i64>,
    pub retries: Option<i64>,
    pub start_period: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RuntimePlatform {
    #[serde(rename = "cpuArchitecture")]
    _cpu_architecture: Option<CpuArchitecture>,
    #[serde(rename = "operatingSystemFamily")]
    _operating_system_family: Option<OperatingSystemFamily>,
}

#[derive(Debug, Deserialize)]
enum CpuArchitecture {
    #[serde(rename = "X86_64")]
    X86,
    #[serde(rename = "ARM64")]
    Arm,
}

#[derive(Debug, Deserialize)]
enum OperatingSystemFamily {
    #[serde(rename = "LINUX")]
    Linux,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinuxParameters {
    #[serde(rename = "capabilities")]
    _capabilities: Option<Capabilities>,
    #[serde(rename = "initProcessEnabled")]
    _init_process_enabled: Option<bool>,
    #[serde(rename = "devices")]
    _devices: Option<Unimplemented>,
    #[serde(rename = "tmpfs")]
    _tmpfs: Option<Unimplemented>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Capabilities {
    #[serde(rename = "add")]
    _add: Option<Vec<String>>,
    #[serde(rename = "drop")]
    _drop: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogConfiguration {
    #[serde(rename = "logDriver")]
    _log_driver: LogDriver,
    #[serde(rename = "options")]
    _options: Option<BTreeMap<String, String>>,
    #[serde(rename = "secretOptions")]
    _secret_options: Option<Unimplemented>,
}

#[derive(Debug, Deserialize)]
enum LogDriver {
    #[serde(rename = "awslogs")]
    AwsLogs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RestartPolicy {
    pub enabled: bool,
    #[serde(default)]
    pub ignored_exit_codes: Vec<i32>,
    pub restart_attempt_period: Option<i64>,
}

/// A list that is not implemented. Only the empty list is accepted, because `DescribeTaskDefinition` shows some parameters as
/// empty lists.
#[derive(Debug)]
struct Unimplemented;

impl<'de> Deserialize<'de> for Unimplemented {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EmptyList)
    }
}

struct EmptyList;

impl<'de> Visitor<'de> for EmptyList {
    type Value = Unimplemented;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unimplemented, A::Error> {
        match items.next_element::<IgnoredAny>()? {
            None => Ok(Unimplemented),
            Some(_) => Err(A::Error::custom("this parameter is not implemented")),
        }
    }
}
