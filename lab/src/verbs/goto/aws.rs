//! The operations of AWS that `goto` calls at the AWS endpoint of the lab.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Listener;
use crate::error::Error;
use crate::exports::Export;
use crate::scenario::{ServiceStart, Start};
use crate::verbs::env::exports_of;

/// The AWS endpoint.
pub struct Aws {
    listener: Listener,
    /// The names that the verb `env` prints.
    names: HashMap<String, String>,
}

impl Aws {
    /// The AWS endpoint at this port.
    ///
    /// # Errors
    ///
    /// Fails if no lab answers there.
    pub fn new(port: u16) -> Result<Self, Error> {
        let listener = Listener::aws(port);
        let exports = exports_of(listener)?.into_iter();
        Ok(Self {
            listener,
            names: exports
                .map(|Export { name, value }| (name, value))
                .collect(),
        })
    }

    /// The value of a name. A lab of another version may not have it.
    fn name(&self, name: &str) -> Result<&str, Error> {
        let value = self.names.get(name).map(String::as_str);
        value.ok_or_else(|| self.listener.other_program())
    }

    /// Describes a revision of a task definition.
    pub fn describe_definition(&self, revision: &str) -> Result<Value, Error> {
        let request = json!({ "taskDefinition": revision });
        let mut response = self.listener.call_ecs("DescribeTaskDefinition", &request)?;
        Ok(response["taskDefinition"].take())
    }

    /// Describes a service.
    pub fn describe_service(&self, service: &str) -> Result<Value, Error> {
        let request = json!({ "cluster": self.name("CLUSTER")?, "services": [service] });
        let mut response = self.listener.call_ecs("DescribeServices", &request)?;
        Ok(response["services"][0].take())
    }

    /// Registers a task definition, if there is one, and updates the service. Returns the ARN of the service's revision.
    pub fn update_service(
        &self,
        start: &ServiceStart,
        definition: Option<Value>,
    ) -> Result<String, Error> {
        let mut request = json!({
            "cluster": self.name("CLUSTER")?,
            "service": start.service,
            "desiredCount": start.desired_count,
        });
        if let Some(definition) = definition {
            let mut response = self
                .listener
                .call_ecs("RegisterTaskDefinition", &definition)?;
            request["taskDefinition"] = response["taskDefinition"]["taskDefinitionArn"].take();
        }
        let response = self.listener.call_ecs("UpdateService", &request)?;
        let revision = response["service"]["taskDefinition"].as_str();
        Ok(revision.unwrap_or_default().to_owned())
    }

    /// Sets the weights of the rule.
    pub fn set_weights(&self, start: &Start) -> Result<(), Error> {
        let mut form = format!(
            "Action=ModifyRule&Version=2015-12-01&RuleArn={}&Actions.member.1.Type=forward",
            self.name(start.rule)?
        );
        for (number, (group, weight)) in (1..).zip(start.weights) {
            let arn = self.name(group)?;
            let member = format!("Actions.member.1.ForwardConfig.TargetGroups.member.{number}");
            form += &format!("&{member}.TargetGroupArn={arn}&{member}.Weight={weight}");
        }
        self.listener.call_elb(form).map(drop)
    }
}
