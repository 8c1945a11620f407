//! The configuration of the telemetry. [`Config`] reads each environment variable in one line of code, which
//! names the variable, its parser and its default value.
//!
//! The OpenTelemetry libraries ignore invalid values of environment variables. This module therefore parses
//! all variables, and passes their values to the OpenTelemetry libraries as arguments. An invalid value of a
//! variable is an error, even if the exporter that uses the value is not selected.

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

/// The configuration of the telemetry. `envy` deserialises `Config` from the environment variables.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Config {
    /// `LOGLEVEL`: the least severe level that is logged.
    pub(crate) log_level: LogLevel,
    /// `LOG_FORMAT`: the format of log lines, JSON or text.
    pub(crate) log_format: LogFormat,
    /// `ACCESS_LOG`: whether each request is logged, independently of `LOGLEVEL`.
    pub(crate) access_log: bool,
    /// `OTEL_TRACES_EXPORTER`: the exporter of spans. The field is [`TracesExporter::None`] if
    /// `OTEL_SDK_DISABLED` is true.
    pub(crate) traces_exporter: TracesExporter,
    /// `OTEL_METRICS_EXPORTER`: the exporter of metrics. The field is [`MetricsExporter::None`] if
    /// `OTEL_SDK_DISABLED` is true.
    pub(crate) metrics_exporter: MetricsExporter,
    /// `OTEL_PROPAGATORS`: the formats of the request headers that carry a trace.
    pub(crate) propagators: Propagators,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are sampled.
    pub(crate) sampler: SamplerConfig,
    /// `AWS_XRAY_DAEMON_ADDRESS`: the UDP and the TCP address of the X-Ray daemon.
    pub(crate) xray_daemon: DaemonAddress,
    /// Whether `AWS_XRAY_DAEMON_ADDRESS` is set.
    pub(crate) has_daemon_address: bool,
    /// `OTEL_BSP_…`: the size of the span queue, and the size and interval of span batches.
    pub(crate) span_batches: BatchConfig,
    /// `OTEL_…_COUNT_LIMIT`: the maximum numbers of attributes, events and links of a span.
    pub(crate) span_limits: SpanLimits,
    /// `OTEL_METRIC_EXPORT_…`: the interval and the timeout of metric exports.
    pub(crate) metric_reader: MetricReaderConfig,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_TRACES_…`: the options of the OTLP span exporter.
    pub(crate) otlp_traces: OtlpConfig,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_METRICS_…`: the options of the OTLP metric exporter.
    pub(crate) otlp_metrics: OtlpConfig,
    /// `OTEL_SERVICE_NAME`: overrides `service_name` of [`ServiceInfo`](crate::ServiceInfo).
    pub(crate) service_name: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`: additional attributes of the OpenTelemetry resource.
    pub(crate) resource_attributes: Vec<(String, String)>,
    /// Whether `ECS_CONTAINER_METADATA_URI_V4` is set, as it is in every ECS task.
    pub(crate) has_ecs_metadata: bool,
    /// Warnings about ignored variables and values. [`init`](crate::init()) logs each of these warnings.
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
            log_level: env.parse_even_if_empty_or("LOGLEVEL", LogLevel::parse, LogLevel::INFO)?,
            log_format: env.parse_even_if_empty_or("LOG_FORMAT", LogFormat::parse, LogFormat::Json)?,
            access_log: env.parse_even_if_empty_or("ACCESS_LOG", parse_on_off, true)?,
            traces_exporter: env.parse_or("OTEL_TRACES_EXPORTER", TracesExporter::parse, TracesExporter::None)?,
            metrics_exporter: env.parse_or("OTEL_METRICS_EXPORTER", MetricsExporter::parse, MetricsExporter::None)?,
            propagators: env.parse_or("OTEL_PROPAGATORS", Propagators::parse, Propagators::default())?,
            sampler: SamplerConfig::read(env, &mut warnings)?,
            xray_daemon: env.parse_or("AWS_XRAY_DAEMON_ADDRESS", parse_daemon_address, DaemonAddress::default())?,
            has_daemon_address: env.parse("AWS_XRAY_DAEMON_ADDRESS", parse_daemon_address)?.is_some(),
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
        // The SDK, not OpenTelemetry's specification, defines OTEL_BSP_MAX_CONCURRENT_EXPORTS. The variable
        // has no effect, because the batch processor exports one batch at a time.
        env.parse("OTEL_BSP_MAX_CONCURRENT_EXPORTS", |value| parse_integer(value, 1..=1000))?;
        // The variables OTEL_BLRP_… configure the export of log records. They have no effect, because log
        // lines are written to standard output.
        BatchConfig::read(env, "OTEL_BLRP", Duration::from_secs(1))?;
        if is_sdk_disabled(env, &mut config.warnings) {
            config.traces_exporter = TracesExporter::None;
            config.metrics_exporter = MetricsExporter::None;
        }
        Ok(config)
    }
}

impl Config {
    /// Whether sampling rules can be read from an X-Ray daemon. The exporter `xray` always requires a daemon.
    /// With the exporter `otlp`, `AWS_XRAY_DAEMON_ADDRESS` can name a collector that returns sampling rules
    /// like the X-Ray daemon.
    pub(crate) fn has_sampling_rules(&self) -> bool {
        match self.traces_exporter {
            TracesExporter::Xray => true,
            TracesExporter::Otlp => self.has_daemon_address,
            TracesExporter::Console | TracesExporter::None => false,
        }
    }
}

/// Reads `OTEL_SDK_DISABLED`. OpenTelemetry's specification defines that every value except `true` means
/// false. An unknown value of `OTEL_SDK_DISABLED` therefore causes a warning, not an error.
fn is_sdk_disabled(env: &Variables, warnings: &mut Vec<String>) -> bool {
    let value = env.get("OTEL_SDK_DISABLED").unwrap_or_default();
    let has_value = |word: &str| value.eq_ignore_ascii_case(word);
    if !["", "true", "false"].into_iter().any(has_value) {
        warnings.push(format!(
            "OTEL_SDK_DISABLED is '{value}' and is treated as false: only 'true' disables spans and metrics"
        ));
    }
    has_value("true")
}
