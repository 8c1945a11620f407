//! ListMetrics.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::{Error, PageTokens};

use super::pages::page;
use crate::cloudwatch::CloudWatch;
use crate::metrics::Metric;

/// Most metrics in a response.
const PAGE_SIZE: usize = 500;

/// Metrics without values for so long are not recently active, in seconds.
const RECENT_SECONDS: i64 = 3 * 60 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Filter>,
    next_token: Option<String>,
    recently_active: Option<String>,
}

/// A dimension that a metric must have.
#[derive(Deserialize, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    value: Option<String>,
}

impl Request {
    fn selects(&self, metric: &Metric) -> bool {
        let equals = |wanted: &Option<String>, text| wanted.as_ref().is_none_or(|it| it == text);
        equals(&self.namespace, &metric.namespace)
            && equals(&self.metric_name, &metric.name)
            && self.dimensions.iter().all(|filter| {
                let mut dimensions = metric.dimensions.iter();
                dimensions.any(|it| it.name == filter.name && equals(&filter.value, &it.value))
            })
    }
}

pub fn list(cloudwatch: &CloudWatch, request: &Request) -> Result<Value, Error> {
    let tokens = PageTokens::new((
        "ListMetrics",
        &request.namespace,
        &request.metric_name,
        &request.dimensions,
        &request.recently_active,
    ));
    let since = match request.recently_active {
        Some(_) => cloudwatch.now().secs() - RECENT_SECONDS,
        None => i64::MIN,
    };
    let mut metrics = cloudwatch.metrics_since(since);
    metrics.retain(|metric| request.selects(metric));
    let (metrics, next) = page(metrics, PAGE_SIZE, &tokens, request.next_token.as_deref())?;
    let metrics: Vec<&Metric> = metrics.iter().map(AsRef::as_ref).collect();
    Ok(json!({ "Metrics": metrics, "NextToken": next }))
}
