//! Parses the options of OpenTelemetry's SDK for span batches, span limits and the metric reader.

use std::time::Duration;

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::{BatchConfig as SdkBatchConfig, BatchConfigBuilder, SpanLimits};

use super::parsers::{
    parse_choice, parse_count_limit, parse_integer, parse_interval, parse_timeout,
    reject_unsupported,
};
use super::variables::{ExpectedValue, Variables};

/// The maximum queue size, in spans. At startup, the SDK allocates memory for a full queue: about 400 bytes
/// for each span that the queue can contain.
const MAX_QUEUE_SIZE: u32 = 1_000_000;

// The default values of the options, from OpenTelemetry's specification.
const DEFAULT_QUEUE_SIZE: u32 = 2048;
const DEFAULT_BATCH_SIZE: u32 = 512;
const DEFAULT_COUNT_LIMIT: u32 = 128;
const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_METRIC_INTERVAL: Duration = Duration::from_secs(60);

/// The size of the queue of ended spans, and the size, the delay and the timeout of export batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchConfig {
    /// The maximum number of spans that wait for their export.
    pub max_queue_size: u32,
    /// The maximum number of spans in one batch.
    max_batch_size: u32,
    /// The maximum time that an ended span waits for a full batch.
    schedule_delay: Duration,
    /// The maximum duration of one export.
    pub export_timeout: Duration,
}

impl BatchConfig {
    /// Reads the options of a batch processor from the environment variables whose names start with `prefix`.
    ///
    /// # Errors
    ///
    /// Returns an error when the value of a variable is invalid, or when the batch size is larger than the
    /// queue size.
    #[rustfmt::skip] // One line for each variable.
    pub fn read(env: &Variables, prefix: &str, default_delay: Duration) -> Result<Self, String> {
        let variable = |option: &str| format!("{prefix}_{option}");
        let max_queue_size = env.parse_or(&variable("MAX_QUEUE_SIZE"), parse_queue_size, DEFAULT_QUEUE_SIZE)?;
        // The default batch size is not larger than the queue size.
        let default_batch_size = DEFAULT_BATCH_SIZE.min(max_queue_size);
        let max_batch_size = env.parse_or(&variable("MAX_EXPORT_BATCH_SIZE"), parse_queue_size, default_batch_size)?;
        if max_batch_size > max_queue_size {
            let (batch_variable, queue_variable) = (variable("MAX_EXPORT_BATCH_SIZE"), variable("MAX_QUEUE_SIZE"));
            return Err(format!("{batch_variable} is '{max_batch_size}': expected at most {queue_variable}, which is {max_queue_size}"));
        }
        Ok(Self {
            max_queue_size,
            max_batch_size,
            schedule_delay: env.parse_or(&variable("SCHEDULE_DELAY"), parse_interval, default_delay)?,
            export_timeout: env.parse_or(&variable("EXPORT_TIMEOUT"), parse_timeout, DEFAULT_EXPORT_TIMEOUT)?,
        })
    }

    /// Converts the options of the batch processor to the SDK's configuration type.
    pub fn to_sdk_config(self) -> SdkBatchConfig {
        BatchConfigBuilder::default()
            .with_max_queue_size(self.max_queue_size as usize)
            .with_max_export_batch_size(self.max_batch_size as usize)
            .with_scheduled_delay(self.schedule_delay)
            .build()
    }
}

fn parse_queue_size(value: &str) -> Result<u32, ExpectedValue> {
    parse_integer(value, 1..=MAX_QUEUE_SIZE)
}

/// Reads the maximum numbers of attributes, events and links of a span.
///
/// # Errors
///
/// Returns an error when a limit is invalid, or when the SDK does not support a configured limit.
#[rustfmt::skip] // One line for each variable.
pub(super) fn read_span_limits(env: &Variables) -> Result<SpanLimits, String> {
    env.parse("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", reject_unsupported)?;
    env.parse("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", reject_unsupported)?;
    let max_attributes = env.parse_or("OTEL_ATTRIBUTE_COUNT_LIMIT", parse_count_limit, DEFAULT_COUNT_LIMIT)?;
    Ok(SpanLimits {
        max_attributes_per_span: env.parse_or("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", parse_count_limit, max_attributes)?,
        max_events_per_span: env.parse_or("OTEL_SPAN_EVENT_COUNT_LIMIT", parse_count_limit, DEFAULT_COUNT_LIMIT)?,
        max_links_per_span: env.parse_or("OTEL_SPAN_LINK_COUNT_LIMIT", parse_count_limit, DEFAULT_COUNT_LIMIT)?,
        max_attributes_per_event: env.parse_or("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", parse_count_limit, max_attributes)?,
        max_attributes_per_link: env.parse_or("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", parse_count_limit, max_attributes)?,
    })
}

/// The options of the periodic metric reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricReaderConfig {
    /// The time between two exports.
    pub export_interval: Duration,
    /// The maximum duration of one export.
    pub export_timeout: Duration,
    /// The temporality of sums and histograms that are exported over OTLP.
    pub temporality: Temporality,
}

impl MetricReaderConfig {
    /// Reads the variables of the metric reader.
    ///
    /// # Errors
    ///
    /// Returns an error when the value of a variable is invalid.
    #[rustfmt::skip] // One line for each variable.
    pub fn read(env: &Variables) -> Result<Self, String> {
        env.parse("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", parse_histogram_aggregation)?;
        Ok(Self {
            export_interval: env.parse_or("OTEL_METRIC_EXPORT_INTERVAL", parse_interval, DEFAULT_METRIC_INTERVAL)?,
            export_timeout: env.parse_or("OTEL_METRIC_EXPORT_TIMEOUT", parse_timeout, DEFAULT_EXPORT_TIMEOUT)?,
            temporality: env.parse_or("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", parse_temporality, Temporality::Cumulative)?,
        })
    }
}

fn parse_temporality(value: &str) -> Result<Temporality, ExpectedValue> {
    let temporalities = [
        ("cumulative", Temporality::Cumulative),
        ("delta", Temporality::Delta),
        ("lowmemory", Temporality::LowMemory),
    ];
    parse_choice(value, &temporalities, &[])
}

fn parse_histogram_aggregation(value: &str) -> Result<(), ExpectedValue> {
    let not_built_in = ["base2_exponential_bucket_histogram"];
    parse_choice(value, &[("explicit_bucket_histogram", ())], &not_built_in)
}
