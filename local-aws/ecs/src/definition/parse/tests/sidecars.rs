//! Dependencies between containers, and their restarts.

use super::*;
use crate::definition::RestartPolicy;
use crate::definition::{Condition, Dependency};

/// Sources of the messages: an unknown container, eagletmt/hako pull request 99; an essential container, boto/boto3 issue 2436;
/// a missing health check, public deployment notes of 2026.
#[test]
fn dependencies_are_checked_as_ecs_checks_them() {
    let parse = |other: Value, condition: &str, name: &str| {
        let dependency = json!([{ "containerName": name, "condition": condition }]);
        let first = json!({ "name": "c", "image": "i", "dependsOn": dependency });
        let request = with(minimal(), "/containerDefinitions", json!([first, other]));
        TaskDefinition::parse(&request)
    };
    let essential = json!({ "name": "d", "image": "i" });
    let check = json!({ "command": ["CMD", "true"] });
    let healthy = json!({ "name": "d", "image": "i", "essential": false, "healthCheck": check });
    for (condition, parsed) in [
        ("START", Condition::Start),
        ("COMPLETE", Condition::Complete),
        ("SUCCESS", Condition::Success),
        ("HEALTHY", Condition::Healthy),
    ] {
        let definition = parse(healthy.clone(), condition, "d").unwrap();
        let expected = Dependency {
            container: 1,
            condition: parsed,
        };
        assert_eq!(definition.containers[0].depends_on, [expected]);
    }
    let message = |other: &Value, condition, name| {
        let error = parse(other.clone(), condition, name).unwrap_err();
        (error.code, error.message)
    };
    for (condition, name, expected) in [
        (
            "START",
            "x",
            "Cannot depend on container + 'x' because it does not exist",
        ),
        (
            "SUCCESS",
            "d",
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            "COMPLETE",
            "d",
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            "HEALTHY",
            "d",
            "A dependency container with HEALTHY condition must have health check configured",
        ),
    ] {
        let expected = ("ClientException", expected.to_owned());
        assert_eq!(message(&essential, condition, name), expected);
    }
    let (_, own) = message(&essential, "START", "c");
    assert!(own.contains("cycle"), "{own}");
    let (code, unknown) = message(&essential, "STOPPED", "d");
    assert_eq!(code, "InvalidParameterException");
    assert!(unknown.contains("condition"), "{unknown}");
}

#[test]
fn the_start_timeout_is_2_to_120_seconds() {
    let path = "/containerDefinitions/0/startTimeout";
    let definition = TaskDefinition::parse(&with(minimal(), path, json!(120))).unwrap();
    let timeout = definition.containers[0].start_timeout;
    assert_eq!(timeout, Some(Duration::from_secs(120)));
    for seconds in [1, 121, -1] {
        assert!(error(path, json!(seconds)).message.contains("startTimeout"));
    }
}

/// The limits and the default are those of the API reference, `ContainerRestartPolicy`.
#[test]
fn a_restart_policy_is_parsed_if_it_is_enabled() {
    let path = "/containerDefinitions/0/restartPolicy";
    let policy = |value: Value| {
        let definition = TaskDefinition::parse(&with(minimal(), path, value)).unwrap();
        definition.containers[0].restart_policy.clone()
    };
    assert_eq!(policy(json!({ "enabled": false })), None);
    let expected = RestartPolicy {
        attempt_period: Duration::from_secs(300),
        ignored_exit_codes: Vec::new(),
    };
    assert_eq!(policy(json!({ "enabled": true })), Some(expected));
    let value = json!({ "enabled": true, "restartAttemptPeriod": 60, "ignoredExitCodes": [0] });
    let expected = RestartPolicy {
        attempt_period: Duration::from_secs(60),
        ignored_exit_codes: vec![0],
    };
    assert_eq!(policy(value), Some(expected));
    for seconds in [59, 1801] {
        let value = json!({ "enabled": true, "restartAttemptPeriod": seconds });
        let message = error(path, value).message;
        assert!(message.contains("restartAttemptPeriod"), "{message}");
    }
    let value = json!({ "enabled": true, "ignoredExitCodes": vec![1; 51] });
    assert!(error(path, value).message.contains("ignoredExitCodes"));
}
