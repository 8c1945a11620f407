//! Services of ECS and their task definitions.

use serde_json::Value;

use crate::guide::{Aws, Failure, Finding, list, number, text};

/// A service by the name of the variable with its name.
pub fn service(aws: &Aws, variable: &str) -> Result<Value, Failure> {
    let name = aws.name(variable);
    let both = [aws.name("LIKE_SERVICE"), aws.name("MONOLITH_SERVICE")];
    let cluster = aws.name("CLUSTER");
    let described = aws.call(&[
        "ecs",
        "describe-services",
        "--cluster",
        cluster,
        "--services",
        both[0],
        both[1],
    ])?;
    let found = list(&described["services"]).iter();
    let mut found = found.filter(|service| service["serviceName"] == name);
    let missing = || Failure(format!("the cluster {cluster} has no service {name}"));
    found.next().cloned().ok_or_else(missing)
}

/// The newest active revision of a family, or the revision with an ARN.
pub fn definition(aws: &Aws, name: &str) -> Result<Value, Failure> {
    let command = ["ecs", "describe-task-definition", "--task-definition", name];
    Ok(aws.call(&command)?["taskDefinition"].take())
}

/// The task definition that a service uses.
pub fn definition_of(aws: &Aws, service: &Value) -> Result<Value, Failure> {
    definition(aws, text(&service["taskDefinition"]))
}

/// A task definition as people call it: `revision 2`.
pub fn revision(definition: &Value) -> String {
    format!("revision {}", definition["revision"])
}

/// A container by its name. In the lab, the name of the image also finds it.
pub fn container<'a>(definition: &'a Value, name: &str) -> Option<&'a Value> {
    let mut containers = list(&definition["containerDefinitions"]).iter();
    containers.find(|container| container["name"] == name || container["image"] == name)
}

/// The names of the containers.
pub fn container_names(definition: &Value) -> Vec<&str> {
    let containers = list(&definition["containerDefinitions"]).iter();
    containers
        .map(|container| text(&container["name"]))
        .collect()
}

/// The value of a variable of a container.
pub fn variable<'a>(definition: &'a Value, name: &str, variable: &str) -> Option<&'a str> {
    let container = container(definition, name)?;
    let mut variables = list(&container["environment"]).iter();
    variables
        .find(|it| it["name"] == variable)
        .map(|it| text(&it["value"]))
}

/// Whether all tasks run, and no deployment is in progress.
pub fn stable(service: &Value) -> Finding {
    let name = text(&service["serviceName"]);
    let (running, desired) = (&service["runningCount"], &service["desiredCount"]);
    let deployments = list(&service["deployments"]);
    if let [newest, _, ..] = deployments {
        let (running, desired) = (&newest["runningCount"], &newest["desiredCount"]);
        return Err(format!(
            "A deployment of {name} is in progress: {running} of {desired} tasks of the new deployment run. Wait and check again."
        ));
    }
    let sentence = format!("{name}: {running} of {desired} tasks run.");
    match running == desired {
        true => Ok(sentence),
        false => Err(format!("{sentence} Wait and check again.")),
    }
}

/// Whether the desired count is this one.
pub fn desired_count(service: &Value, wanted: u32) -> Finding {
    let name = text(&service["serviceName"]);
    let desired = number(&service["desiredCount"]);
    let sentence = format!("The desired count of {name} is {desired}");
    crate::guide::expect(desired == f64::from(wanted), sentence, &wanted.to_string())
}
