//! Creates the meter provider that collects and exports the metrics of the service.

use std::io::Write;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

use crate::config::{Config, MetricsExporter};
use crate::emf::EmfExporter;
use crate::error::InitError;
use crate::export::{ExportMonitor, MonitoredExporter};
use crate::http::LastFailure;
use crate::otlp::create_metric_exporter;

/// The CloudWatch namespace of metrics in the embedded metric format.
const CLOUDWATCH_NAMESPACE: &str = "MythicalMysfits";

/// Creates the meter provider, or returns `None` if `config` selects no metrics exporter. The `emf`
/// exporter writes to `emf_output`.
pub(crate) fn create_meter_provider(
    config: &Config,
    resource: &Resource,
    emf_output: impl Write + Send + 'static,
) -> Result<Option<SdkMeterProvider>, InitError> {
    let interval = config.metric_reader.export_interval;
    Ok(match config.metrics_exporter {
        MetricsExporter::None => None,
        MetricsExporter::Otlp => {
            let temporality = config.metric_reader.temporality;
            let exporter = create_metric_exporter(&config.otlp_metrics, temporality)?;
            Some(create_periodic_provider(exporter, interval, resource))
        }
        MetricsExporter::Emf => {
            let exporter = MonitoredExporter::new(
                EmfExporter::new(emf_output, CLOUDWATCH_NAMESPACE),
                ExportMonitor::for_metrics("telemetry::emf::EmfExporter"),
                LastFailure::default(),
            );
            Some(create_periodic_provider(exporter, interval, resource))
        }
    })
}

fn create_periodic_provider(
    exporter: impl PushMetricExporter,
    interval: Duration,
    resource: &Resource,
) -> SdkMeterProvider {
    let reader = PeriodicReader::builder(exporter)
        .with_interval(interval)
        .build();
    SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_reader(reader)
        .build()
}
