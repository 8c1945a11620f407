//! Metrics: counted by the services, collected and sent here.

use std::io::Write;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

use crate::config::MetricsExporter;
use crate::emf::EmfExporter;
use crate::export::{Outcomes, Watched};
use crate::http::LastFailure;
use crate::init::InitError;
use crate::otlp;

/// The CloudWatch namespace of embedded metrics.
const NAMESPACE: &str = "MythicalMysfits";

/// The provider that `exporter` asks for; none where nobody wants metrics, and then the services'
/// instruments count nothing. Embedded metrics go to `lines`.
///
/// The interval is `OTEL_METRIC_EXPORT_INTERVAL` in milliseconds, 60 s by default.
pub(crate) fn provider(
    exporter: MetricsExporter,
    resource: &Resource,
    lines: impl Write + Send + 'static,
) -> Result<Option<SdkMeterProvider>, InitError> {
    Ok(match exporter {
        MetricsExporter::None => None,
        MetricsExporter::Otlp => Some(periodic(otlp::metrics()?, resource)),
        MetricsExporter::Emf => Some(periodic(
            Watched::new(
                EmfExporter::new(lines, NAMESPACE),
                Outcomes::of_metrics("telemetry::emf::EmfExporter"),
                LastFailure::default(),
            ),
            resource,
        )),
    })
}

fn periodic(exporter: impl PushMetricExporter, resource: &Resource) -> SdkMeterProvider {
    let reader = PeriodicReader::builder(exporter).build();
    SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_reader(reader)
        .build()
}
