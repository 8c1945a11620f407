//! The blocks of a document: `http`, `aws` and `sql`. What went into them is taken out of the attributes.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;

/// Databases that are asked in SQL, by `db.system` and `db.system.name`.
const SQL: [&str; 14] = [
    "db2",
    "derby",
    "hive",
    "mariadb",
    "mssql",
    "mysql",
    "oracle",
    "postgresql",
    "sqlite",
    "teradata",
    "other_sql",
    "microsoft.sql_server",
    "oracle.db",
    "ibm.db2",
];

/// Status of the answer, by the old convention and the new.
pub const STATUS: [&str; 2] = ["http.response.status_code", "http.status_code"];

/// An object of what is set.
pub fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Map<String, Value> {
    let set = pairs
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    set.collect()
}

/// Block `http`, if the span is about HTTP.
pub fn http(span: &Span, attributes: &mut Attributes<'_>) -> Option<Value> {
    let is_server = span.kind() == SpanKind::Server;
    let method = attributes.take_text(&["http.request.method", "http.method"]);
    let status = attributes.take_number(&STATUS);
    let url = url(is_server, attributes);
    let agent = attributes.take_text(&["user_agent.original", "http.user_agent"]);
    let forwarded = attributes.take_text(&["client.address", "http.client_ip"]);
    let peer = attributes.take_text(&["network.peer.address", "net.sock.peer.addr", "net.peer.ip"]);
    if method.is_none() && status.is_none() && agent.is_none() && forwarded.is_none() {
        return None;
    }
    let client = forwarded.or(peer).filter(|_| is_server);
    let request = object([
        ("method", method.map(Value::from)),
        ("url", url.map(Value::from)),
        ("user_agent", agent.map(Value::from)),
        ("client_ip", client.map(Value::from)),
        (
            "x_forwarded_for",
            (is_server && forwarded.is_some()).then(|| true.into()),
        ),
    ]);
    let length =
        attributes.take_number(&["http.response.body.size", "http.response_content_length"]);
    let response = object([
        ("status", status.map(Value::from)),
        ("content_length", length.map(Value::from)),
    ]);
    let part = |object: Map<String, Value>| (!object.is_empty()).then_some(Value::Object(object));
    let http = object([("request", part(request)), ("response", part(response))]);
    Some(Value::Object(http))
}

/// The whole address, or one of its parts.
fn url(is_server: bool, attributes: &mut Attributes<'_>) -> Option<String> {
    let full = attributes.take_text(&["url.full", "http.url"]);
    let scheme = attributes
        .take_text(&["url.scheme", "http.scheme"])
        .unwrap_or("http");
    let hosts: &[&str] = match is_server {
        true => &[
            "http.host",
            "server.address",
            "http.server_name",
            "net.host.name",
            "host.name",
        ],
        false => &[
            "http.host",
            "server.address",
            "net.peer.name",
            "net.peer.ip",
        ],
    };
    let host = attributes.text(hosts);
    let port = attributes.take_number(match is_server {
        true => &["server.port", "net.host.port"],
        false => &["server.port", "net.peer.port"],
    });
    let path = attributes.take_text(&["url.path", "http.target"]);
    let query = attributes.take_text(&["url.query"]);
    if full.is_some() || host.is_some() || path.is_some() {
        attributes.remove(hosts);
    }
    if let Some(full) = full {
        return Some(full.to_owned());
    }
    let host = host?;
    let usual = matches!((scheme, port), ("http", Some(80)) | ("https", Some(443)));
    let port = port.filter(|_| !usual && !host.contains(':'));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!(
        "{scheme}://{host}{port}{}{query}",
        path.unwrap_or("/")
    ))
}

/// Block `aws`: where the program runs, what it called, and with which SDK it tells so.
pub fn aws(attributes: &mut Attributes<'_>, resource: &Attributes<'_>) -> Option<Value> {
    let provider = resource.text(&["cloud.provider"]);
    let operation = attributes.take_text(&["aws.operation", "rpc.method"]);
    let tables = attributes.texts("aws.dynamodb.table_names");
    let table = attributes.take_text(&["aws.table.name", "aws.table_name"]);
    let text = |value: Option<&str>| value.map(Value::from);
    let region = attributes.take_text(&["aws.region", "cloud.region"]);
    let request = attributes.take_text(&["aws.request_id", "aws.requestId"]);
    let queue = attributes.take_text(&[
        "messaging.url",
        "aws.queue.url",
        "aws.queue_url",
        "aws.sqs.queue.url",
    ]);
    let bucket = attributes.take_text(&["aws.s3.bucket"]);
    let account = attributes.take_text(&["aws.account_id"]);
    attributes.remove(&[
        "aws.dynamodb.table_names",
        "aws.service",
        "rpc.system",
        "rpc.service",
        "rpc.system.name",
    ]);
    if provider.is_some_and(|provider| provider != "aws") {
        return None;
    }
    let platform = resource.text(&["cloud.platform"]);
    let zone = || text(resource.text(&["cloud.availability_zone"]));
    let instance = resource.text(&["host.id"]);
    let ec2 = (platform == Some("aws_ec2")).then(|| {
        object([
            ("instance_id", text(instance)),
            ("availability_zone", zone()),
            ("instance_size", text(resource.text(&["host.type"]))),
            ("ami_id", text(resource.text(&["host.image.id"]))),
        ])
    });
    let ecs = (platform == Some("aws_ecs")).then(|| {
        object([
            ("container", text(resource.text(&["container.name"]))),
            ("container_id", text(resource.text(&["container.id"]))),
            (
                "container_arn",
                text(resource.text(&["aws.ecs.container.arn"])),
            ),
            ("task_arn", text(resource.text(&["aws.ecs.task.arn"]))),
            ("availability_zone", zone()),
        ])
    });
    let beanstalk = resource
        .text(&["service.instance.id"])
        .filter(|_| platform == Some("aws_elastic_beanstalk"));
    let beanstalk = beanstalk.map(|deployment| {
        object([
            (
                "environment_name",
                text(resource.text(&["service.namespace"])),
            ),
            (
                "deployment_id",
                Some(deployment.parse::<i64>().unwrap_or(0).into()),
            ),
            ("version_label", text(resource.text(&["service.version"]))),
        ])
    });
    let cluster = resource.text(&["k8s.cluster.name"]);
    let eks = (platform == Some("aws_eks") || cluster.is_some()).then(|| {
        object([
            ("cluster_name", text(cluster)),
            ("pod", text(resource.text(&["k8s.pod.name"]))),
            ("container_id", text(resource.text(&["container.id"]))),
        ])
    });
    let sdk = resource.text(&["telemetry.sdk.name"]).map(|name| {
        let language = resource.text(&["telemetry.sdk.language"]);
        language.map_or_else(
            || name.to_owned(),
            |language| format!("{name} for {language}"),
        )
    });
    let xray = object([
        ("sdk", sdk.map(Value::from)),
        (
            "sdk_version",
            text(resource.text(&["telemetry.sdk.version"])),
        ),
        (
            "auto_instrumentation",
            Some(
                resource
                    .text(&["telemetry.distro.version", "telemetry.auto.version"])
                    .is_some()
                    .into(),
            ),
        ),
    ]);
    let one_table = match &*tables {
        [one] => Some(*one),
        [] => table,
        _ => None,
    };
    Some(Value::Object(object([
        ("operation", text(operation)),
        ("table_name", text(one_table)),
        ("table_names", (tables.len() > 1).then(|| json!(tables))),
        ("region", text(region)),
        ("request_id", text(request)),
        ("queue_url", text(queue)),
        ("bucket_name", text(bucket)),
        (
            "account_id",
            text(account.or_else(|| resource.text(&["cloud.account.id"]))),
        ),
        ("ec2", ec2.map(Value::Object)),
        ("ecs", ecs.map(Value::Object)),
        ("elastic_beanstalk", beanstalk.map(Value::Object)),
        ("eks", eks.map(Value::Object)),
        ("cloudwatch_logs", log_groups(resource)),
        ("xray", Some(Value::Object(xray))),
    ])))
}

/// The log groups that the resource names, by ARN rather than by name. Several stand in one text with `&`
/// between them, where they came from an environment variable.
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

/// Block `sql`, if a database was asked in SQL.
pub fn sql(span: &Span, attributes: &mut Attributes<'_>) -> Option<Value> {
    let system = attributes.text(&["db.system", "db.system.name"])?;
    if !SQL.contains(&system) {
        return None;
    }
    attributes.remove(&["db.system", "db.system.name"]);
    let connection = attributes
        .take_text(&["db.connection_string"])
        .unwrap_or("localhost");
    let name = attributes
        .take_text(&["db.name", "db.namespace"])
        .unwrap_or_default();
    let text = |value: Option<&str>| value.map(Value::from);
    Some(Value::Object(object([
        ("url", Some(span.name.as_str().into())),
        (
            "connection_string",
            Some(format!("{connection}/{name}").into()),
        ),
        ("database_type", Some(system.into())),
        ("user", text(attributes.take_text(&["db.user"]))),
        (
            "sanitized_query",
            text(attributes.take_text(&["db.statement", "db.query.text"])),
        ),
    ])))
}

/// Type of the resource that the program runs on.
pub fn origin(resource: &Attributes<'_>) -> Option<&'static str> {
    if resource
        .text(&["cloud.provider"])
        .is_some_and(|provider| provider != "aws")
    {
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

/// Whether the program says that the span failed.
pub fn is_error(span: &Span) -> bool {
    span.status
        .as_ref()
        .is_some_and(|status| status.code() == StatusCode::Error)
}
