"""The differences between what the templates in infra/ contain and what the lab's APIs describe, and the values that AWS describes although
the templates do not contain them. Braces in a path stand for several paths, as in a shell."""

import re

TASKS = "{LikeTaskDefinition.containerDefinitions.like-service,MonolithTaskDefinition.containerDefinitions.monolith-service}"
SIDECARS = "{LikeTaskDefinition,MonolithTaskDefinition}.containerDefinitions.x-ray-daemon"
SERVICES = "{LikeService,MonolithService}"
METRIC_FILTERS = "{LostLikes,SlowLikes}"
ALARMS = "{LikesFail,LikeScaleUpAlarm,LikeScaleDownAlarm,LikeTasksUnhealthy,MonolithTasksUnhealthy}"
GROUPS = "{LikeTargetGroup,MonolithTargetGroup}"

# What AWS describes if a request does not contain it, from the documentation of these operations' types.
DEFAULTS_OF_AWS = {
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html and API_PortMapping.html: with the network mode
    # awsvpc, the port of the host is that of the container.
    f"{TASKS}.cpu": "0",
    f"{TASKS}.portMappings.8080.hostPort": "8080",
    f"{SIDECARS}.cpu": "0",
    f"{SIDECARS}.portMappings.2000.hostPort": "2000",
    f"{SIDECARS}.portMappings.4318.hostPort": "4318",
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    f"{SERVICES}.schedulingStrategy": "REPLICA",
    f"{SERVICES}.enableExecuteCommand": "false",
    f"{SERVICES}.deploymentController.type": "ECS",
    f"{SERVICES}.deploymentConfiguration.strategy": "ROLLING",
    f"{SERVICES}.deploymentConfiguration.bakeTimeInMinutes": "0",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    f"{ALARMS}.actionsEnabled": "true",
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
    f"{METRIC_FILTERS}.applyOnTransformedLogs": "false",
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
    "LoadBalancer.loadBalancerAttributes.access_logs.s3.enabled": "false",
    "LoadBalancer.loadBalancerAttributes.{access_logs,connection_logs}.s3.{bucket,prefix}": "",
    "LoadBalancer.loadBalancerAttributes.connection_logs.s3.enabled": "false",
    "LoadBalancer.loadBalancerAttributes.load_balancing.cross_zone.enabled": "true",
    "LoadBalancer.loadBalancerAttributes.routing.http.desync_mitigation_mode": "defensive",
    "LoadBalancer.loadBalancerAttributes.routing.http.preserve_host_header.enabled": "false",
    "LoadBalancer.loadBalancerAttributes.routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "LoadBalancer.loadBalancerAttributes.routing.http.xff_client_port.enabled": "false",
    "LoadBalancer.loadBalancerAttributes.routing.http.xff_header_processing.mode": "append",
    "LoadBalancer.loadBalancerAttributes.routing.http2.enabled": "true",
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    f"{GROUPS}.healthCheckEnabled": "true",
    f"{GROUPS}.healthCheckPort": "traffic-port",
    f"{GROUPS}.ipAddressType": "ipv4",
    f"{GROUPS}.protocolVersion": "HTTP1",
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
    f"{GROUPS}.targetGroupAttributes.load_balancing.algorithm.type": "round_robin",
    f"{GROUPS}.targetGroupAttributes.load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    f"{GROUPS}.targetGroupAttributes.slow_start.duration_seconds": "0",
    f"{GROUPS}.targetGroupAttributes.stickiness.enabled": "false",
    f"{GROUPS}.targetGroupAttributes.stickiness.type": "lb_cookie",
    f"{GROUPS}.targetGroupAttributes.stickiness.app_cookie.cookie_name": "",
    f"{GROUPS}.targetGroupAttributes.stickiness.{{app_cookie,lb_cookie}}.duration_seconds": "86400",
    f"{GROUPS}.targetGroupAttributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html and API_RuleCondition.html: AWS
    # describes a group and a path in both forms.
    "{Listener.defaultActions,LikeRule.actions}.forward.forwardConfig.targetGroupStickinessConfig.enabled": "false",
    "Listener.defaultActions.forward.forwardConfig.targetGroups.MonolithTargetGroup.targetGroupArn": "MonolithTargetGroup",
    "Listener.defaultActions.forward.forwardConfig.targetGroups.MonolithTargetGroup.weight": "1",
    "LikeRule.conditions.path-pattern.values.0": "/mysfits/*/like",
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html and API_ProvisionedThroughput.html: on-demand
    # tables have no provisioned capacity.
    "MysfitsTable.deletionProtectionEnabled": "false",
    "MysfitsTable.{,globalSecondaryIndexes.GoodEvilIndex.,globalSecondaryIndexes.LawChaosIndex.}provisionedThroughput."
    "{readCapacityUnits,writeCapacityUnits}": "0",
}

# Rows of path, value in the template, value in the lab, and the reason. None: there is no value.
DIFFERENCES = [
    # Addresses and ports
    (f"{TASKS}.environment.OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318", None,
     "the receiver of the lab is only for traces, so the next variable replaces this one"),
    (f"{TASKS}.environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None, "<OTLP>/v1/traces", "the lab's receiver of spans"),
    ("LikeTaskDefinition.containerDefinitions.like-service.environment.MONOLITH_URL", "LoadBalancer", "http://LoadBalancer",
     "the service accepts both forms; here the address has the port of --alb-port"),
    ("Listener.port", "80", "<port of the load balancer>", "port 80 requires root; --alb-port sets the port"),
    ("LoadBalancer.scheme", "internet-facing", "internal", "the load balancer listens only on the loopback address"),

    # The sidecar
    (f"{SIDECARS}.image", "TracingImage", "x-ray-daemon", "the lab relays traces to its own X-Ray"),
    (f"{SIDECARS}.environment.AOT_CONFIG_CONTENT", "<lines>", None, "the relay has no configuration"),

    # The lab's options
    (f"{TASKS}.environment.OTEL_METRICS_EXPORTER", None, "emf", "in the lab, the metrics of the services need no preparation"),
    (f"{TASKS}.environment.OTEL_BSP_SCHEDULE_DELAY", None, "500", "a like's trace appears after half a second, not after five seconds"),
    ("MonolithService.desiredCount", "2", "1", "--monolith-tasks: one machine needs no second monolith for its availability"),
    (f"{GROUPS}.targetGroupAttributes.deregistration_delay.timeout_seconds", "15", "2",
     "--deregistration-delay-ms: a shorter delay makes deployments on a laptop faster"),
    ("LikeRule.actions.forward.forwardConfig.targetGroups.LikeTargetGroup.weight", "1", "100",
     "--like-in: with 100 and 0 the weights are percentages"),

    # What runs on one machine
    (f"{TASKS}.dependsOn.x-ray-daemon.condition", None, "START",
     "the first request meets the sampling rules, and the daemon relays the last traces, also if a task lives for seconds"),
    (f"{TASKS}.dependsOn.x-ray-daemon.containerName", None, "x-ray-daemon", "as before"),
    ("LikeTaskDefinition.containerDefinitions.like-service.image", "LikeImage", "like-service", "the lab runs its own programs"),
    ("MonolithTaskDefinition.containerDefinitions.monolith-service.image", "MonolithImage", "monolith", "the lab runs its own programs"),
    ("{LikeTaskDefinition,MonolithTaskDefinition}.runtimePlatform.cpuArchitecture", "ARM64", "<this machine's>",
     "the programs are built for this machine"),
    ("LikeTaskDefinition.taskRoleArn", "LikeTaskRole", "arn:aws:iam::000000000000:role/mysfits-LikeTaskRole",
     "CloudFormation generates the name"),
    ("MonolithTaskDefinition.taskRoleArn", "MonolithTaskRole", "arn:aws:iam::000000000000:role/mysfits-MonolithTaskRole",
     "CloudFormation generates the name"),
    ("{LikeTaskDefinition,MonolithTaskDefinition}.executionRoleArn", "TaskExecutionRole",
     "arn:aws:iam::000000000000:role/mysfits-TaskExecutionRole", "CloudFormation generates the name"),
    ("LostLikes.filterName", None, "mysfits-LostLikes", "CloudFormation generates the name"),
    ("SlowLikes.filterName", None, "mysfits-SlowLikes", "CloudFormation generates the name"),
    (f"{SERVICES}.networkConfiguration.awsvpcConfiguration.assignPublicIp", "DISABLED", None, "the lab has no VPC"),
    (f"{SERVICES}.networkConfiguration.awsvpcConfiguration.subnets.0", "subnet-0123456789abcdef2", None, "the lab has no VPC"),
    (f"{SERVICES}.networkConfiguration.awsvpcConfiguration.subnets.1", "subnet-0123456789abcdef3", None, "the lab has no VPC"),
    ("LikeService.networkConfiguration.awsvpcConfiguration.securityGroups.0", "LikeSecurityGroup.GroupId", None, "the lab has no VPC"),
    ("MonolithService.networkConfiguration.awsvpcConfiguration.securityGroups.0", "MonolithSecurityGroup.GroupId", None,
     "the lab has no VPC"),
    (f"{GROUPS}.vpcId", "vpc-0123456789abcdef0", None, "the lab has no VPC"),
    ("LoadBalancer.subnets.0", "subnet-0123456789abcdef0", None, "the lab has no VPC"),
    ("LoadBalancer.subnets.1", "subnet-0123456789abcdef1", None, "the lab has no VPC"),
    ("LoadBalancer.securityGroups.0", "LoadBalancerSecurityGroup.GroupId", None, "the lab has no VPC"),
    (f"{SERVICES}.availabilityZoneRebalancing", "ENABLED", None, "the lab has one zone"),

    # What the local services do not have
    (f"{SERVICES}.enableECSManagedTags", "true", "false", "the local ECS has no tags"),
    (f"{SERVICES}.propagateTags", "SERVICE", "NONE", "the local ECS has no tags"),
    ("LikeService.deploymentConfiguration.alarms.alarmNames.0", "LikesFail", None, "the local ECS does not watch alarms"),
    ("LikeService.deploymentConfiguration.alarms.{enable,rollback}", "true", None, "the local ECS does not watch alarms"),
    ("Cluster.clusterSettings.containerInsights", "enhanced", "disabled", "the lab has no Container Insights"),
    ("LoadBalancer.loadBalancerAttributes.routing.http.preserve_host_header.enabled", "false", "true",
     "the local load balancer does not change the header Host; an ALB on port 80 does not change it either, but would append another port"),
    ("LoadBalancer.loadBalancerAttributes.routing.http2.enabled", "true", "false", "the local load balancer has no HTTP/2"),
    ("MysfitsTable.pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled", "true", None, "the emulator has no backups"),
    ("MysfitsTable.sSESpecification.sSEEnabled", "true", None, "the emulator does not encrypt"),
    ("{MysfitsTable.tableName,MonolithTaskDefinition.containerDefinitions.monolith-service.environment.DDB_TABLE_NAME}",
     "MysfitsTable-mysfits", "MysfitsTable", "data directories of earlier versions contain a table with this name"),
]


def expand(path):
    """Returns the paths that a path with braces stands for."""
    found = re.search(r"\{([^}]*)\}", path)
    if not found:
        return [path]
    return [whole for part in found[1].split(",") for whole in expand(path[:found.start()] + part + path[found.end():])]


def defaults_of_aws():
    """Returns path -> value."""
    return {path: value for paths, value in DEFAULTS_OF_AWS.items() for path in expand(paths)}


def differences():
    """Returns path -> the value in the template and the value in the lab."""
    return {path: (template, lab) for paths, template, lab, _reason in DIFFERENCES for path in expand(paths)}
