//! The configuration of the telemetry: one line for each environment variable, with its parser and its
//! default.
//!
//! The OpenTelemetry libraries would read these variables themselves and ignore invalid values. Here
//! every variable is parsed from one snapshot of the environment, and the libraries get the values
//! as arguments. An invalid value is an error, even if the option that it belongs to is off.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanLimits;
use serde::Deserialize;

use crate::xray::DaemonAddress;

mod choices;
mod otlp;
mod parsers;
mod propagators;
mod sampler;
mod sdk;
#[cfg(test)]
mod tests;
mod variables;

pub use choices::LogLevel;
pub(crate) use choices::{LogFormat, MetricsExporter, TracesExporter};
pub(crate) use otlp::OtlpConfig;
pub(crate) use propagators::{HeaderFormat, Propagators};
pub(crate) use sampler::{JaegerRemoteConfig, RootSampler, SamplerConfig};
pub(crate) use sdk::{BatchConfig, MetricReaderConfig};

use otlp::OtlpSignal;
use parsers::{
    parse_daemon_address, parse_integer, parse_key_value_pairs, parse_on_off, parse_service_name,
    parse_url,
};
use variables::Variables;

/// The configuration of the telemetry. `envy` deserialises it from the environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Config {
    /// `LOGLEVEL`: the least severe level that is logged.
    pub(crate) log_level: LogLevel,
    /// `LOG_FORMAT`: JSON or text.
    pub(crate) log_format: LogFormat,
    /// `ACCESS_LOG`: whether each request is logged, independently of `LOGLEVEL`.
    pub(crate) access_log: bool,
    /// `OTEL_TRACES_EXPORTER`: the destination of spans. `None` if `OTEL_SDK_DISABLED` is true.
    pub(crate) traces_exporter: TracesExporter,
    /// `OTEL_METRICS_EXPORTER`: the destination of metrics. `None` if `OTEL_SDK_DISABLED` is true.
    pub(crate) metrics_exporter: MetricsExporter,
    /// `OTEL_PROPAGATORS`: the headers that carry a trace.
    pub(crate) propagators: Propagators,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are sampled.
    pub(crate) sampler: SamplerConfig,
    /// `AWS_XRAY_DAEMON_ADDRESS`: the UDP and the TCP address of the X-Ray daemon.
    pub(crate) xray_daemon: DaemonAddress,
    /// `OTEL_BSP_…`: the queue and the batches of spans.
    pub(crate) span_batches: BatchConfig,
    /// `OTEL_SPAN_…_LIMIT` and the other limits: how many attributes, events and links a span has.
    pub(crate) span_limits: SpanLimits,
    /// `OTEL_METRIC_EXPORT_…`: how often metrics are exported.
    pub(crate) metric_reader: MetricReaderConfig,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_TRACES_…`.
    pub(crate) otlp_traces: OtlpConfig,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_METRICS_…`.
    pub(crate) otlp_metrics: OtlpConfig,
    /// `OTEL_SERVICE_NAME`: overrides the name in [`ServiceInfo`](crate::ServiceInfo).
    pub(crate) service_name: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`: further attributes of the resource.
    pub(crate) resource_attributes: Vec<(String, String)>,
    /// Whether `ECS_CONTAINER_METADATA_URI_V4` is set, as it is in every ECS task.
    pub(crate) has_ecs_metadata: bool,
    /// Warnings about variables that have no effect. They are logged once logging is set up.
    pub(crate) warnings: Vec<String>,
}

impl TryFrom<BTreeMap<String, String>> for Config {
    type Error = String;

    #[rustfmt::skip] // One line for each variable.
    fn try_from(variables: BTreeMap<String, String>) -> Result<Self, String> {
        let env = &Variables::from(variables);
        let mut warnings = Vec::new();
        let span_batches = BatchConfig::read(env, "OTEL_BSP", Duration::from_secs(5))?;
        let metric_reader = MetricReaderConfig::read(env)?;
        let mut config = Self {
            log_level: env.parse_strict_or("LOGLEVEL", LogLevel::parse, LogLevel::INFO)?,
            log_format: env.parse_strict_or("LOG_FORMAT", LogFormat::parse, LogFormat::Json)?,
            access_log: env.parse_strict_or("ACCESS_LOG", parse_on_off, true)?,
            traces_exporter: env.parse_or("OTEL_TRACES_EXPORTER", TracesExporter::parse, TracesExporter::None)?,
            metrics_exporter: env.parse_or("OTEL_METRICS_EXPORTER", MetricsExporter::parse, MetricsExporter::None)?,
            propagators: env.parse_or("OTEL_PROPAGATORS", Propagators::parse, Propagators::default())?,
            sampler: SamplerConfig::read(env, &mut warnings)?,
            xray_daemon: env.parse_or("AWS_XRAY_DAEMON_ADDRESS", parse_daemon_address, DaemonAddress::default())?,
            otlp_traces: OtlpConfig::read(env, OtlpSignal::TRACES, span_batches.export_timeout)?,
            otlp_metrics: OtlpConfig::read(env, OtlpSignal::METRICS, metric_reader.export_timeout)?,
            span_limits: sdk::read_span_limits(env)?,
            service_name: env.parse("OTEL_SERVICE_NAME", parse_service_name)?,
            resource_attributes: env.parse_or("OTEL_RESOURCE_ATTRIBUTES", parse_key_value_pairs, Vec::new())?,
            has_ecs_metadata: env.parse("ECS_CONTAINER_METADATA_URI_V4", parse_url)?.is_some(),
            span_batches,
            metric_reader,
            warnings,
        };
        // The SDK defines this variable, not the specification. It has no effect, because our batch
        // processor exports one batch at a time.
        env.parse("OTEL_BSP_MAX_CONCURRENT_EXPORTS", |value| parse_integer(value, 1..=1000))?;
        // These variables are about exported log records. Our logs are lines on standard output.
        BatchConfig::read(env, "OTEL_BLRP", Duration::from_secs(1))?;
        if is_sdk_disabled(env, &mut config.warnings) {
            config.traces_exporter = TracesExporter::None;
            config.metrics_exporter = MetricsExporter::None;
        }
        Ok(config)
    }
}

/// Reads `OTEL_SDK_DISABLED`. The specification defines every value but `true` as false, so an unknown
/// value is a warning and not an error.
fn is_sdk_disabled(env: &Variables, warnings: &mut Vec<String>) -> bool {
    let value = env.get("OTEL_SDK_DISABLED").unwrap_or_default();
    let equals = |word: &str| value.eq_ignore_ascii_case(word);
    if !["", "true", "false"].into_iter().any(equals) {
        warnings.push(format!(
            "OTEL_SDK_DISABLED is '{value}', which counts as false: only 'true' turns spans and metrics off"
        ));
    }
    equals("true")
}
