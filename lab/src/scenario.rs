//! A scenario is what a workshop runs, as data: task definitions, services and what they depend on, the rules of the load
//! balancer, the tables, and the first words. Only the modules below this one, and those of exams, know a workshop.

use std::collections::HashMap;
use std::time::Duration;

use ecs::DeploymentConfig;
use http_shell::env::Environment;
use http_shell::process::ProcessError;
use serde_json::Value;

use crate::endpoints::Addresses;
use crate::report::Words;
use crate::task::Bind;
use crate::tracing::Tracing;

mod mysfits;

pub use mysfits::{
    EXERCISE, EXPORTS, IMAGES, Options, STARTS, find_steps, load_test, scenario as load,
};

/// Runs an image until it is asked to stop, or until the lab has ended.
///
/// # Errors
///
/// When there is no such image, its environment is invalid, or the program fails.
pub fn run_image(image: &str, bind: Bind) -> Result<(), ProcessError> {
    let mut images = IMAGES.iter();
    let image = images
        .find(|known| known.name == image)
        .ok_or_else(|| ProcessError::Argument(image.to_owned()))?;
    (image.run)(&Environment::snapshot(), bind)
}

/// What a scenario needs to know of the lab that runs it.
pub struct Context<'a> {
    pub addresses: &'a Addresses,
    pub tracing: &'a Tracing,
    /// The log level of the services.
    pub log_level: &'a str,
    /// The seed of faults.
    pub seed: u64,
    /// The reader's environment variables. Values that are not UTF-8 have replacement characters.
    pub reader: &'a HashMap<String, String>,
}

/// What a workshop runs. All names refer to other parts of the scenario.
#[derive(Debug)]
pub struct Scenario {
    /// The name of the workshop for people.
    pub title: &'static str,
    pub cluster: &'static str,
    /// The name of the load balancer.
    pub load_balancer: &'static str,
    pub target_groups: Vec<TargetGroup>,
    /// The rules of the listener, without the default rule.
    pub rules: Vec<Rule>,
    /// The target group of the default rule.
    pub default_target_group: &'static str,
    /// Each service comes after the services on which it depends.
    pub services: Vec<Service>,
    pub tables: Vec<Table>,
    /// The metric filters at the start: requests of `PutMetricFilter`.
    pub metric_filters: Vec<Value>,
    /// The alarms at the start.
    pub alarms: Vec<Alarm>,
    pub dashboard: Dashboard,
    /// The shell variables that `env` prints. `env` accepts no others from a lab.
    pub exports: &'static [(&'static str, Exported)],
    pub words: Words,
}

impl Scenario {
    /// The names of the tables.
    pub fn table_names(&self) -> Vec<&'static str> {
        self.tables.iter().map(|table| table.name).collect()
    }
}

/// A target group of the load balancer.
#[derive(Clone, Copy, Debug)]
pub struct TargetGroup {
    pub name: &'static str,
    pub port: u16,
}

/// A rule that forwards a path.
#[derive(Clone, Debug)]
pub struct Rule {
    pub priority: u16,
    pub path: &'static str,
    /// Names of target groups and their weights.
    pub weights: Vec<(&'static str, u16)>,
}

/// A service with one target group.
#[derive(Clone, Debug)]
pub struct Service {
    pub name: &'static str,
    /// The name in the endpoints file, in messages, and of the log.
    pub short_name: &'static str,
    /// A request of `RegisterTaskDefinition`.
    pub task_definition: Value,
    /// The log group of the container that receives the requests. The site shows its lines.
    pub log_group: &'static str,
    pub desired_count: u32,
    pub deployment: DeploymentConfig,
    pub grace_period: Duration,
    pub target_group: &'static str,
    /// The container that receives the requests.
    pub container: &'static str,
    pub container_port: u16,
    /// The short names of the services that it calls through the load balancer. It starts when each of them has a healthy task,
    /// and stops before them.
    pub depends_on: &'static [&'static str],
}

/// A DynamoDB table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub name: &'static str,
    /// The request of `CreateTable`.
    pub definition: fn() -> Value,
    /// The items of a new table.
    pub items: fn() -> Result<Vec<Item>, serde_json::Error>,
}

/// An item in DynamoDB's own JSON.
pub type Item = HashMap<&'static str, Value>;

/// An alarm on a metric that the load balancer has for a target group. The period is a minute, and there are no actions.
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    pub name: &'static str,
    pub description: &'static str,
    pub metric: &'static str,
    /// The name of the target group.
    pub target_group: &'static str,
    pub statistic: &'static str,
    pub evaluation_periods: usize,
    pub threshold: f64,
    pub comparison: &'static str,
    pub missing_data: &'static str,
}

/// The dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    pub name: &'static str,
    /// `${name}` stands for the value with the name.
    pub body: &'static str,
    pub values: Vec<(&'static str, DashboardValue)>,
}

/// A value in the body of the dashboard.
#[derive(Clone, Copy, Debug)]
pub enum DashboardValue {
    Text(&'static str),
    /// The dimension `LoadBalancer` of metrics.
    LoadBalancer,
    /// The dimension `TargetGroup` of metrics for the group with this name.
    TargetGroup(&'static str),
}

/// The value of a shell variable that `env` prints.
#[derive(Clone, Copy, Debug)]
pub enum Exported {
    Text(&'static str),
    /// The URL of the load balancer.
    LoadBalancer,
    /// The ARN of the listener.
    Listener,
    /// The ARN of the rule with this priority.
    Rule(u16),
    /// The ARN of the target group with this name.
    TargetGroup(&'static str),
}

/// The start state of a lab of the guide: what differs from the state after a reset. The verb `goto` sets it.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The number of the lab.
    pub lab: u8,
    pub title: &'static str,
    pub services: &'static [ServiceStart],
    /// The name of the variable with the ARN of a rule.
    pub rule: &'static str,
    /// Names of variables with the ARNs of target groups, and their weights in the rule.
    pub weights: &'static [(&'static str, u16)],
    /// Whether [`EXERCISE`] has to be built.
    pub needs_worktree: bool,
    /// Sentences that people read when the state is set.
    pub summary: &'static [&'static str],
}

/// The start state of a service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceStart {
    /// The name, which is also that of its family of task definitions.
    pub service: &'static str,
    /// The container to which image and variables belong.
    pub container: &'static str,
    /// The image, if it is not that of the first revision.
    pub image: Option<&'static str>,
    /// The name of a container that the tasks do not have.
    pub removed_container: Option<&'static str>,
    pub desired_count: u32,
    pub variables: &'static [(&'static str, &'static str)],
}
