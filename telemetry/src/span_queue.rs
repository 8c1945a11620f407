//! A bounded queue of ended spans that the export thread has not exported yet.

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

/// Creates a processor that exports spans in batches. While the queue is full, the processor drops and
/// counts ended spans.
pub(crate) fn create_batch_span_processor(
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

/// The capacity of the queue, and the numbers of queued, exported and dropped spans.
///
/// The SDK's [`BatchSpanProcessor`] has a queue of the same capacity, but logs only the first dropped
/// span of the process. The [`BoundedSpanProcessor`] drops spans before the SDK's queue overflows.
#[derive(Debug, Default)]
struct QueueState {
    capacity: usize,
    queued: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    /// The value of `dropped` when the previous batch was exported.
    dropped_at_last_batch: AtomicU64,
    /// The condition becomes active when a span is dropped. The condition becomes inactive when a batch
    /// empties the queue and no span was dropped since the previous batch.
    overflow: LoggedCondition,
}

impl QueueState {
    /// Adds one span to the number of queued spans, and returns true. If the queue is full, adds one span
    /// to the number of dropped spans, and returns false.
    fn try_add_span(&self) -> bool {
        if self.queued.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return true;
        }
        self.queued.fetch_sub(1, Ordering::Relaxed);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        if self.overflow.mark_active() {
            tracing::warn!(
                capacity = self.capacity,
                "spans are dropped: the queue is full, because spans end faster than they are exported"
            );
        }
        false
    }

    /// Records that a batch of `span_count` spans was removed from the queue and passed to the exporter.
    fn remove_batch(&self, span_count: usize) {
        self.exported
            .fetch_add(span_count as u64, Ordering::Relaxed);
        let is_empty = self.queued.fetch_sub(span_count, Ordering::Relaxed) == span_count;
        let dropped_count = self.dropped.load(Ordering::Relaxed);
        let dropped_count_before = self
            .dropped_at_last_batch
            .swap(dropped_count, Ordering::Relaxed);
        if is_empty && dropped_count == dropped_count_before && self.overflow.mark_inactive() {
            tracing::info!(
                dropped_since_start = dropped_count,
                "no more spans are dropped"
            );
        }
    }

    /// Registers the counter of processed spans. The semantic conventions count a span as processed when the processor
    /// has passed the span to the exporter or dropped the span.
    fn register_counter(self: &Arc<Self>) {
        let queue = Arc::clone(self);
        let exported_attributes = component_attributes("batching_span_processor");
        let [component_type, component_name] = exported_attributes.clone();
        let error_type = KeyValue::new("error.type", "queue_full");
        let dropped_attributes = [component_type, component_name, error_type];
        global::meter(INSTRUMENTATION_SCOPE)
            .u64_observable_counter("otel.sdk.processor.span.processed")
            .with_unit("{span}")
            .with_description(
                "The number of spans that were passed to the exporter or dropped; error.type is \
                 set for dropped spans",
            )
            .with_callback(move |counter| {
                counter.observe(queue.exported.load(Ordering::Relaxed), &exported_attributes);
                counter.observe(queue.dropped.load(Ordering::Relaxed), &dropped_attributes);
            })
            .build();
    }
}

/// Passes ended spans to the SDK's processor. While the queue is full, ended spans are dropped.
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

/// Removes each batch from the [`QueueState`] and passes the batch to the inner exporter.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured_log::CapturedLog;

    fn create_queue(capacity: usize) -> QueueState {
        QueueState {
            capacity,
            ..QueueState::default()
        }
    }

    #[test]
    fn a_queue_accepts_as_many_spans_as_its_capacity_and_drops_further_spans() {
        let queue = create_queue(2);
        let results = [(); 4].map(|()| queue.try_add_span());
        assert_eq!(results, [true, true, false, false]);
        assert_eq!(queue.dropped.load(Ordering::Relaxed), 2);
        queue.remove_batch(1);
        assert_eq!(queue.exported.load(Ordering::Relaxed), 1);
        assert!(queue.try_add_span());
        assert!(!queue.try_add_span());
    }

    #[test]
    fn an_overflow_ends_when_a_batch_without_new_drops_empties_the_queue() {
        let (log, _guard) = CapturedLog::start();
        let queue = create_queue(2);
        for _ in 0..3 {
            queue.try_add_span();
        }
        assert!(log.take().contains("spans are dropped"));
        // A span was dropped since the start.
        queue.remove_batch(2);
        assert_eq!(log.take(), "");
        // One span remains in the queue.
        assert!(queue.try_add_span() && queue.try_add_span());
        queue.remove_batch(1);
        assert_eq!(log.take(), "");
        queue.remove_batch(1);
        assert!(log.take().contains("no more spans are dropped"));
    }
}
