//! The names of the lab's resources that commands of the exercises use, as shell variables. The AWS endpoint shows them at
//! [`PATH`], and the verb `env` prints them.

use axum::routing::get;
use axum::{Json, Router};
use elb::{LoadBalancer, TargetGroup};
use serde::{Deserialize, Serialize};

use crate::database::TABLE;

/// The path of the names at the AWS endpoint. No AWS service has this path.
pub const PATH: &str = "/lab/exports";

/// A shell variable.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Export {
    pub name: String,
    pub value: String,
}

impl Export {
    pub fn new(name: &str, value: &str) -> Self {
        let (name, value) = (name.to_owned(), value.to_owned());
        Self { name, value }
    }
}

/// The names of the workshop's resources. `alb` is the URL of the load balancer, and `like_priority` the priority of the rule
/// for likes.
pub fn of_workshop(
    alb: &str,
    load_balancer: &LoadBalancer,
    like_priority: u16,
    likes: &TargetGroup,
    monoliths: &TargetGroup,
) -> Vec<Export> {
    let like_rule = load_balancer.rule_arn(like_priority).unwrap_or_default();
    [
        ("CLUSTER", "Cluster-mysfits"),
        ("LIKE_SERVICE", "Mythical-Like-Service-mysfits"),
        ("MONOLITH_SERVICE", "Mythical-Monolith-Service-mysfits"),
        ("LIKE_FAMILY", "Mythical-Like-Service-mysfits"),
        ("MONOLITH_FAMILY", "Mythical-Monolith-Service-mysfits"),
        ("LIKE_LOG_GROUP", "mysfits-MythicalLikeLogGroup"),
        ("MONOLITH_LOG_GROUP", "mysfits-MythicalMonolithLogGroup"),
        ("TABLE", TABLE),
        ("ALB", alb),
        ("LISTENER", &load_balancer.listener_arn()),
        ("LIKE_RULE", &like_rule),
        ("LIKE_TARGET_GROUP", likes.arn()),
        ("MONOLITH_TARGET_GROUP", monoliths.arn()),
    ]
    .into_iter()
    .map(|(name, value)| Export::new(name, value))
    .collect()
}

/// Answers with the names.
pub fn router(exports: Vec<Export>) -> Router {
    Router::new().route(PATH, get(async move || Json(exports)))
}
