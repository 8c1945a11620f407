//! Task definitions and services as the API describes them. Everything here is pure.

use serde_json::{Value, json};

use crate::definition::{request_of, set_variable};
use crate::error::Error;
use crate::scenario::ServiceStart;

/// The request that registers the start state of a service, from the description of the lab's own revision. `None` if that
/// revision has this state.
///
/// # Errors
///
/// When the lab's own revision does not have the container that the start state leaves out.
pub fn changed(original: &Value, start: &ServiceStart) -> Result<Option<Value>, Error> {
    let mut definition = request_of(original);
    let before = definition.clone();
    let mut none = Vec::new();
    let containers = definition["containerDefinitions"].as_array_mut();
    let containers = containers.unwrap_or(&mut none);
    if let Some(removed) = start.removed_container {
        let count = containers.len();
        containers.retain(|container| container["name"] != removed);
        if containers.len() == count {
            return Err(Error::NoContainer {
                service: start.service,
                container: removed,
            });
        }
        for container in containers.iter_mut() {
            if let Some(dependencies) = container["dependsOn"].as_array_mut() {
                dependencies.retain(|dependency| dependency["containerName"] != removed);
            }
        }
    }
    let mut containers = containers.iter_mut();
    if let Some(container) = containers.find(|container| container["name"] == start.container) {
        if let Some(image) = start.image {
            container["image"] = json!(image);
        }
        for (name, value) in start.variables {
            set_variable(container, name, value);
        }
    }
    Ok((definition != before).then_some(definition))
}

/// How far a deployment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As many tasks of the revision run as are desired, and no others.
    Stable,
    /// What is missing.
    Waiting(String),
    /// The deployment has failed.
    Failed,
}

/// How far the service, as `DescribeServices` shows it, is with the deployment of the revision with this ARN.
pub fn progress(service: &Value, revision: &str) -> Progress {
    let deployments = service["deployments"].as_array();
    let deployments = deployments.map(Vec::as_slice).unwrap_or_default();
    let primary = deployments.first().unwrap_or(&Value::Null);
    let state = &primary["rolloutState"];
    if primary["taskDefinition"] != revision || state == "FAILED" {
        return Progress::Failed;
    }
    let (running, desired) = (&primary["runningCount"], &service["desiredCount"]);
    if deployments.len() == 1
        && state == "COMPLETED"
        && running == desired
        && service["pendingCount"] == 0
    {
        return Progress::Stable;
    }
    let others = match deployments.len() {
        0 | 1 => "",
        _ => "; tasks of other deployments stop",
    };
    Progress::Waiting(format!("{running} of {desired} tasks run{others}"))
}

/// The newest event of a service that is about a start, or else the newest one.
pub fn reason(service: &Value) -> String {
    let events = service["events"].as_array().into_iter().flatten();
    let mut messages = events.filter_map(|event| event["message"].as_str());
    let is_about_start = |message: &&str| message.contains("Reason: ");
    let reason = messages.clone().find(is_about_start);
    reason
        .or_else(|| messages.next())
        .unwrap_or("there are no events")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: ServiceStart = ServiceStart {
        service: "Server",
        container: "server",
        image: None,
        removed_container: None,
        desired_count: 2,
        variables: &[("LOGLEVEL", "ERROR")],
    };

    fn original() -> Value {
        json!({
            "taskDefinitionArn": "arn", "revision": 1, "status": "ACTIVE", "compatibilities": [],
            "family": "Server",
            "containerDefinitions": [
                {
                    "name": "server", "image": "server",
                    "environment": [{ "name": "LOGLEVEL", "value": "ERROR" }],
                    "dependsOn": [
                        { "containerName": "daemon", "condition": "START" },
                        { "containerName": "other", "condition": "START" },
                    ],
                },
                { "name": "daemon", "image": "daemon" },
            ],
        })
    }

    #[test]
    fn a_revision_that_has_the_start_state_is_not_registered_again() {
        assert_eq!(changed(&original(), &START).unwrap(), None);
    }

    #[test]
    fn variables_and_the_image_of_the_container_are_set() {
        let start = ServiceStart {
            image: Some("server:worktree"),
            variables: &[("LOGLEVEL", "DEBUG"), ("NEW", "1")],
            ..START
        };
        let changed = changed(&original(), &start).unwrap().unwrap();
        let container = &changed["containerDefinitions"][0];
        assert_eq!(container["image"], "server:worktree");
        let expected =
            json!([{ "name": "LOGLEVEL", "value": "DEBUG" }, { "name": "NEW", "value": "1" }]);
        assert_eq!(container["environment"], expected);
        assert_eq!(changed["containerDefinitions"][1]["image"], "daemon");
        assert_eq!(changed.get("revision"), None);
        assert_eq!(changed["family"], "Server");
    }

    #[test]
    fn no_container_depends_on_the_one_that_is_left_out() {
        let start = ServiceStart {
            removed_container: Some("daemon"),
            ..START
        };
        let changed = changed(&original(), &start).unwrap().unwrap();
        let containers = changed["containerDefinitions"].as_array().unwrap();
        assert_eq!(containers.len(), 1);
        let expected = json!([{ "containerName": "other", "condition": "START" }]);
        assert_eq!(containers[0]["dependsOn"], expected);
    }

    #[test]
    fn a_container_that_cannot_be_left_out_is_an_error() {
        let start = ServiceStart {
            removed_container: Some("unknown"),
            ..START
        };
        let error = super::changed(&original(), &start).unwrap_err();
        assert!(error.to_string().contains("unknown"), "{error}");
    }

    #[test]
    fn a_service_is_stable_when_only_tasks_of_the_revision_run() {
        let deployment = |state: &str| json!({ "taskDefinition": "new", "rolloutState": state, "runningCount": 2 });
        let old = json!({ "taskDefinition": "old", "rolloutState": "COMPLETED" });
        let service = |deployments: &[Value]| json!({ "desiredCount": 2, "pendingCount": 0, "deployments": deployments });
        let completed = deployment("COMPLETED");
        let in_progress = deployment("IN_PROGRESS");
        let waiting = |text: &str| Progress::Waiting(text.to_owned());
        for (deployments, expected) in [
            (vec![completed.clone()], Progress::Stable),
            (vec![in_progress.clone()], waiting("2 of 2 tasks run")),
            (
                vec![in_progress, old.clone()],
                waiting("2 of 2 tasks run; tasks of other deployments stop"),
            ),
            (vec![deployment("FAILED")], Progress::Failed),
            // A rollback.
            (vec![old, completed], Progress::Failed),
        ] {
            assert_eq!(
                progress(&service(&deployments), "new"),
                expected,
                "{deployments:?}"
            );
        }
    }
}
