//! The bounded queue of ended spans that wait for the export thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::{Context, KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};

use crate::INSTRUMENTATION_SCOPE;
use crate::condition::LoggedCondition;
use crate::config::BatchConfig;
use crate::export::component_attributes;

/// Creates a processor that exports spans in batches. A span that ends while the queue is full is
/// dropped and counted.
pub(crate) fn batch_span_processor(
    exporter: impl SpanExporter + 'static,
    config: BatchConfig,
) -> impl SpanProcessor + 'static {
    let queue = Arc::new(QueueState {
        capacity: config.max_queue_size as usize,
        ..QueueState::default()
    });
    queue.register_counter();
    let exporter = DequeuingExporter {
        exporter,
        queue: Arc::clone(&queue),
    };
    BoundedSpanProcessor {
        processor: BatchSpanProcessor::builder(exporter)
            .with_batch_config(config.to_sdk_config())
            .build(),
        queue,
    }
}

/// The number of queued, exported and dropped spans.
///
/// The SDK's [`BatchSpanProcessor`] has the same limit, but it logs only the first dropped span of
/// the process. It never drops a span here, because it never gets more than `capacity` spans.
#[derive(Debug, Default)]
struct QueueState {
    capacity: usize,
    queued: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    /// The value of `dropped` when the exporter last took a batch.
    dropped_at_last_batch: AtomicU64,
    /// Starts with the first dropped span. Ends when a batch empties the queue and no span was
    /// dropped since the batch before.
    overflow: LoggedCondition,
}

impl QueueState {
    /// Adds one span to the number of queued spans. Returns false if the queue is full; the span then
    /// counts as dropped.
    fn try_add_span(&self) -> bool {
        if self.queued.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return true;
        }
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        if self.overflow.mark_active() {
            tracing::warn!(
                capacity = self.capacity,
                "spans are dropped: the queue is full, because spans end faster than they can be exported"
            );
        }
        false
    }

    /// Records that the exporter took a batch of this number of `spans` out of the queue.
    fn remove_batch(&self, spans: usize) {
        self.exported.fetch_add(spans as u64, Ordering::Relaxed);
        let is_empty = self.queued.fetch_sub(spans, Ordering::Relaxed) == spans;
        let dropped = self.dropped.load(Ordering::Relaxed);
        let has_dropped = self.dropped_at_last_batch.swap(dropped, Ordering::Relaxed) != dropped;
        if is_empty && !has_dropped && self.overflow.mark_inactive() {
            tracing::info!(dropped_since_start = dropped, "no more spans are dropped");
        }
    }

    /// Registers the counter of processed spans. By the semantic conventions, a span is processed
    /// when it is passed to the exporter.
    fn register_counter(self: &Arc<Self>) {
        let queue = Arc::clone(self);
        let exported = component_attributes("batching_span_processor");
        let [component_type, component_name] = exported.clone();
        let error_type = KeyValue::new("error.type", "queue_full");
        let dropped = [component_type, component_name, error_type];
        global::meter(INSTRUMENTATION_SCOPE)
            .u64_observable_counter("otel.sdk.processor.span.processed")
            .with_unit("{span}")
            .with_description(
                "The number of spans that were passed to the exporter or dropped; error.type is \
                 set for dropped spans",
            )
            .with_callback(move |counter| {
                counter.observe(queue.exported.load(Ordering::Relaxed), &exported);
                counter.observe(queue.dropped.load(Ordering::Relaxed), &dropped);
            })
            .build();
    }
}

/// Passes a span to the SDK's processor unless the queue is full.
#[derive(Debug)]
struct BoundedSpanProcessor {
    processor: BatchSpanProcessor,
    queue: Arc<QueueState>,
}

impl SpanProcessor for BoundedSpanProcessor {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.processor.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        if self.queue.try_add_span() {
            self.processor.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}

/// Updates the [`QueueState`] for each batch, and passes the batch to another exporter.
#[derive(Debug)]
struct DequeuingExporter<E> {
    exporter: E,
    queue: Arc<QueueState>,
}

impl<E: SpanExporter> SpanExporter for DequeuingExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.queue.remove_batch(batch.len());
        self.exporter.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
