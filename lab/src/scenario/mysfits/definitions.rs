//! The task definitions, as `infra/services.yml` has them. The environment is in the module `environment`.

use serde_json::{Value, json};
use wire::REGION;

use super::SIDECAR_LOG_GROUP;
use super::{LIKE, LIKE_CONTAINER, LIKE_LOG_GROUP, LIKE_SERVICE};
use super::{MONOLITH, MONOLITH_CONTAINER, MONOLITH_LOG_GROUP, MONOLITH_SERVICE, PORT};
use crate::runtime::X_RAY_DAEMON;

/// Names and values of variables.
pub type Environment = Vec<(String, String)>;

/// The task definition of the monolith.
pub fn monolith(environment: Environment, has_sidecar: bool) -> Value {
    task_definition(&Container {
        family: MONOLITH_SERVICE,
        name: MONOLITH_CONTAINER,
        image: MONOLITH,
        log_group: MONOLITH_LOG_GROUP,
        role: "mysfits-MonolithTaskRole",
        environment,
        has_sidecar,
    })
}

/// The task definition of the Like service.
pub fn like_service(environment: Environment, has_sidecar: bool) -> Value {
    task_definition(&Container {
        family: LIKE_SERVICE,
        name: LIKE_CONTAINER,
        image: LIKE,
        log_group: LIKE_LOG_GROUP,
        role: "mysfits-LikeTaskRole",
        environment,
        has_sidecar,
    })
}

/// What distinguishes the task definitions.
struct Container {
    family: &'static str,
    name: &'static str,
    image: &'static str,
    log_group: &'static str,
    role: &'static str,
    environment: Environment,
    /// Whether the task has the sidecar that sends traces to X-Ray.
    has_sidecar: bool,
}

fn task_definition(container: &Container) -> Value {
    let sidecar = container.has_sidecar.then(|| sidecar(container.name));
    let containers: Vec<_> = [service(container)].into_iter().chain(sidecar).collect();
    json!({
        "family": container.family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": {
            "cpuArchitecture": cpu_architecture(),
            "operatingSystemFamily": "LINUX",
        },
        "executionRoleArn": role_arn("mysfits-TaskExecutionRole"),
        "taskRoleArn": role_arn(container.role),
        "containerDefinitions": containers,
    })
}

fn service(container: &Container) -> Value {
    let environment = container.environment.iter();
    let environment: Vec<_> = environment
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    // The daemon receives the first request for sampling rules and the last traces.
    let dependencies: Vec<_> = container
        .has_sidecar
        .then(|| json!({ "containerName": X_RAY_DAEMON.name, "condition": "START" }))
        .into_iter()
        .collect();
    json!({
        "name": container.name,
        "image": container.image,
        "dependsOn": dependencies,
        "essential": true,
        "user": "65532:65532",
        "readonlyRootFilesystem": true,
        "linuxParameters": { "capabilities": { "drop": ["ALL"] } },
        "memory": 128,
        "portMappings": [{ "containerPort": PORT, "protocol": "tcp" }],
        "healthCheck": {
            "command": ["CMD", format!("/{}", container.image), "--health-check"],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 10,
        },
        "stopTimeout": 30,
        "environment": environment,
        "logConfiguration": log_configuration(container.log_group, container.name),
    })
}

fn sidecar(service: &str) -> Value {
    json!({
        "name": X_RAY_DAEMON.name,
        "image": X_RAY_DAEMON.name,
        "essential": false,
        "restartPolicy": { "enabled": true, "restartAttemptPeriod": 60 },
        "user": "65532:65532",
        "readonlyRootFilesystem": true,
        "linuxParameters": { "capabilities": { "drop": ["ALL"] } },
        "memory": 256,
        "portMappings": [
            { "containerPort": 2000, "protocol": "udp" },
            { "containerPort": 4318, "protocol": "tcp" },
        ],
        "environment": [{ "name": "AWS_REGION", "value": REGION }],
        "logConfiguration": log_configuration(SIDECAR_LOG_GROUP, service),
    })
}

fn log_configuration(group: &str, prefix: &str) -> Value {
    json!({
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": group,
            "awslogs-region": REGION,
            "awslogs-stream-prefix": prefix,
            "mode": "non-blocking",
            "max-buffer-size": "4m",
        },
    })
}

/// The processor architecture of this machine, on which the tasks run.
fn cpu_architecture() -> &'static str {
    match cfg!(target_arch = "aarch64") {
        true => "ARM64",
        false => "X86_64",
    }
}

/// ARNs of roles contain no region.
fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", wire::ACCOUNT)
}
