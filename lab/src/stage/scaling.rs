//! Joins Application Auto Scaling with ECS, whose desired counts it changes, and with CloudWatch, whose alarms tell it when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use autoscaling::{Alarms, AutoScaling, BoxFuture, Breach, Capacity, DesiredCount, ServiceId};
use cloudwatch::{AlarmAction, AlarmActions, AlarmState, CloudWatch, Operator};
use ecs::{Clock, DeploymentState, Ecs, ServiceOverview, SystemClock};
use serde_json::Value;
use tokio::runtime::Handle;

use super::Balancing;
use crate::scenario::Scenario;

/// The prefix of the ARNs of scaling policies.
const SCALING_POLICIES: &str = "arn:aws:autoscaling:";

/// Starts Application Auto Scaling for the services of a scenario. The actions of alarms reach it.
pub fn start_scaling(
    scenario: &Scenario,
    balancing: &Balancing,
    ecs: &Ecs,
    cloudwatch: &Arc<CloudWatch>,
) -> AutoScaling {
    let services = scenario.services.iter();
    let target_groups = services.map(|service| {
        let group = balancing.group(service.target_group);
        (service.name, group.arn().to_owned())
    });
    let services = Services {
        ecs: ecs.clone(),
        cluster: scenario.cluster,
        target_groups: target_groups.collect(),
    };
    let clock = SystemClock::start();
    let alarms = ScalingAlarms(Arc::clone(cloudwatch));
    let scaling = AutoScaling::start(
        Arc::new(services),
        Arc::new(alarms),
        Arc::new(move || UNIX_EPOCH + clock.now().0),
    );
    cloudwatch.set_actions(Arc::new(ScalingActions {
        scaling: scaling.clone(),
        runtime: Handle::current(),
    }));
    scaling
}

/// The desired counts of the services.
struct Services {
    ecs: Ecs,
    cluster: &'static str,
    /// The ARNs of target groups by the names of the services.
    target_groups: BTreeMap<&'static str, String>,
}

impl Services {
    fn overview(&self, id: &ServiceId) -> Option<ServiceOverview> {
        let overview = self.ecs.watch();
        let overview = overview.borrow();
        let service = overview.service(&id.service)?;
        (id.cluster == self.cluster).then(|| service.clone())
    }
}

impl DesiredCount for Services {
    fn get<'a>(&'a self, id: &'a ServiceId) -> BoxFuture<'a, Option<Capacity>> {
        Box::pin(async move {
            let service = self.overview(id)?;
            let group = self.target_groups.get(service.name.as_str());
            let deployment = service.deployment.as_ref();
            Some(Capacity {
                desired: service.desired,
                running: service.running,
                pending: service.pending,
                is_deploying: deployment.is_some_and(|it| it.state == DeploymentState::InProgress),
                target_groups: group.into_iter().cloned().collect(),
            })
        })
    }

    fn set<'a>(&'a self, id: &'a ServiceId, desired: u32) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match self.overview(id) {
                Some(service) => {
                    self.ecs.set_desired_count(&service.name, desired).await;
                    Ok(())
                }
                None => Err(format!("{id} does not exist")),
            }
        })
    }
}

/// The alarms that target tracking policies create, and those that have a policy as an action.
struct ScalingAlarms(Arc<CloudWatch>);

impl Alarms for ScalingAlarms {
    fn put(&self, request: Value) -> BoxFuture<'_, Result<(), wire::Error>> {
        let put = || {
            let config = serde_json::from_value(request);
            let config = config
                .map_err(|error| wire::Error::bad_request("ValidationError", error.to_string()))?;
            self.0.put_alarm(config)
        };
        let result = put();
        Box::pin(async { result })
    }

    fn delete(&self, names: Vec<String>) -> BoxFuture<'_, ()> {
        for name in names {
            self.0.delete_alarm(&name);
        }
        Box::pin(async {})
    }

    fn with_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, Vec<String>> {
        let alarms = self.0.alarms_with_action(action).into_iter();
        let names = alarms.map(|(name, _)| name).collect();
        Box::pin(async { names })
    }

    fn remove_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, ()> {
        self.0.remove_action(action);
        Box::pin(async {})
    }
}

/// The actions of alarms. Only those of scaling policies exist.
struct ScalingActions {
    scaling: AutoScaling,
    runtime: Handle,
}

impl AlarmActions for ScalingActions {
    fn run(&self, actions: &[AlarmAction]) -> Vec<Result<(), String>> {
        let is_of_policy = |action: &&AlarmAction| action.action.starts_with(SCALING_POLICIES);
        let of_policies = actions.iter().filter(is_of_policy).map(converted).collect();
        let results = self.runtime.block_on(self.scaling.on_alarms(of_policies));
        let mut results = results.into_iter();
        let results = actions.iter().map(|action| {
            let result = is_of_policy(&action).then(|| results.next()).flatten();
            result.unwrap_or_else(|| Err("Actions of this service are not implemented".to_owned()))
        });
        results.collect()
    }
}

fn converted(action: &AlarmAction) -> autoscaling::AlarmAction {
    autoscaling::AlarmAction {
        action: action.action.clone(),
        alarm: action.alarm_name.clone(),
        state: match action.state {
            AlarmState::Ok => autoscaling::AlarmState::Ok,
            AlarmState::Alarm => autoscaling::AlarmState::Alarm,
            AlarmState::InsufficientData => autoscaling::AlarmState::InsufficientData,
        },
        threshold: action.threshold,
        breach: match action.operator {
            Operator::GreaterThanOrEqualTo | Operator::GreaterThan => Breach::Above,
            Operator::LessThanOrEqualTo | Operator::LessThan => Breach::Below,
        },
        datapoints: action.values.clone(),
    }
}
