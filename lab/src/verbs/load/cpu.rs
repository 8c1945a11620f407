//! Warns if injected faults make likes need more CPU time than this machine has.

use std::ops::RangeInclusive;

use http_shell::env::Environment;
use serde_json::{Value, json};

use super::pacing::Pacing;
use crate::client::Listener;
use crate::error::Error;
use crate::scenario::load_test::{CpuCost, cpu_cost};

/// Whether the rule sends requests to the target group. Without the rule, it sends none.
pub fn has_weight(aws: Listener, rule: &str, group: &str) -> bool {
    let form = format!("Action=DescribeRules&Version=2015-12-01&RuleArns.member.1={rule}");
    let weight = format!("<TargetGroupArn>{group}</TargetGroupArn><Weight>");
    aws.call_elb(form).is_ok_and(|rules| {
        rules
            .split_once(&weight)
            .is_some_and(|(_, rest)| !rest.starts_with("0<"))
    })
}

/// Returns the warning for likes with this pacing. Reads the task definition of `service` from the ECS API of the running lab.
///
/// # Errors
///
/// Fails if the API does not answer.
pub fn warning(
    aws: Listener,
    cluster: &str,
    service: &str,
    pacing: &Pacing,
) -> Result<Option<String>, Error> {
    let request = json!({ "cluster": cluster, "services": [service] });
    let services = aws.call_ecs("DescribeServices", &request)?;
    // Without the service there is no task definition, and no like that needs CPU time.
    let Some(definition) = services["services"][0]["taskDefinition"].as_str() else {
        return Ok(None);
    };
    let request = json!({ "taskDefinition": definition });
    let definition = aws.call_ecs("DescribeTaskDefinition", &request)?;
    // A task with an invalid environment does not run.
    let Ok(Some(cost)) = cpu_cost(environment(&definition["taskDefinition"])) else {
        return Ok(None);
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(warning_of(&cost, pacing, processors))
}

/// The environment of the first container.
fn environment(definition: &Value) -> Environment {
    let variables = &definition["containerDefinitions"][0]["environment"];
    let variables = variables.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    variables
        .filter_map(|variable| Some((text(&variable["name"])?, text(&variable["value"])?)))
        .collect()
}

fn warning_of(cost: &CpuCost, pacing: &Pacing, processors: usize) -> Option<String> {
    let level = pacing.profile().maximum();
    let (load, needed) = match pacing {
        Pacing::Rate { .. } => (
            format!("{level} likes per second"),
            level * cpu_seconds(cost.percent, &cost.milliseconds),
        ),
        // A user waits for the end of a like, so that a user's likes burn the time of at most one processor.
        Pacing::Users { pause, .. } => {
            let burn = cpu_seconds(cost.percent, &cost.milliseconds);
            let share = burn / (burn + pause.as_secs_f64());
            (format!("the likes of {level} users"), level * share)
        }
    };
    (needed > processors as f64).then(|| {
        format!(
            "faults are on (CHAOSMODE=on), and with faults {load} need about {needed:.0} processors. This machine has \
             {processors}. To measure the services, start the lab with --chaos off"
        )
    })
}

/// The mean CPU time of a like, in seconds.
fn cpu_seconds(percent: u32, milliseconds: &RangeInclusive<u64>) -> f64 {
    let mean = (milliseconds.start() + milliseconds.end()) as f64 / 2.0;
    f64::from(percent) / 100.0 * mean / 1000.0
}

#[cfg(test)]
mod tests {
    use super::super::profile::Profile;
    use super::*;
    use std::time::Duration;

    fn cost() -> CpuCost {
        CpuCost {
            percent: 64,
            milliseconds: 1100..=2200,
        }
    }

    fn constant(level: f64) -> Profile {
        Profile::constant(level, Duration::from_secs(1))
    }

    #[test]
    fn a_like_needs_the_mean_cpu_time_of_all_likes() {
        assert!((cpu_seconds(64, &(1100..=2200)) - 1.056).abs() < 1e-9);
        assert_eq!(cpu_seconds(0, &(1100..=2200)), 0.0);
    }

    #[test]
    fn the_warning_names_the_processors_that_the_highest_rate_needs() {
        let warning = warning_of(&cost(), &Pacing::rate(constant(25.0)), 2).unwrap();
        assert!(
            warning.contains("25 likes per second need about 26 processors"),
            "{warning}"
        );
        assert!(warning.contains("This machine has 2."), "{warning}");
        assert_eq!(warning_of(&cost(), &Pacing::rate(constant(25.0)), 32), None);
        assert_eq!(warning_of(&cost(), &Pacing::rate(constant(1.0)), 2), None);
    }

    #[test]
    fn a_user_needs_at_most_one_processor() {
        assert_eq!(
            warning_of(&cost(), &Pacing::users(constant(2.0), Duration::ZERO), 2),
            None
        );
        let warning =
            warning_of(&cost(), &Pacing::users(constant(10.0), Duration::ZERO), 2).unwrap();
        assert!(
            warning.contains("10 users need about 10 processors"),
            "{warning}"
        );
    }

    #[test]
    fn users_who_pause_need_fewer_processors() {
        let users = |level| Pacing::users(constant(level), Duration::from_millis(1056));
        let warning = warning_of(&cost(), &users(10.0), 2).unwrap();
        assert!(
            warning.contains("10 users need about 5 processors"),
            "{warning}"
        );
        assert_eq!(warning_of(&cost(), &users(3.0), 2), None);
    }

    #[test]
    fn the_environment_is_that_of_the_first_container() {
        let definition = json!({ "containerDefinitions": [
            { "environment": [{ "name": "CHAOSMODE", "value": "on" }] },
            { "environment": [{ "name": "CHAOSMODE", "value": "off" }] },
        ]});
        assert_eq!(cpu_cost(environment(&definition)).unwrap(), Some(cost()));
        assert_eq!(cpu_cost(environment(&json!({}))).unwrap(), None);
    }
}
