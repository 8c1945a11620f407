use super::*;

mod limits;
mod sidecars;

/// The definition of the Like service as `infra/services.yml` has it.
fn like_service() -> Value {
    json!({
        "family": "Mythical-Like-Service-mysfits",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "runtimePlatform": { "cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX" },
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "taskRoleArn": "arn:aws:iam::000000000000:role/like",
        "containerDefinitions": [
            {
                "name": "like-service",
                "image": "like-service",
                "essential": true,
                "user": "65532:65532",
                "readonlyRootFilesystem": true,
                "linuxParameters": { "capabilities": { "drop": ["ALL"] } },
                "memory": 128,
                "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
                "healthCheck": {
                    "command": ["CMD", "/like-service", "--health-check"],
                    "interval": 10,
                    "timeout": 5,
                    "retries": 3,
                    "startPeriod": 10,
                },
                "stopTimeout": 30,
                "environment": [{ "name": "PORT", "value": "8080" }],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": { "awslogs-group": "mysfits-MythicalLikeLogGroup", "mode": "non-blocking" },
                },
            },
            {
                "name": "x-ray-daemon",
                "image": "x-ray-daemon",
                "essential": false,
                "restartPolicy": { "enabled": true, "restartAttemptPeriod": 60 },
                "memory": 256,
                "portMappings": [
                    { "containerPort": 2000, "protocol": "udp" },
                    { "containerPort": 4318, "protocol": "tcp" },
                ],
            },
        ],
    })
}

/// The smallest definition.
fn minimal() -> Value {
    json!({
        "family": "f",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": ".25 vCPU",
        "memory": "0.5 GB",
        "containerDefinitions": [{ "name": "c", "image": "i" }],
    })
}

/// `definition` with `value` at the JSON pointer `path`. The object that has the last member must exist.
fn with(mut definition: Value, path: &str, value: Value) -> Value {
    let (parent, member) = path.rsplit_once('/').unwrap();
    definition.pointer_mut(parent).unwrap()[member] = value;
    definition
}

/// The error of the minimal definition with `value` at `path`.
fn error(path: &str, value: Value) -> Error {
    let definition = with(minimal(), path, value);
    TaskDefinition::parse(&definition).unwrap_err()
}

#[test]
fn the_definition_of_the_like_service_is_parsed_and_kept() {
    let definition = TaskDefinition::parse(&like_service()).unwrap();
    let size = (definition.cpu, definition.memory);
    assert_eq!(
        (&*definition.family, definition.revision, size),
        ("Mythical-Like-Service-mysfits", 0, (256, 512))
    );
    let [like, daemon] = &definition.containers[..] else {
        panic!("two containers")
    };
    assert_eq!(
        like,
        &Container {
            name: "like-service".to_owned(),
            image: "like-service".to_owned(),
            essential: true,
            memory: Some(128),
            environment: vec![("PORT".to_owned(), "8080".to_owned())],
            port_mappings: vec![PortMapping {
                container_port: 8080,
                protocol: Protocol::Tcp
            }],
            health_check: Some(ContainerHealthCheck {
                command: ["CMD", "/like-service", "--health-check"]
                    .map(str::to_owned)
                    .to_vec(),
                interval: Duration::from_secs(10),
                timeout: Duration::from_secs(5),
                retries: 3,
                start_period: Duration::from_secs(10),
            }),
            depends_on: Vec::new(),
            start_timeout: None,
            restart_policy: None,
            stop_timeout: Duration::from_secs(30),
        }
    );
    assert!(!daemon.essential);
    assert!(daemon.restart_policy.is_some());
    assert_eq!(daemon.port_mappings[0].protocol, Protocol::Udp);
    for (path, value) in [
        ("/0/user", json!("65532:65532")),
        ("/0/linuxParameters/capabilities/drop", json!(["ALL"])),
        ("/0/logConfiguration/logDriver", json!("awslogs")),
        ("/1/restartPolicy/restartAttemptPeriod", json!(60)),
    ] {
        let containers = &definition.document["containerDefinitions"];
        assert_eq!(containers.pointer(path), Some(&value), "{path}");
    }
}

/// The members that the AWS CLI's example of `register-task-definition` shows although the request did not have them; the
/// default values are those of the API reference, "ContainerDefinition", "PortMapping" and "HealthCheck".
#[test]
fn defaults_are_added() {
    let health_check = json!({ "command": ["CMD-SHELL", "exit 0"] });
    let request = with(
        minimal(),
        "/containerDefinitions/0/healthCheck",
        health_check,
    );
    let mappings = json!([{ "containerPort": 80 }, { "containerPort": 81, "hostPort": 0 }]);
    let request = with(request, "/containerDefinitions/0/portMappings", mappings);
    let definition = TaskDefinition::parse(&request).unwrap();
    assert_eq!(
        Value::Object(definition.document),
        json!({
            "family": "f",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "volumes": [],
            "placementConstraints": [],
            "containerDefinitions": [{
                "name": "c",
                "image": "i",
                "cpu": 0,
                "essential": true,
                "environment": [],
                "mountPoints": [],
                "portMappings": [
                    { "containerPort": 80, "hostPort": 80, "protocol": "tcp" },
                    { "containerPort": 81, "hostPort": 81, "protocol": "tcp" },
                ],
                "systemControls": [],
                "volumesFrom": [],
                "healthCheck": { "command": ["CMD-SHELL", "exit 0"], "interval": 30, "timeout": 5, "retries": 3 },
            }],
        })
    );
    let [container] = &definition.containers[..] else {
        panic!("one container")
    };
    assert_eq!(container.stop_timeout, Duration::from_secs(30));
}

#[test]
fn the_document_of_a_definition_is_a_request_for_the_same_definition() {
    for request in [like_service(), minimal()] {
        let definition = TaskDefinition::parse(&request).unwrap();
        let again = Value::Object(definition.document.clone());
        assert_eq!(TaskDefinition::parse(&again), Ok(definition));
    }
}

#[test]
fn what_is_not_implemented_is_refused_by_its_name() {
    let container = "/containerDefinitions/0/";
    for (member, value) in [
        ("command", json!(["sh"])),
        ("entryPoint", json!(["sh"])),
        (
            "environmentFiles",
            json!([{ "value": "arn:aws:s3:::b/f", "type": "s3" }]),
        ),
        (
            "mountPoints",
            json!([{ "sourceVolume": "v", "containerPath": "/v" }]),
        ),
        ("privileged", json!(true)),
        (
            "resourceRequirements",
            json!([{ "type": "GPU", "value": "1" }]),
        ),
        (
            "secrets",
            json!([{ "name": "S", "valueFrom": "arn:aws:ssm:us-east-1:000000000000:parameter/s" }]),
        ),
        ("workingDirectory", json!("/")),
    ] {
        let error = error(&format!("{container}{member}"), value);
        assert_eq!(error.code, "InvalidParameterException");
        assert!(error.message.contains(member), "{}", error.message);
    }
    for (path, value, name) in [
        ("/volumes", json!([{ "name": "v" }]), "volumes"),
        ("/tags", json!([{ "key": "k", "value": "v" }]), "tags"),
        (
            "/ephemeralStorage",
            json!({ "sizeInGiB": 30 }),
            "ephemeralStorage",
        ),
        ("/pidMode", json!("task"), "pidMode"),
        ("/enableFaultInjection", json!(true), "enableFaultInjection"),
        (
            "/requiresCompatibilities",
            json!(["EC2"]),
            "requiresCompatibilities",
        ),
        (
            "/runtimePlatform",
            json!({ "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE" }),
            "operatingSystemFamily",
        ),
        (
            "/containerDefinitions/0/logConfiguration",
            json!({ "logDriver": "splunk" }),
            "logDriver",
        ),
        (
            "/containerDefinitions/0/portMappings",
            json!([{ "containerPort": 1, "protocol": "sctp" }]),
            "protocol",
        ),
        ("/family", json!(7), "family"),
    ] {
        let error = error(path, value);
        assert!(error.message.contains(name), "{}", error.message);
    }
    // A reader who describes a task definition and registers its members gets these empty lists.
    for member in ["command", "secrets", "mountPoints", "dependsOn"] {
        let request = with(minimal(), &format!("{container}{member}"), json!([]));
        TaskDefinition::parse(&request).unwrap();
    }
}

/// Sources of the messages: the host ports and the network mode, public Terraform logs; the memory, pulumi/pulumi-awsx issue
/// 1220; the stop timeout, public deployment logs of 2026; the number of containers, aws/amazon-ecs-cli issue 184; the
/// containers and the image, moto's `TaskDefinitionMissingPropertyError`.
#[test]
fn what_ecs_refuses_is_refused_in_its_words() {
    let container = |member: &str| format!("/containerDefinitions/0/{member}");
    let many: Vec<_> = (0..11)
        .map(|n| json!({ "name": format!("c{n}"), "image": "i" }))
        .collect();
    for (path, value, message) in [
        (
            "/networkMode".to_owned(),
            json!("bridge"),
            "Fargate only supports network mode ‘awsvpc’.",
        ),
        (
            "/containerDefinitions".to_owned(),
            json!([]),
            "Container list cannot be empty.",
        ),
        (
            "/containerDefinitions".to_owned(),
            json!(many),
            "Too many containers.",
        ),
        (
            "/family".to_owned(),
            json!("a b"),
            "Family contains invalid characters.",
        ),
        (
            container("name"),
            Value::Null,
            "Container.name should not be null or empty.",
        ),
        (
            container("image"),
            json!(""),
            "Container.image should not be null or empty.",
        ),
        (
            container("essential"),
            json!(false),
            "Task definition doesn't have any essential container.",
        ),
        (
            container("portMappings"),
            json!([{ "containerPort": 80, "hostPort": 8080 }]),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (
            container("memory"),
            json!(513),
            "The 'memory' setting for container 'c' is greater than for the task.",
        ),
        (
            container("stopTimeout"),
            json!(121),
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        ),
        (
            container("stopTimeout"),
            json!(1),
            "Granular stop timeout on container 'c' must be at least 2 seconds.",
        ),
    ] {
        let error = error(&path, value);
        assert_eq!((error.code, &*error.message), ("ClientException", message));
    }
}
