//! What the environment says about the telemetry: one line for each variable, with its kind and its
//! default.
//!
//! Everything is read here, from one snapshot, and handed to the libraries that would otherwise read
//! it themselves and ignore what makes no sense.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanLimits;
use serde::Deserialize;

use crate::propagation::Propagators;
use crate::traces::Sampling;
use crate::xray::DaemonAddress;

mod choices;
mod kinds;
mod otlp;
mod sdk;
#[cfg(test)]
mod tests;
mod variables;

pub use choices::{AccessLog, LogFormat, LogLevel, MetricsExporter, TracesExporter};
pub(crate) use otlp::Otlp;
pub(crate) use sdk::{Batches, Periods};

pub(crate) use kinds::http_url;
pub use kinds::is_host;
use kinds::{attributes, name, url, whole};
use otlp::Signal;
use variables::Variables;

/// The configuration of the telemetry, to be deserialised by `envy`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Config {
    /// `LOGLEVEL`: least severe level that is logged, INFO by default.
    pub log_level: LogLevel,
    /// `LOG_FORMAT`: form of a line, `json` by default.
    pub log_format: LogFormat,
    /// `ACCESS_LOG`: whether each request gets a line whatever the level, `on` by default.
    pub access_log: AccessLog,
    /// `OTEL_TRACES_EXPORTER`: where spans go, `none` by default and with `OTEL_SDK_DISABLED=true`.
    pub traces: TracesExporter,
    /// `OTEL_METRICS_EXPORTER`: where metrics go, `none` by default and with `OTEL_SDK_DISABLED=true`.
    pub metrics: MetricsExporter,
    /// `OTEL_PROPAGATORS`: how traces travel, `xray,tracecontext` by default.
    pub propagators: Propagators,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are kept, `xray` by default.
    pub sampling: Sampling,
    /// `AWS_XRAY_DAEMON_ADDRESS`: where the X-Ray daemon is, `127.0.0.1:2000` by default.
    pub daemon: DaemonAddress,
    /// `OTEL_BSP_…`: how spans are gathered.
    pub(crate) batches: Batches,
    /// `OTEL_SPAN_…_LIMIT` and its like: how much one span holds.
    pub(crate) span_limits: SpanLimits,
    /// `OTEL_METRIC_EXPORT_…`: how metrics are gathered.
    pub(crate) periods: Periods,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_TRACES_…`: where spans go by OTLP.
    pub(crate) otlp_traces: Otlp,
    /// `OTEL_EXPORTER_OTLP_…` and `OTEL_EXPORTER_OTLP_METRICS_…`: where metrics go by OTLP.
    pub(crate) otlp_metrics: Otlp,
    /// `OTEL_SERVICE_NAME`: the name of the service, empty where another is to be taken.
    pub(crate) service_name: String,
    /// `OTEL_RESOURCE_ATTRIBUTES`: what else is known of the process.
    pub(crate) attributes: Vec<(String, String)>,
    /// `ECS_CONTAINER_METADATA_URI_V4`: whether there is a metadata endpoint to ask.
    pub(crate) on_ecs: bool,
    /// What is to be logged about the variables.
    pub(crate) warnings: Vec<String>,
}

impl TryFrom<BTreeMap<String, String>> for Config {
    type Error = String;

    fn try_from(variables: BTreeMap<String, String>) -> Result<Self, String> {
        let env = &Variables::from(variables);
        let (disabled, warning) = sdk_disabled(env);
        let warnings = warning.into_iter().chain(sampler_argument(env));
        let traces = env.read(
            "OTEL_TRACES_EXPORTER",
            &TracesExporter::kind(),
            TracesExporter::None,
        )?;
        let metrics = env.read(
            "OTEL_METRICS_EXPORTER",
            &MetricsExporter::kind(),
            MetricsExporter::None,
        )?;
        let batches = Batches::read(env, "OTEL_BSP", Duration::from_secs(5))?;
        let periods = Periods::read(env)?;
        // The SDK knows this one, and the specification does not. It has no effect on our processor.
        env.optional("OTEL_BSP_MAX_CONCURRENT_EXPORTS", &whole(1..=1000))?;
        // For log records, which nobody makes here: logs are lines on standard output.
        Batches::read(env, "OTEL_BLRP", Duration::from_secs(1))?;
        Ok(Self {
            log_level: env.own("LOGLEVEL", &LogLevel::kind())?,
            log_format: env.own("LOG_FORMAT", &LogFormat::kind())?,
            access_log: env.own("ACCESS_LOG", &AccessLog::kind())?,
            traces: if disabled {
                TracesExporter::None
            } else {
                traces
            },
            metrics: if disabled {
                MetricsExporter::None
            } else {
                metrics
            },
            propagators: Propagators::try_from(env.text("OTEL_PROPAGATORS").to_ascii_lowercase())?,
            sampling: Sampling::parse(
                &env.text("OTEL_TRACES_SAMPLER").to_ascii_lowercase(),
                env.text("OTEL_TRACES_SAMPLER_ARG"),
            )?,
            daemon: DaemonAddress::try_from(env.text("AWS_XRAY_DAEMON_ADDRESS").to_owned())?,
            otlp_traces: Otlp::read(env, Signal::Traces, batches.timeout)?,
            otlp_metrics: Otlp::read(env, Signal::Metrics, periods.timeout)?,
            batches,
            periods,
            span_limits: sdk::span_limits(env)?,
            service_name: env.read("OTEL_SERVICE_NAME", &name(), String::new())?,
            attributes: env.read("OTEL_RESOURCE_ATTRIBUTES", &attributes(), Vec::new())?,
            on_ecs: env
                .optional("ECS_CONTAINER_METADATA_URI_V4", &url())?
                .is_some(),
            warnings: warnings.collect(),
        })
    }
}

/// What to log about an argument that the sampler does not take.
fn sampler_argument(env: &Variables) -> Option<String> {
    let sampler = env.text("OTEL_TRACES_SAMPLER").to_ascii_lowercase();
    let kind = sampler.trim_start_matches("parentbased_");
    let argument = env.text("OTEL_TRACES_SAMPLER_ARG");
    let unused = !argument.is_empty() && !["traceidratio", "jaeger_remote"].contains(&kind);
    let sampler = if kind.is_empty() { "xray" } else { &sampler };
    unused.then(|| {
        format!("OTEL_TRACES_SAMPLER_ARG has no effect: the sampler {sampler} takes no argument")
    })
}

/// Whether `OTEL_SDK_DISABLED` is true, and what to log about it. By the specification every value but
/// `true` is false.
fn sdk_disabled(env: &Variables) -> (bool, Option<String>) {
    let value = env.text("OTEL_SDK_DISABLED");
    let is = |other: &str| value.eq_ignore_ascii_case(other);
    let odd = !["", "true", "false"].into_iter().any(is);
    let odd = odd.then(|| {
        format!(
            "OTEL_SDK_DISABLED is '{value}', which counts as false: only 'true' turns spans and \
             metrics off"
        )
    });
    (is("true"), odd)
}
