//! Mythical Mysfits: a monolith, and the Like service that was extracted from it. The names and the settings are those of
//! `infra/` with `Workshop=mysfits`.

use std::time::Duration;

use ecs::DeploymentConfig;

use super::{Context, Exported, Rule, Scenario, Service, TargetGroup};

mod definitions;
mod environment;
mod guide;
mod images;
pub mod load_test;
mod monitoring;
mod options;
mod starts;
mod table;
mod words;

pub use guide::find_steps;
pub use images::IMAGES;
pub use options::Options;
pub use starts::{EXERCISE, STARTS};

use options::LikeIn;
use table::NAME as TABLE;

/// The name of the workshop in the names of its resources.
const WORKSHOP: &str = "mysfits";
const CLUSTER: &str = "Cluster-mysfits";

const LIKE_SERVICE: &str = "Mythical-Like-Service-mysfits";
const MONOLITH_SERVICE: &str = "Mythical-Monolith-Service-mysfits";

/// The short names of the services, which are also the names of their images.
const LIKE: &str = "like-service";
const MONOLITH: &str = "monolith";

/// The image of the Like service that is built in the worktree of lab 3.
const LIKE_IN_WORKTREE: &str = "like-service:worktree";

const LIKE_CONTAINER: &str = "like-service";
const MONOLITH_CONTAINER: &str = "monolith-service";

const LIKE_LOG_GROUP: &str = "mysfits-MythicalLikeLogGroup";
const MONOLITH_LOG_GROUP: &str = "mysfits-MythicalMonolithLogGroup";
const SIDECAR_LOG_GROUP: &str = "mysfits-MythicalSidecarLogGroup";

/// CloudFormation generates the names on AWS.
const LIKE_TARGET_GROUP: &str = "mysfits-like-service";
const MONOLITH_TARGET_GROUP: &str = "mysfits-monolith";

const LIKE_PATHS: &str = "/mysfits/*/like";
const LIKE_PRIORITY: u16 = 1;

/// The port of the tasks.
const PORT: u16 = 8080;

/// As in `infra/services.yml`.
const DEPLOYMENT: DeploymentConfig = DeploymentConfig {
    minimum_healthy_percent: 100,
    maximum_percent: 200,
    circuit_breaker: true,
    rollback: true,
};
const GRACE_PERIOD: Duration = Duration::from_secs(60);

/// The scenario with these options.
pub fn scenario(options: &Options, context: &Context<'_>) -> Scenario {
    let weights = match options.like_in {
        LikeIn::Service => [100, 0],
        LikeIn::Monolith => [0, 100],
    };
    let groups = [LIKE_TARGET_GROUP, MONOLITH_TARGET_GROUP];
    Scenario {
        title: "Mythical Mysfits",
        cluster: CLUSTER,
        load_balancer: WORKSHOP,
        target_groups: groups.map(|name| TargetGroup { name, port: PORT }).to_vec(),
        // Both target groups are in the rule, as in `infra/platform.yml`.
        rules: vec![Rule {
            priority: LIKE_PRIORITY,
            path: LIKE_PATHS,
            weights: groups.into_iter().zip(weights).collect(),
        }],
        default_target_group: MONOLITH_TARGET_GROUP,
        services: services(options, context),
        tables: vec![table::TABLE],
        metric_filters: monitoring::metric_filters().into(),
        alarms: monitoring::ALARMS.to_vec(),
        dashboard: monitoring::dashboard(),
        exports: EXPORTS,
        words: words::words(options, context),
    }
}

fn services(options: &Options, context: &Context<'_>) -> Vec<Service> {
    let monolith = Service {
        name: MONOLITH_SERVICE,
        short_name: MONOLITH,
        log_group: MONOLITH_LOG_GROUP,
        task_definition: definitions::monolith(
            environment::monolith(options, context),
            context.tracing.has_sidecar(),
        ),
        desired_count: options.monolith_tasks,
        deployment: DEPLOYMENT,
        grace_period: GRACE_PERIOD,
        target_group: MONOLITH_TARGET_GROUP,
        container: MONOLITH_CONTAINER,
        container_port: PORT,
        depends_on: &[],
    };
    // The Like service runs also if the monolith receives all likes, because the weights of the rule can change.
    let like = Service {
        name: LIKE_SERVICE,
        short_name: LIKE,
        log_group: LIKE_LOG_GROUP,
        task_definition: definitions::like_service(
            environment::like_service(options, context),
            context.tracing.has_sidecar(),
        ),
        desired_count: options.like_tasks,
        target_group: LIKE_TARGET_GROUP,
        container: LIKE_CONTAINER,
        // Its health check calls the monolith through the load balancer.
        depends_on: &[MONOLITH],
        ..monolith
    };
    vec![monolith, like]
}

/// The shell variables of the exercises.
pub const EXPORTS: &[(&str, Exported)] = &[
    ("CLUSTER", Exported::Text(CLUSTER)),
    ("LIKE_SERVICE", Exported::Text(LIKE_SERVICE)),
    ("MONOLITH_SERVICE", Exported::Text(MONOLITH_SERVICE)),
    // The families have the names of the services.
    ("LIKE_FAMILY", Exported::Text(LIKE_SERVICE)),
    ("MONOLITH_FAMILY", Exported::Text(MONOLITH_SERVICE)),
    ("LIKE_LOG_GROUP", Exported::Text(LIKE_LOG_GROUP)),
    ("MONOLITH_LOG_GROUP", Exported::Text(MONOLITH_LOG_GROUP)),
    ("TABLE", Exported::Text(TABLE)),
    ("ALB", Exported::LoadBalancer),
    ("LISTENER", Exported::Listener),
    ("LIKE_RULE", Exported::Rule(LIKE_PRIORITY)),
    (
        "LIKE_TARGET_GROUP",
        Exported::TargetGroup(LIKE_TARGET_GROUP),
    ),
    (
        "MONOLITH_TARGET_GROUP",
        Exported::TargetGroup(MONOLITH_TARGET_GROUP),
    ),
];

#[cfg(test)]
mod tests;
