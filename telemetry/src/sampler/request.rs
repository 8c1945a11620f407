//! The properties of the service and of a request that sampling rules can match.

use std::borrow::Cow;

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;

/// The properties of this process that rules can match.
#[derive(Debug, Default)]
pub(crate) struct Service {
    pub name: String,
    /// X-Ray's names for the platform, such as `AWS::ECS::Container`. A rule matches the service if the
    /// rule's pattern matches one of the platform names.
    pub types: &'static [&'static str],
    /// The ARN of the ECS container.
    pub arn: Option<String>,
}

impl Service {
    /// Reads the properties of the service from the attributes of `resource`.
    pub fn from_resource(resource: &Resource) -> Self {
        let read_attribute =
            |key: &'static str| resource.get(&key.into()).map(|value| value.to_string());
        let launch_type = read_attribute("aws.ecs.launchtype");
        let types: &[&str] = match read_attribute("cloud.platform").as_deref() {
            // X-Ray's own SDKs use `AWS::ECS::Container` for the launch types Fargate and EC2. The `origin`
            // of this service's segment documents is `AWS::ECS::Fargate` or `AWS::ECS::EC2`.
            Some("aws_ecs") => match launch_type.as_deref() {
                Some("fargate") => &["AWS::ECS::Container", "AWS::ECS::Fargate"],
                Some("ec2") => &["AWS::ECS::Container", "AWS::ECS::EC2"],
                _ => &["AWS::ECS::Container"],
            },
            Some("aws_ec2") => &["AWS::EC2::Instance"],
            Some("aws_eks") => &["AWS::EKS::Container"],
            Some("aws_elastic_beanstalk") => &["AWS::ElasticBeanstalk::Environment"],
            _ => &[],
        };
        Self {
            name: read_attribute("service.name").unwrap_or_default(),
            types,
            arn: read_attribute("aws.ecs.container.arn"),
        }
    }
}

/// The properties of a request that rules can match. A missing property is an empty string.
#[derive(Debug, Default)]
pub(super) struct Request<'a> {
    pub host: &'a str,
    pub port: Option<i64>,
    pub method: &'a str,
    pub path: &'a str,
    attributes: &'a [KeyValue],
}

impl<'a> Request<'a> {
    /// Reads the properties of the request from the attributes of a new span.
    pub fn from_attributes(attributes: &'a [KeyValue]) -> Self {
        let mut request = Self {
            attributes,
            ..Self::default()
        };
        let mut original_method = None;
        for attribute in attributes {
            match (attribute.key.as_str(), &attribute.value) {
                ("server.address", Value::String(host)) => request.host = host.as_str(),
                ("server.port", Value::I64(port)) => request.port = Some(*port),
                ("http.request.method", Value::String(method)) => request.method = method.as_str(),
                ("http.request.method_original", Value::String(method)) => {
                    original_method = Some(method.as_str());
                }
                ("url.path", Value::String(path)) => request.path = path.as_str(),
                _ => {}
            }
        }
        // OpenTelemetry's conventions replace an unknown method with `_OTHER`. Sampling rules match the
        // original method of the request.
        if let Some(method) = original_method {
            request.method = method;
        }
        request
    }

    /// Returns the value of an attribute as text.
    pub fn attribute(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut attributes = self.attributes.iter();
        let attribute = attributes.find(|attribute| attribute.key.as_str() == key)?;
        Some(attribute.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create_service(attributes: &[(&'static str, &'static str)]) -> Service {
        let attributes = attributes
            .iter()
            .map(|(key, value)| KeyValue::new(*key, *value));
        let resource = Resource::builder_empty().with_attributes(attributes);
        Service::from_resource(&resource.build())
    }

    #[test]
    fn a_service_on_fargate_has_both_service_types_and_the_arn_of_its_container() {
        let fargate = create_service(&[
            ("service.name", "monolith"),
            ("cloud.platform", "aws_ecs"),
            ("aws.ecs.launchtype", "fargate"),
            ("aws.ecs.container.arn", "arn:aws:ecs:x"),
        ]);
        assert_eq!(fargate.name, "monolith");
        assert_eq!(fargate.types, ["AWS::ECS::Container", "AWS::ECS::Fargate"]);
        assert_eq!(fargate.arn.as_deref(), Some("arn:aws:ecs:x"));
    }

    #[test]
    fn each_platform_has_its_service_types() {
        let ec2 = create_service(&[("cloud.platform", "aws_ecs"), ("aws.ecs.launchtype", "ec2")]);
        assert_eq!(ec2.types, ["AWS::ECS::Container", "AWS::ECS::EC2"]);
        for (platform, types) in [
            ("aws_ecs", &["AWS::ECS::Container"] as &[_]),
            ("aws_ec2", &["AWS::EC2::Instance"]),
            ("aws_eks", &["AWS::EKS::Container"]),
            (
                "aws_elastic_beanstalk",
                &["AWS::ElasticBeanstalk::Environment"],
            ),
            ("gcp_cloud_run", &[]),
        ] {
            assert_eq!(create_service(&[("cloud.platform", platform)]).types, types);
        }
        assert!(create_service(&[]).types.is_empty());
    }
}
