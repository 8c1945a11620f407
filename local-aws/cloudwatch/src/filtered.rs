//! The values of metric filters become values of metrics.

use crate::cloudwatch::CloudWatch;
use crate::logs::{FilteredMetric, MetricSink};
use crate::metrics::{Metric, Unit};
use crate::time::Timestamp;

impl MetricSink for CloudWatch {
    fn record(&self, metric: &FilteredMetric<'_>) {
        let unit = metric.unit.and_then(Unit::named).unwrap_or(Unit::NONE);
        let dimensions = metric.dimensions.iter();
        let dimensions = dimensions.map(|(name, value)| (*name, value.as_str()));
        let key = Metric::new(metric.namespace, metric.name, dimensions);
        Self::record(self, &key, unit, Timestamp(metric.timestamp), metric.value);
    }
}
