//! Block `aws`: where the program runs, which AWS resource it called, and its SDK. Also the segment's `origin`.

use serde_json::{Map, Value, json};

use super::attributes::{Attributes, object};

/// Attributes of the call. They move from the annotations to the block.
const CALL_ATTRIBUTES: [&str; 10] = [
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

/// Builds the block and removes its attributes from `rest`. There is no block on another cloud.
pub fn block(
    attributes: &Attributes<'_>,
    resource: &Attributes<'_>,
    rest: &mut Attributes<'_>,
) -> Option<Value> {
    if is_on_another_cloud(resource) {
        return None;
    }
    rest.remove(&CALL_ATTRIBUTES);
    let text = |keys: &[&str]| attributes.text(keys).map(Value::from);
    let tables = attributes.texts("aws.dynamodb.table_names");
    let table = match &*tables {
        [] => text(&["aws.table_name", "aws.table.name"]),
        [one] => Some((*one).into()),
        _ => None,
    };
    let account = text(&["aws.account_id"]);
    let account = account.or_else(|| resource.text(&["cloud.account.id"]).map(Value::from));
    let mut aws = object([
        ("operation", text(&["aws.operation", "rpc.method"])),
        ("account_id", account),
        ("region", text(&["aws.region"])),
        ("request_id", text(&["aws.request_id", "aws.requestId"])),
        (
            "queue_url",
            text(&[
                "messaging.url",
                "aws.sqs.queue.url",
                "aws.queue_url",
                "aws.queue.url",
            ]),
        ),
        ("table_name", table),
        ("table_names", (tables.len() > 1).then(|| json!(tables))),
        ("cloudwatch_logs", log_groups(resource)),
        ("xray", Some(Value::Object(sdk(resource)))),
    ]);
    aws.extend(platforms(resource));
    Some(Value::Object(aws))
}

/// Blocks for EC2, ECS, Elastic Beanstalk and EKS. A pod of EKS on an EC2 instance has two of them.
fn platforms(resource: &Attributes<'_>) -> Map<String, Value> {
    let platform = resource.text(&["cloud.platform"]);
    let is_on = |name: &str| platform == Some(name);
    let text = |key: &str| resource.text(&[key]).map(Value::from);
    let zone = || text("cloud.availability_zone");
    let ec2 = (is_on("aws_ec2") || resource.text(&["host.id"]).is_some()).then(|| {
        object([
            ("instance_id", text("host.id")),
            ("availability_zone", zone()),
            ("instance_size", text("host.type")),
            ("ami_id", text("host.image.id")),
        ])
    });
    let ecs = is_on("aws_ecs").then(|| {
        object([
            ("container", text("container.name")),
            ("container_id", text("container.id")),
            ("task_arn", text("aws.ecs.task.arn")),
            ("task_family", text("aws.ecs.task.family")),
            ("cluster_arn", text("aws.ecs.cluster.arn")),
            ("container_arn", text("aws.ecs.container.arn")),
            ("availability_zone", zone()),
            ("launch_type", text("aws.ecs.launchtype")),
        ])
    });
    let deployment = resource.text(&["service.instance.id"]);
    let deployment = deployment.filter(|_| is_on("aws_elastic_beanstalk"));
    let beanstalk = deployment.map(|deployment| {
        let number = deployment.parse::<i64>().unwrap_or(0);
        object([
            ("environment_name", text("service.namespace")),
            ("deployment_id", Some(number.into())),
            ("version_label", text("service.version")),
        ])
    });
    let eks = (is_on("aws_eks") || resource.text(&["k8s.cluster.name"]).is_some()).then(|| {
        object([
            ("cluster_name", text("k8s.cluster.name")),
            ("pod", text("k8s.pod.name")),
            ("container_id", text("container.id")),
        ])
    });
    object([
        ("ec2", ec2.map(Value::Object)),
        ("ecs", ecs.map(Value::Object)),
        ("elastic_beanstalk", beanstalk.map(Value::Object)),
        ("eks", eks.map(Value::Object)),
    ])
}

fn sdk(resource: &Attributes<'_>) -> Map<String, Value> {
    let text = |key: &str| resource.text(&[key]);
    let name = text("telemetry.sdk.name");
    let sdk = name.map(|name| match text("telemetry.sdk.language") {
        Some(language) => format!("{name} for {language}"),
        None => name.to_owned(),
    });
    let agent = resource.text(&["telemetry.distro.version", "telemetry.auto.version"]);
    object([
        ("sdk", sdk.map(Value::from)),
        (
            "sdk_version",
            text("telemetry.sdk.version").map(Value::from),
        ),
        ("auto_instrumentation", Some(agent.is_some().into())),
    ])
}

/// The log groups of the resource, by ARN or else by name. `OTEL_RESOURCE_ATTRIBUTES` has no lists, so one text
/// may hold several, separated by `&`.
fn log_groups(resource: &Attributes<'_>) -> Option<Value> {
    let listed = |key: &str| -> Vec<&str> {
        let texts = resource.texts(key).into_iter();
        texts
            .flat_map(|text| text.split('&'))
            .filter(|text| !text.is_empty())
            .collect()
    };
    let arns = listed("aws.log.group.arns");
    let groups: Vec<Value> = match arns.is_empty() {
        false => arns
            .iter()
            .map(|arn| json!({ "log_group": arn.split(':').nth(6).unwrap_or(arn), "arn": arn }))
            .collect(),
        true => listed("aws.log.group.names")
            .iter()
            .map(|name| json!({ "log_group": name }))
            .collect(),
    };
    (!groups.is_empty()).then_some(Value::Array(groups))
}

/// Type of the resource that the program runs on.
pub fn origin(resource: &Attributes<'_>) -> Option<&'static str> {
    if is_on_another_cloud(resource) {
        return None;
    }
    Some(match resource.text(&["cloud.platform"])? {
        "aws_app_runner" => "AWS::AppRunner::Service",
        "aws_eks" => "AWS::EKS::Container",
        "aws_elastic_beanstalk" => "AWS::ElasticBeanstalk::Environment",
        "aws_ecs" => match resource.text(&["aws.ecs.launchtype"]) {
            Some("ec2") => "AWS::ECS::EC2",
            Some("fargate") => "AWS::ECS::Fargate",
            _ => "AWS::ECS::Container",
        },
        "aws_ec2" => "AWS::EC2::Instance",
        _ => return None,
    })
}

fn is_on_another_cloud(resource: &Attributes<'_>) -> bool {
    let provider = resource.text(&["cloud.provider"]);
    provider.is_some_and(|provider| provider != "aws")
}
