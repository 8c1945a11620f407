//! The metric filters, the alarms and the dashboard, as `infra/services.yml` and `infra/observability.yml` have them. The alarms that scale the
//! Like service have no actions: these are an exercise.

use serde_json::{Value, json};

use super::super::{Alarm, Dashboard, DashboardValue};
use super::{CLUSTER, LIKE_LOG_GROUP, LIKE_SERVICE, LIKE_TARGET_GROUP};
use super::{MONOLITH_SERVICE, MONOLITH_TARGET_GROUP, WORKSHOP};

/// The metric filters of the access lines. CloudFormation generates their names on AWS.
pub fn metric_filters() -> [Value; 2] {
    [
        ("mysfits-LostLikes", "LikesLost", "$.status >= 400"),
        ("mysfits-SlowLikes", "LikesSlow", "$.ms > 1000"),
    ]
    .map(|(name, metric, condition)| {
        json!({
            "logGroupName": LIKE_LOG_GROUP,
            "filterName": name,
            "filterPattern": format!("{{ $.target = \"access\" && $.path = \"*/like\" && {condition} }}"),
            "metricTransformations": [{
                "metricNamespace": format!("MythicalMysfits/{WORKSHOP}"),
                "metricName": metric,
                "metricValue": "1",
                "defaultValue": 0.0,
                "unit": "Count",
            }],
        })
    })
}

/// All alarms.
pub const ALARMS: [Alarm; 5] = [
    Alarm {
        name: "mysfits-LikesFail",
        description: "The Like service responds with 5xx. Likes that get a 404 do not trigger this alarm.",
        metric: "HTTPCode_Target_5XX_Count",
        target_group: LIKE_TARGET_GROUP,
        statistic: "Sum",
        evaluation_periods: 3,
        threshold: 5.0,
        comparison: "GreaterThanThreshold",
        missing_data: "notBreaching",
    },
    Alarm {
        name: "mysfits-LikeScaleUpAlarm",
        description: "1,000 likes per minute or more",
        metric: "RequestCount",
        target_group: LIKE_TARGET_GROUP,
        statistic: "Sum",
        evaluation_periods: 2,
        threshold: 1000.0,
        comparison: "GreaterThanOrEqualToThreshold",
        missing_data: "notBreaching",
    },
    Alarm {
        name: "mysfits-LikeScaleDownAlarm",
        description: "Fewer than 1,000 likes per minute",
        metric: "RequestCount",
        target_group: LIKE_TARGET_GROUP,
        statistic: "Sum",
        evaluation_periods: 2,
        threshold: 1000.0,
        comparison: "LessThanThreshold",
        missing_data: "breaching",
    },
    Alarm {
        name: "mysfits-LikeTasksUnhealthy",
        description: "At least one task of the Like service fails its health checks",
        target_group: LIKE_TARGET_GROUP,
        ..TASKS_UNHEALTHY
    },
    Alarm {
        name: "mysfits-MonolithTasksUnhealthy",
        description: "At least one task of the monolith fails its health checks",
        target_group: MONOLITH_TARGET_GROUP,
        ..TASKS_UNHEALTHY
    },
];

const TASKS_UNHEALTHY: Alarm = Alarm {
    name: "",
    description: "",
    metric: "UnHealthyHostCount",
    target_group: "",
    statistic: "Maximum",
    evaluation_periods: 2,
    threshold: 0.0,
    comparison: "GreaterThanThreshold",
    missing_data: "notBreaching",
};

/// The dashboard.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "mysfits-us-east-1",
        body: include_str!("dashboard.json"),
        values: vec![
            ("AWS::Region", DashboardValue::Text(wire::REGION)),
            ("Workshop", DashboardValue::Text(WORKSHOP)),
            ("EcsClusterName", DashboardValue::Text(CLUSTER)),
            ("LikeServiceName", DashboardValue::Text(LIKE_SERVICE)),
            (
                "MonolithServiceName",
                DashboardValue::Text(MONOLITH_SERVICE),
            ),
            ("LoadBalancerFullName", DashboardValue::LoadBalancer),
            (
                "LikeTargetGroupFullName",
                DashboardValue::TargetGroup(LIKE_TARGET_GROUP),
            ),
            (
                "MonolithTargetGroupFullName",
                DashboardValue::TargetGroup(MONOLITH_TARGET_GROUP),
            ),
        ],
    }
}
