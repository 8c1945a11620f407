//! The constraints of AWS's model: lengths, patterns and sets of values. Their errors have the words of AWS's validation of
//! requests, which names all violations of a request.

use std::fmt::Display;

use wire::{Error, shorten};

use super::invalid;

/// Longest resource id, policy name in requests that find a policy, role and ARN.
const MAX_TEXT_LENGTH: usize = 1600;

/// The pattern of most texts in AWS's model.
const TEXT_PATTERN: &str = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*";

/// `ServiceNamespace` in AWS's model.
const NAMESPACES: [&str; 15] = [
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
];

/// `ScalableDimension`, in the order of AWS's error message.
const DIMENSIONS: [&str; 24] = [
    "cassandra:table:WriteCapacityUnits",
    "dynamodb:index:ReadCapacityUnits",
    "cassandra:table:ReadCapacityUnits",
    "dynamodb:index:WriteCapacityUnits",
    "appstream:fleet:DesiredCapacity",
    "sagemaker:inference-component:DesiredCopyCount",
    "comprehend:document-classifier-endpoint:DesiredInferenceUnits",
    "ec2:spot-fleet-request:TargetCapacity",
    "rds:cluster:ReadReplicaCount",
    "elasticache:cache-cluster:Nodes",
    "elasticache:replication-group:Replicas",
    "workspaces:workspacespool:DesiredUserSessions",
    "sagemaker:variant:DesiredProvisionedConcurrency",
    "dynamodb:table:WriteCapacityUnits",
    "kafka:broker-storage:VolumeSize",
    "ecs:service:DesiredCount",
    "sagemaker:variant:DesiredInstanceCount",
    "comprehend:entity-recognizer-endpoint:DesiredInferenceUnits",
    "dynamodb:table:ReadCapacityUnits",
    "lambda:function:ProvisionedConcurrency",
    "custom-resource:ResourceType:Property",
    "neptune:cluster:ReadReplicaCount",
    "elasticache:replication-group:NodeGroups",
    "elasticmapreduce:instancegroup:InstanceCount",
];

/// Collects the violations of a request.
#[derive(Debug, Default)]
pub struct Constraints(Vec<String>);

impl Constraints {
    /// A parameter that a request must have. Returns the parameter, or an empty text for a violation.
    pub fn required<'a>(&mut self, name: &str, value: &'a Option<String>) -> &'a str {
        self.present(name, value.is_some());
        value.as_deref().unwrap_or_default()
    }

    /// As [`required`](Self::required), for a parameter that is no text.
    pub fn present(&mut self, name: &str, is_present: bool) {
        if !is_present {
            self.add(name, "null", "Member must not be null");
        }
    }

    /// The three parameters that name a scalable target.
    pub fn target<'a>(
        &mut self,
        namespace: &'a Option<String>,
        resource_id: &'a Option<String>,
        dimension: &'a Option<String>,
    ) -> (&'a str, &'a str, &'a str) {
        let names = (
            self.required("serviceNamespace", namespace),
            self.required("resourceId", resource_id),
            self.required("scalableDimension", dimension),
        );
        self.namespace(namespace.as_deref());
        self.text("resourceId", resource_id.as_deref());
        self.dimension(dimension.as_deref());
        names
    }

    pub fn namespace(&mut self, value: Option<&str>) {
        self.one_of("serviceNamespace", value, &NAMESPACES);
    }

    pub fn dimension(&mut self, value: Option<&str>) {
        self.one_of("scalableDimension", value, &DIMENSIONS);
    }

    pub fn one_of(&mut self, name: &str, value: Option<&str>, values: &[&str]) {
        let Some(value) = value.filter(|value| !values.contains(value)) else {
            return;
        };
        let values = values.join(", ");
        self.add_value(
            name,
            value,
            format_args!("Member must satisfy enum value set: [{values}]"),
        );
    }

    /// The length and the pattern of most texts.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        self.length(name, value, MAX_TEXT_LENGTH);
        let is_allowed = |c: char| match c {
            '\t' | '\n' | '\r' => true,
            _ => c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'),
        };
        if let Some(value) = value.filter(|value| !value.chars().all(is_allowed)) {
            self.pattern(name, value, TEXT_PATTERN);
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &str, values: &[String]) {
        const MAX_ITEMS: usize = 50;
        if values.len() > MAX_ITEMS {
            let listed = values.join(", ");
            let violated =
                format_args!("Member must have length less than or equal to {MAX_ITEMS}");
            self.add(name, &format!("'[{}]'", shorten(&listed)), violated);
        }
        for (number, value) in (1..).zip(values) {
            self.text(&format!("{name}.{number}.member"), Some(value));
        }
    }

    /// The name of a policy: printable characters of ASCII.
    pub fn policy_name(&mut self, value: Option<&str>) {
        self.length("policyName", value, 256);
        let is_printable = |c: char| matches!(c, ' '..='~');
        let value = value.filter(|value| !value.chars().all(is_printable));
        if let Some(value) = value {
            self.pattern("policyName", value, r"\p{Print}+");
        }
    }

    pub fn length(&mut self, name: &str, value: Option<&str>, max: usize) {
        let Some(value) = value else { return };
        let violated = match value.chars().count() {
            0 => "Member must have length greater than or equal to 1".to_owned(),
            length if length > max => {
                format!("Member must have length less than or equal to {max}")
            }
            _ => return,
        };
        self.add_value(name, value, violated);
    }

    fn pattern(&mut self, name: &str, value: &str, pattern: &str) {
        self.add_value(
            name,
            value,
            format_args!("Member must satisfy regular expression pattern: {pattern}"),
        );
    }

    fn add_value(&mut self, name: &str, value: &str, violated: impl Display) {
        self.add(name, &format!("'{}'", shorten(value)), violated);
    }

    fn add(&mut self, name: &str, value: &str, violated: impl Display) {
        self.0.push(format!(
            "Value {value} at '{name}' failed to satisfy constraint: {violated}"
        ));
    }

    /// Returns an error that names all violations.
    pub fn check(self) -> Result<(), Error> {
        let violations = self.0.join("; ");
        match self.0.len() {
            0 => Ok(()),
            1 => Err(invalid(format!(
                "1 validation error detected: {violations}"
            ))),
            count => Err(invalid(format!(
                "{count} validation errors detected: {violations}"
            ))),
        }
    }
}
