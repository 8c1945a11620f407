//! The task definitions, as `infra/services.yml` has them. The environment is in the module `environment`.

use serde_json::{Value, json};
use wire::REGION;

use super::{LIKE, LIKE_CONTAINER, LIKE_LOG_GROUP, LIKE_SERVICE};
use super::{MONOLITH, MONOLITH_CONTAINER, MONOLITH_LOG_GROUP, MONOLITH_SERVICE, PORT};

/// Names and values of variables.
pub type Environment = Vec<(String, String)>;

/// The task definition of the monolith.
pub fn monolith(environment: Environment) -> Value {
    task_definition(&Container {
        family: MONOLITH_SERVICE,
        name: MONOLITH_CONTAINER,
        image: MONOLITH,
        log_group: MONOLITH_LOG_GROUP,
        role: "mysfits-MonolithTaskRole",
        environment,
    })
}

/// The task definition of the Like service.
pub fn like_service(environment: Environment) -> Value {
    task_definition(&Container {
        family: LIKE_SERVICE,
        name: LIKE_CONTAINER,
        image: LIKE,
        log_group: LIKE_LOG_GROUP,
        role: "mysfits-LikeTaskRole",
        environment,
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
}

fn task_definition(container: &Container) -> Value {
    let environment = container.environment.iter();
    let environment: Vec<_> = environment
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
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
        "containerDefinitions": [{
            "name": container.name,
            "image": container.image,
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
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": container.log_group,
                    "awslogs-region": REGION,
                    "awslogs-stream-prefix": container.name,
                    "mode": "non-blocking",
                    "max-buffer-size": "4m",
                },
            },
        }],
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
