//! Changes of services, rules and scaling, which faults make and which end them.

use serde_json::{Value, json};

use super::aws::{AUTO_SCALING, Aws, DYNAMODB, ECS, Failed, List};
use crate::definition::{request_of, set_variable};

/// Lists the ARNs of tasks.
pub const TASKS: List<'static> = List {
    service: Some(ECS),
    operation: "ListTasks",
    items: "taskArns",
    tokens: ["nextToken"; 2],
};

/// A revision of a task definition.
struct Revision {
    arn: Value,
    /// The request that registers the same.
    definition: Value,
    /// The name of the container that receives the requests.
    container: Value,
}

impl Revision {
    /// The container that receives the requests.
    fn container(&mut self) -> Result<&mut Value, Failed> {
        let containers = self.definition["containerDefinitions"].as_array_mut();
        let mut containers = containers.into_iter().flatten();
        let found = containers.find(|container| container["name"] == self.container);
        found.ok_or_else(|| {
            Failed::lacks("DescribeTaskDefinition", "container of the load balancer")
        })
    }
}

impl Aws {
    /// Registers a revision with these variables in the container that receives the requests, and updates the service to it. Returns the ARN of the
    /// revision.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn deploy_variables(
        &self,
        service: &str,
        variables: &[(&str, &str)],
    ) -> Result<String, Failed> {
        let mut revision = self.revision_of(service).await?;
        let container = revision.container()?;
        for (name, value) in variables {
            set_variable(container, name, value);
        }
        let registered = self.register(&revision.definition).await?;
        self.set_revision(service, &registered).await?;
        Ok(registered)
    }

    /// Deploys variables as [`deploy_variables`](Self::deploy_variables) does, removes the variables with these prefixes, sets the desired count, and
    /// deregisters the revision of before, so that nobody goes back to it.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn begin_again(
        &self,
        service: &str,
        removed_prefixes: &[&str],
        variables: &[(&str, &str)],
        desired: u32,
    ) -> Result<(), Failed> {
        let mut revision = self.revision_of(service).await?;
        let container = revision.container()?;
        if let Some(variables) = container["environment"].as_array_mut() {
            let is_removed = |variable: &Value| {
                let name = variable["name"].as_str().unwrap_or_default();
                removed_prefixes
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
            };
            variables.retain(|variable| !is_removed(variable));
        }
        for (name, value) in variables {
            set_variable(container, name, value);
        }
        let registered = self.register(&revision.definition).await?;
        let changes = json!({ "taskDefinition": registered, "desiredCount": desired });
        self.update_service(service, changes).await?;
        let request = json!({ "taskDefinition": revision.arn });
        let deregistered = self.json(ECS, "DeregisterTaskDefinition", &request);
        deregistered.await.map(drop)
    }

    /// The revision that a service has now.
    async fn revision_of(&self, service: &str) -> Result<Revision, Failed> {
        let mut services = self.services(&[service]).await?;
        let mut service = services.pop().unwrap_or_default();
        let request = json!({ "taskDefinition": service["taskDefinition"] });
        let described = self.json(ECS, "DescribeTaskDefinition", &request).await?;
        Ok(Revision {
            arn: service["taskDefinition"].take(),
            definition: request_of(&described["taskDefinition"]),
            container: service["loadBalancers"][0]["containerName"].take(),
        })
    }

    /// Registers a task definition. Returns the ARN of the revision.
    async fn register(&self, definition: &Value) -> Result<String, Failed> {
        let registered = self.json(ECS, "RegisterTaskDefinition", definition).await?;
        let arn = registered["taskDefinition"]["taskDefinitionArn"].as_str();
        Ok(arn.unwrap_or_default().to_owned())
    }

    /// Updates a service. `changes` is an object with the members of the request that differ.
    async fn update_service(&self, service: &str, changes: Value) -> Result<(), Failed> {
        let mut request = changes;
        request["cluster"] = json!(self.name("CLUSTER"));
        request["service"] = json!(service);
        self.json(ECS, "UpdateService", &request).await.map(drop)
    }

    /// Registers the Like service with Application Auto Scaling, with the smallest and the largest number of tasks. Returns the ARN of the scalable target.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn scale(&self, min: u32, max: u32) -> Result<String, Failed> {
        let resource = format!(
            "service/{}/{}",
            self.name("CLUSTER"),
            self.name("LIKE_SERVICE")
        );
        let request = json!({
            "ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": min, "MaxCapacity": max,
        });
        let response = self
            .json(AUTO_SCALING, "RegisterScalableTarget", &request)
            .await?;
        let arn = response["ScalableTargetARN"].as_str();
        Ok(arn.unwrap_or_default().to_owned())
    }

    /// Sends this share of the likes in percent to the monolith, and the rest to the Like service. Returns the ARN of the rule.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn set_weights(&self, monolith: u16) -> Result<String, Failed> {
        let rule = self.name("LIKE_RULE");
        let likes = 100_u16.saturating_sub(monolith).to_string();
        let monolith = monolith.to_string();
        let group = |number: u8, member: &str| {
            format!("Actions.member.1.ForwardConfig.TargetGroups.member.{number}.{member}")
        };
        let parameters = [
            ("RuleArn".to_owned(), rule),
            ("Actions.member.1.Type".to_owned(), "forward"),
            (group(1, "TargetGroupArn"), self.name("LIKE_TARGET_GROUP")),
            (group(1, "Weight"), &likes),
            (
                group(2, "TargetGroupArn"),
                self.name("MONOLITH_TARGET_GROUP"),
            ),
            (group(2, "Weight"), &monolith),
        ];
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        self.elb("ModifyRule", &parameters).await?;
        Ok(rule.to_owned())
    }

    /// Sets the path of the rule of likes. Returns the ARN of the rule.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn set_path(&self, path: &str) -> Result<String, Failed> {
        let rule = self.name("LIKE_RULE");
        let condition = "Conditions.member.1";
        let (field, value) = (
            format!("{condition}.Field"),
            format!("{condition}.PathPatternConfig.Values.member.1"),
        );
        let parameters = [
            ("RuleArn", rule),
            (field.as_str(), "path-pattern"),
            (value.as_str(), path),
        ];
        self.elb("ModifyRule", &parameters).await?;
        Ok(rule.to_owned())
    }

    /// Updates a service to a revision of its task definition.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn set_revision(&self, service: &str, revision: &str) -> Result<(), Failed> {
        let changes = json!({ "taskDefinition": revision });
        self.update_service(service, changes).await
    }

    /// Sets the desired count of a service.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn set_desired_count(&self, service: &str, desired: u32) -> Result<(), Failed> {
        let changes = json!({ "desiredCount": desired });
        self.update_service(service, changes).await
    }

    /// Removes a mysfit from the table.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn delete_mysfit(&self, id: &str) -> Result<(), Failed> {
        let request = json!({
            "TableName": self.name("TABLE"), "Key": { "MysfitId": { "S": id } },
        });
        self.json(DYNAMODB, "DeleteItem", &request).await.map(drop)
    }

    /// Stops a task.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn stop_task(&self, task: &str) -> Result<(), Failed> {
        let request = json!({ "cluster": self.name("CLUSTER"), "task": task });
        self.json(ECS, "StopTask", &request).await.map(drop)
    }

    /// The ARNs of the running tasks of a service, in the order of their ids.
    ///
    /// # Errors
    ///
    /// Fails if an operation fails.
    pub async fn tasks(&self, service: &str) -> Result<Vec<String>, Failed> {
        let request = json!({ "cluster": self.name("CLUSTER"), "serviceName": service });
        let arns = self.list(TASKS, request).await?;
        let arns = arns
            .iter()
            .filter_map(|arn| arn.as_str().map(str::to_owned));
        let mut arns: Vec<_> = arns.collect();
        arns.sort();
        Ok(arns)
    }
}
