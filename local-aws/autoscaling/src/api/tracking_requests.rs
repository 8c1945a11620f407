//! `TargetTrackingScalingPolicyConfiguration` in requests and responses.

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{Error, shorten};

use super::constraints::Constraints;
use super::invalid;
use super::step_requests::cooldown;
use crate::capacity::{Capacity, ServiceId};
use crate::tracking::{Metric, TargetTracking};

const CPU: &str = "ECSServiceAverageCPUUtilization";
const MEMORY: &str = "ECSServiceAverageMemoryUtilization";
const REQUEST_COUNT: &str = "ALBRequestCountPerTarget";

/// `MetricType` in AWS's model.
const METRIC_TYPES: [&str; 31] = [
    "DynamoDBReadCapacityUtilization",
    "DynamoDBWriteCapacityUtilization",
    REQUEST_COUNT,
    "RDSReaderAverageCPUUtilization",
    "RDSReaderAverageDatabaseConnections",
    "EC2SpotFleetRequestAverageCPUUtilization",
    "EC2SpotFleetRequestAverageNetworkIn",
    "EC2SpotFleetRequestAverageNetworkOut",
    "SageMakerVariantInvocationsPerInstance",
    CPU,
    MEMORY,
    "AppStreamAverageCapacityUtilization",
    "ComprehendInferenceUtilization",
    "LambdaProvisionedConcurrencyUtilization",
    "CassandraReadCapacityUtilization",
    "CassandraWriteCapacityUtilization",
    "KafkaBrokerStorageUtilization",
    "ElastiCacheEngineCPUUtilization",
    "ElastiCacheDatabaseMemoryUsagePercentage",
    "ElastiCachePrimaryEngineCPUUtilization",
    "ElastiCacheReplicaEngineCPUUtilization",
    "ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage",
    "NeptuneReaderAverageCPUUtilization",
    "SageMakerVariantProvisionedConcurrencyUtilization",
    "ElastiCacheDatabaseCapacityUsageCountedForEvictPercentage",
    "SageMakerInferenceComponentInvocationsPerCopy",
    "WorkSpacesAverageUserSessionsCapacityUtilization",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilizationHighResolution",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TrackingRequest {
    target_value: Option<f64>,
    predefined_metric_specification: Option<PredefinedMetric>,
    /// Not implemented.
    customized_metric_specification: Option<Value>,
    scale_out_cooldown: Option<i32>,
    scale_in_cooldown: Option<i32>,
    disable_scale_in: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PredefinedMetric {
    predefined_metric_type: Option<String>,
    resource_label: Option<String>,
}

impl TrackingRequest {
    /// Adds the violations of AWS's model.
    pub fn constrain(&self, constraints: &mut Constraints) {
        let path = "targetTrackingScalingPolicyConfiguration";
        constraints.present(&format!("{path}.targetValue"), self.target_value.is_some());
        if let Some(metric) = &self.predefined_metric_specification {
            let path = format!("{path}.predefinedMetricSpecification");
            let name = format!("{path}.predefinedMetricType");
            let metric_type = metric.predefined_metric_type.as_deref();
            constraints.present(&name, metric_type.is_some());
            constraints.one_of(&name, metric_type, &METRIC_TYPES);
            constraints.length(
                &format!("{path}.resourceLabel"),
                metric.resource_label.as_deref(),
                1023,
            );
        }
    }

    /// The configuration after a request. As on AWS, the metric stays if the request does not have one, and the other members
    /// are replaced.
    pub fn merge(
        &self,
        known: Option<&TargetTracking>,
        service: &ServiceId,
        capacity: &Capacity,
    ) -> Result<TargetTracking, Error> {
        let target_value = self.target_value.unwrap_or_default();
        // 2^-360 and 2^360
        if !(8.515_92e-109..=1.174_271e108).contains(&target_value) {
            return Err(invalid(format!(
                "For target tracking scaling, target value must be between '8.51592E-109' and '1.174271E108', but was '{target_value:?}'."
            )));
        }
        let metric = match (
            &self.predefined_metric_specification,
            &self.customized_metric_specification,
        ) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "Only one of PredefinedMetricSpecification or CustomizedMetricSpecification can be set for target tracking scaling.",
                ));
            }
            (None, Some(_)) => {
                return Err(invalid(
                    "CustomizedMetricSpecification is not implemented, only PredefinedMetricSpecification",
                ));
            }
            (Some(metric), None) => Some(metric.parse(service, capacity)?),
            (None, None) => None,
        };
        let Some(metric) = metric.or(known.map(|it| it.metric.clone())) else {
            return Err(invalid(
                "PredefinedMetricSpecification or CustomizedMetricSpecification must be set for target tracking scaling.",
            ));
        };
        Ok(TargetTracking {
            target_value,
            metric,
            scale_out_cooldown: cooldown(self.scale_out_cooldown)?,
            scale_in_cooldown: cooldown(self.scale_in_cooldown)?,
            disable_scale_in: self.disable_scale_in,
        })
    }
}

impl PredefinedMetric {
    fn parse(&self, service: &ServiceId, capacity: &Capacity) -> Result<Metric, Error> {
        let metric_type = self.predefined_metric_type.as_deref().unwrap_or_default();
        let label = self.resource_label.as_deref();
        let metric = match metric_type {
            CPU => Metric::Cpu,
            MEMORY => Metric::Memory,
            REQUEST_COUNT => return request_count(label, service, capacity),
            _ => {
                return Err(invalid(format!(
                    "The predefined metric type {metric_type} is not implemented, only {CPU}, {MEMORY} and {REQUEST_COUNT}"
                )));
            }
        };
        match label {
            None => Ok(metric),
            Some(_) => Err(invalid(format!(
                "Resource label should not be specified for predefined metric type {metric_type}"
            ))),
        }
    }
}

/// Parses the label of a target group: `app/<name>/<id>/targetgroup/<name>/<id>`.
fn request_count(
    label: Option<&str>,
    service: &ServiceId,
    capacity: &Capacity,
) -> Result<Metric, Error> {
    let Some(label) = label else {
        return Err(invalid(format!(
            "Resource label should be specified for predefined metric type {REQUEST_COUNT}"
        )));
    };
    let parts: Vec<_> = label.split('/').collect();
    let (load_balancer, target_group) = match parts[..] {
        ["app", _, _, "targetgroup", _, _] if parts.iter().all(|part| !part.is_empty()) => {
            (parts[..3].join("/"), parts[3..].join("/"))
        }
        _ => {
            return Err(invalid(format!(
                "Invalid resource label '{}' for predefined metric type {REQUEST_COUNT}",
                shorten(label)
            )));
        }
    };
    let end = format!(":{target_group}");
    if !capacity.target_groups.iter().any(|arn| arn.ends_with(&end)) {
        return Err(invalid(format!(
            "Target group {} is not attached to resource {service}",
            shorten(&target_group)
        )));
    }
    Ok(Metric::RequestCountPerTarget {
        load_balancer,
        target_group,
    })
}

/// The configuration as it was given.
pub fn describe(tracking: &TargetTracking) -> Value {
    let metric = match &tracking.metric {
        Metric::Cpu => json!({ "PredefinedMetricType": CPU }),
        Metric::Memory => json!({ "PredefinedMetricType": MEMORY }),
        Metric::RequestCountPerTarget {
            load_balancer,
            target_group,
        } => json!({
            "PredefinedMetricType": REQUEST_COUNT,
            "ResourceLabel": format!("{load_balancer}/{target_group}"),
        }),
    };
    let mut description = json!({
        "TargetValue": tracking.target_value,
        "PredefinedMetricSpecification": metric,
    });
    if let Some(cooldown) = tracking.scale_out_cooldown {
        description["ScaleOutCooldown"] = cooldown.into();
    }
    if let Some(cooldown) = tracking.scale_in_cooldown {
        description["ScaleInCooldown"] = cooldown.into();
    }
    if let Some(disable_scale_in) = tracking.disable_scale_in {
        description["DisableScaleIn"] = disable_scale_in.into();
    }
    description
}
