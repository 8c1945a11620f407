//! Builds the block `aws`, which describes the program's platform, the called AWS resource and the
//! OpenTelemetry SDK. This module also determines the field `origin` of a document.

use serde_json::{Map, Value, json};

use super::attributes::{Attributes, build_object};

/// Attributes of a call to AWS. The attributes of a call to AWS do not become annotations if the span has a
/// block `aws`.
const CALL_KEYS: [&str; 10] = [
    "aws.operation",
    "rpc.method",
    "aws.account_id",
    "aws.region",
    "aws.request_id",
    "aws.requestId",
    "aws.queue_url",
    "aws.queue.url",
    "aws.table_name",
    "aws.table.name",
];

/// Builds the block `aws`, and removes the attributes of the call from `remaining`. Returns `None` if the
/// program runs on a cloud other than AWS.
pub fn build_block(
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
    remaining: &mut Attributes<'_>,
) -> Option<Value> {
    if is_on_another_cloud(resource) {
        return None;
    }
    remaining.remove(&CALL_KEYS);
    let attribute_json = |keys: &[&str]| attributes.find_text(keys).map(Value::from);
    let tables = attributes.get_texts("aws.dynamodb.table_names");
    let table = match &*tables {
        [] => attribute_json(&["aws.table_name", "aws.table.name"]),
        [table] => Some((*table).into()),
        _ => None,
    };
    let account = attributes
        .find_text(&["aws.account_id"])
        .or_else(|| resource.find_text(&["cloud.account.id"]));
    let mut aws = build_object([
        (
            "operation",
            attribute_json(&["aws.operation", "rpc.method"]),
        ),
        ("account_id", account.map(Value::from)),
        ("region", attribute_json(&["aws.region"])),
        (
            "request_id",
            attribute_json(&["aws.request_id", "aws.requestId"]),
        ),
        (
            "queue_url",
            attribute_json(&[
                "messaging.url",
                "aws.sqs.queue.url",
                "aws.queue_url",
                "aws.queue.url",
            ]),
        ),
        ("table_name", table),
        ("table_names", (tables.len() > 1).then(|| json!(tables))),
        ("cloudwatch_logs", build_log_groups(resource)),
        ("xray", Some(Value::Object(build_sdk_block(resource)))),
    ]);
    aws.extend(build_platform_blocks(resource));
    Some(Value::Object(aws))
}

/// Builds the blocks for EC2, ECS, Elastic Beanstalk and EKS. For an EKS pod on an EC2 instance, the function
/// builds the blocks `eks` and `ec2`.
fn build_platform_blocks(resource: &Attributes<'_>) -> Map<String, Value> {
    let platform = resource.find_text(&["cloud.platform"]);
    let is_on = |name: &str| platform == Some(name);
    let resource_json = |key: &str| resource.find_text(&[key]).map(Value::from);
    let availability_zone_json = || resource_json("cloud.availability_zone");
    let ec2 = (is_on("aws_ec2") || resource.find_text(&["host.id"]).is_some()).then(|| {
        build_object([
            ("instance_id", resource_json("host.id")),
            ("availability_zone", availability_zone_json()),
            ("instance_size", resource_json("host.type")),
            ("ami_id", resource_json("host.image.id")),
        ])
    });
    let ecs = is_on("aws_ecs").then(|| {
        build_object([
            ("container", resource_json("container.name")),
            ("container_id", resource_json("container.id")),
            ("task_arn", resource_json("aws.ecs.task.arn")),
            ("task_family", resource_json("aws.ecs.task.family")),
            ("cluster_arn", resource_json("aws.ecs.cluster.arn")),
            ("container_arn", resource_json("aws.ecs.container.arn")),
            ("availability_zone", availability_zone_json()),
            ("launch_type", resource_json("aws.ecs.launchtype")),
        ])
    });
    let deployment_id = resource
        .find_text(&["service.instance.id"])
        .filter(|_| is_on("aws_elastic_beanstalk"));
    let beanstalk = deployment_id.map(|deployment_id| {
        let deployment_id = deployment_id.parse::<i64>().unwrap_or(0);
        build_object([
            ("environment_name", resource_json("service.namespace")),
            ("deployment_id", Some(deployment_id.into())),
            ("version_label", resource_json("service.version")),
        ])
    });
    let eks =
        (is_on("aws_eks") || resource.find_text(&["k8s.cluster.name"]).is_some()).then(|| {
            build_object([
                ("cluster_name", resource_json("k8s.cluster.name")),
                ("pod", resource_json("k8s.pod.name")),
                ("container_id", resource_json("container.id")),
            ])
        });
    build_object([
        ("ec2", ec2.map(Value::Object)),
        ("ecs", ecs.map(Value::Object)),
        ("elastic_beanstalk", beanstalk.map(Value::Object)),
        ("eks", eks.map(Value::Object)),
    ])
}

fn build_sdk_block(resource: &Attributes<'_>) -> Map<String, Value> {
    let resource_text = |key: &str| resource.find_text(&[key]);
    let name = resource_text("telemetry.sdk.name");
    let sdk = name.map(|name| match resource_text("telemetry.sdk.language") {
        Some(language) => format!("{name} for {language}"),
        None => name.to_owned(),
    });
    let agent_version = resource.find_text(&["telemetry.distro.version", "telemetry.auto.version"]);
    build_object([
        ("sdk", sdk.map(Value::from)),
        (
            "sdk_version",
            resource_text("telemetry.sdk.version").map(Value::from),
        ),
        ("auto_instrumentation", Some(agent_version.is_some().into())),
    ])
}

/// Builds the list of CloudWatch log groups from the ARNs of the groups. If the resource contains no ARNs,
/// the function uses the names of the groups. One text attribute may contain several log groups, separated by
/// `&`, because `OTEL_RESOURCE_ATTRIBUTES` cannot contain lists.
fn build_log_groups(resource: &Attributes<'_>) -> Option<Value> {
    let split_texts = |key: &str| -> Vec<&str> {
        let texts = resource.get_texts(key).into_iter();
        texts
            .flat_map(|text| text.split('&'))
            .filter(|text| !text.is_empty())
            .collect()
    };
    let arns = split_texts("aws.log.group.arns");
    let groups: Vec<Value> = if arns.is_empty() {
        split_texts("aws.log.group.names")
            .iter()
            .map(|name| json!({ "log_group": name }))
            .collect()
    } else {
        arns.iter()
            .map(|arn| json!({ "log_group": arn.split(':').nth(6).unwrap_or(arn), "arn": arn }))
            .collect()
    };
    (!groups.is_empty()).then_some(Value::Array(groups))
}

/// The field `origin`: the type of the AWS resource that the program runs on.
pub fn find_origin(resource: &Attributes<'_>) -> Option<&'static str> {
    if is_on_another_cloud(resource) {
        return None;
    }
    Some(match resource.find_text(&["cloud.platform"])? {
        "aws_app_runner" => "AWS::AppRunner::Service",
        "aws_eks" => "AWS::EKS::Container",
        "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
        "aws_ecs" => match resource.find_text(&["aws.ecs.launchtype"]) {
            Some("ec2") => "AWS::ECS::EC2",
            Some("fargate") => "AWS::ECS::Fargate",
            _ => "AWS::ECS::Container",
        },
        "aws_ec2" => "AWS::EC2::Instance",
        _ => return None,
    })
}

fn is_on_another_cloud(resource: &Attributes<'_>) -> bool {
    let provider = resource.find_text(&["cloud.provider"]);
    provider.is_some_and(|provider| provider != "aws")
}
