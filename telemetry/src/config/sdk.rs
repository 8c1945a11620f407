//! What OpenTelemetry's SDK would read itself: batches, limits, and the resource.

use std::time::Duration;

use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::trace::{BatchConfig, BatchConfigBuilder, SpanLimits};

use super::kinds::{choice, count, interval, timeout, unsupported, whole};
use super::variables::{Kind, Variables};

/// Longest queue: every place in it takes memory from the start, about 400 bytes.
const MAX_QUEUE: u32 = 1_000_000;

/// The defaults of the specification.
const QUEUE: u32 = 2048;
const BATCH: u32 = 512;
const COUNT: u32 = 128;
const EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// How spans are gathered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batches {
    /// Most spans that wait.
    pub queue: u32,
    batch: u32,
    delay: Duration,
    /// Longest time for one export.
    pub timeout: Duration,
}

impl Batches {
    /// Reads the variables that begin with `prefix`.
    ///
    /// # Errors
    ///
    /// When one makes no sense, or a batch is larger than the queue.
    pub fn read(env: &Variables, prefix: &str, delay: Duration) -> Result<Self, String> {
        let name = |option: &str| format!("{prefix}_{option}");
        let (queue_name, batch_name) = (name("MAX_QUEUE_SIZE"), name("MAX_EXPORT_BATCH_SIZE"));
        let queue = env.read(&queue_name, &whole(1..=MAX_QUEUE), QUEUE)?;
        // A queue that is shorter than the default batch asks for smaller batches too.
        let batch = env.read(&batch_name, &whole(1..=MAX_QUEUE), BATCH.min(queue))?;
        if batch > queue {
            return Err(format!(
                "{batch_name} is '{batch}': expected at most {queue_name}, which is {queue}"
            ));
        }
        Ok(Self {
            queue,
            batch,
            delay: env.read(&name("SCHEDULE_DELAY"), &interval(), delay)?,
            timeout: env.read(&name("EXPORT_TIMEOUT"), &timeout(), EXPORT_TIMEOUT)?,
        })
    }

    /// The same as the SDK takes it.
    pub fn sdk(self) -> BatchConfig {
        BatchConfigBuilder::default()
            .with_max_queue_size(self.queue as usize)
            .with_max_export_batch_size(self.batch as usize)
            .with_scheduled_delay(self.delay)
            .build()
    }
}

/// Reads how many attributes, events and links a span may have.
///
/// # Errors
///
/// When a limit makes no sense, or is one that the SDK does not have.
pub(super) fn span_limits(env: &Variables) -> Result<SpanLimits, String> {
    env.read("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", &unsupported(), ())?;
    env.read("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", &unsupported(), ())?;
    let all = env.read("OTEL_ATTRIBUTE_COUNT_LIMIT", &count(), COUNT)?;
    Ok(SpanLimits {
        max_attributes_per_span: env.read("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", &count(), all)?,
        max_events_per_span: env.read("OTEL_SPAN_EVENT_COUNT_LIMIT", &count(), COUNT)?,
        max_links_per_span: env.read("OTEL_SPAN_LINK_COUNT_LIMIT", &count(), COUNT)?,
        max_attributes_per_event: env.read("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", &count(), all)?,
        max_attributes_per_link: env.read("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", &count(), all)?,
    })
}

/// How metrics are gathered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    pub interval: Duration,
    /// Longest time for one export.
    pub timeout: Duration,
    /// How OTLP counts.
    pub temporality: Temporality,
}

impl Periods {
    /// Reads the variables.
    ///
    /// # Errors
    ///
    /// When one makes no sense.
    pub fn read(env: &Variables) -> Result<Self, String> {
        let minute = Duration::from_secs(60);
        let temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
        let histogram = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
        env.read(histogram, &aggregation(), ())?;
        Ok(Self {
            interval: env.read("OTEL_METRIC_EXPORT_INTERVAL", &interval(), minute)?,
            timeout: env.read("OTEL_METRIC_EXPORT_TIMEOUT", &timeout(), EXPORT_TIMEOUT)?,
            temporality: env.read(temporality, &temporalities(), Temporality::Cumulative)?,
        })
    }
}

fn temporalities() -> Kind<Temporality> {
    choice(&[
        ("cumulative", Temporality::Cumulative),
        ("delta", Temporality::Delta),
        ("lowmemory", Temporality::LowMemory),
    ])
}

fn aggregation() -> Kind<()> {
    let kind = choice(&[("explicit_bucket_histogram", ())]);
    kind.not_built_in(&["base2_exponential_bucket_histogram"])
}
