//! Metrics: counted by the services, collected and sent here.

use std::io::Write;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

use crate::config::{Config, MetricsExporter, Periods};
use crate::emf::EmfExporter;
use crate::export::{Outcomes, Watched};
use crate::http::LastFailure;
use crate::init::InitError;
use crate::otlp;

/// The CloudWatch namespace of embedded metrics.
const NAMESPACE: &str = "MythicalMysfits";

/// The provider that `config` asks for; none where nobody wants metrics, and then the services'
/// instruments count nothing. Embedded metrics go to `lines`.
pub(crate) fn provider(
    config: &Config,
    resource: &Resource,
    lines: impl Write + Send + 'static,
) -> Result<Option<SdkMeterProvider>, InitError> {
    let Periods {
        interval,
        temporality,
        ..
    } = config.periods;
    Ok(match config.metrics {
        MetricsExporter::None => None,
        MetricsExporter::Otlp => {
            let exporter = otlp::metrics(&config.otlp_metrics, temporality)?;
            Some(periodic(exporter, interval, resource))
        }
        MetricsExporter::Emf => {
            let exporter = Watched::new(
                EmfExporter::new(lines, NAMESPACE),
                Outcomes::of_metrics("telemetry::emf::EmfExporter"),
                LastFailure::default(),
            );
            Some(periodic(exporter, interval, resource))
        }
    })
}

fn periodic(
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
