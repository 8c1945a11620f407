//! The CloudWatch of a scenario: its alarms and its dashboard at the start, and again after a reset.

use std::sync::Arc;

use cloudwatch::{AlarmConfig, CloudWatch, Dimension};

use super::Balancing;
use crate::scenario::{Alarm, DashboardValue, Scenario};

/// The period of all alarms in seconds.
const ALARM_PERIOD: i64 = 60;

/// CloudWatch, and what it has at the start.
pub struct Monitoring {
    cloudwatch: Arc<CloudWatch>,
    alarms: Vec<AlarmConfig>,
    dashboard: (String, String),
}

impl Monitoring {
    /// Gives `cloudwatch` the alarms and the dashboard of `scenario`.
    pub fn new(cloudwatch: Arc<CloudWatch>, scenario: &Scenario, balancing: &Balancing) -> Self {
        let alarms = scenario.alarms.iter();
        let monitoring = Self {
            cloudwatch,
            alarms: alarms.map(|alarm| config(alarm, balancing)).collect(),
            dashboard: (
                scenario.dashboard.name.to_owned(),
                dashboard_body(scenario, balancing),
            ),
        };
        monitoring.create();
        monitoring
    }

    /// Removes all metrics, and returns to the alarms and the dashboard of the start.
    pub fn reset(&self) {
        self.cloudwatch.reset();
        self.create();
    }

    #[expect(
        clippy::expect_used,
        reason = "a test creates the alarms and the dashboard of the scenario, and no input reaches them"
    )]
    fn create(&self) {
        for alarm in &self.alarms {
            let created = self.cloudwatch.put_alarm(alarm.clone());
            created.expect("the alarms of the scenario are valid");
        }
        let (name, body) = self.dashboard.clone();
        let created = self.cloudwatch.put_dashboard(name, body);
        created.expect("the dashboard of the scenario is valid");
    }
}

/// An alarm of a target group, without actions.
fn config(alarm: &Alarm, balancing: &Balancing) -> AlarmConfig {
    let group = balancing.group(alarm.target_group);
    let dimensions = [
        ("LoadBalancer", balancing.load_balancer.full_name()),
        ("TargetGroup", group.full_name()),
    ];
    let dimensions = dimensions.map(|(name, value)| Dimension {
        name: name.to_owned(),
        value: value.to_owned(),
    });
    AlarmConfig {
        name: alarm.name.to_owned(),
        description: Some(alarm.description.to_owned()),
        namespace: Some("AWS/ApplicationELB".to_owned()),
        metric_name: Some(alarm.metric.to_owned()),
        dimensions: dimensions.to_vec(),
        statistic: Some(alarm.statistic.to_owned()),
        period: Some(ALARM_PERIOD),
        evaluation_periods: Some(alarm.evaluation_periods),
        threshold: Some(alarm.threshold),
        comparison_operator: Some(alarm.comparison.to_owned()),
        treat_missing_data: Some(alarm.missing_data.to_owned()),
        ..AlarmConfig::default()
    }
}

fn dashboard_body(scenario: &Scenario, balancing: &Balancing) -> String {
    let mut body = scenario.dashboard.body.to_owned();
    for (name, value) in &scenario.dashboard.values {
        let group;
        let value = match value {
            DashboardValue::Text(text) => text,
            DashboardValue::LoadBalancer => balancing.load_balancer.full_name(),
            DashboardValue::TargetGroup(name) => {
                group = balancing.group(name);
                group.full_name()
            }
        };
        body = body.replace(&format!("${{{name}}}"), value);
    }
    body
}
