//! The queue between the spans that end and the thread that exports them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::{Context, KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};

use crate::SCOPE;
use crate::config::Batches;
use crate::episode::Episode;
use crate::export::component;

/// A processor that sends spans to `exporter` in batches, as `config` says. Spans that end while the
/// queue is full are dropped and counted.
pub(crate) fn batches(
    exporter: impl SpanExporter + 'static,
    config: Batches,
) -> impl SpanProcessor + 'static {
    let queue = Arc::new(Queue {
        capacity: config.queue as usize,
        ..Queue::default()
    });
    queue.export_counter();
    let exporter = Dequeuing {
        exporter,
        queue: Arc::clone(&queue),
    };
    Admitting {
        processor: BatchSpanProcessor::builder(exporter)
            .with_batch_config(config.sdk())
            .build(),
        queue,
    }
}

/// How many spans wait.
///
/// The SDK's processor has the same limit, but it logs only the first drop in the life of the
/// process. It never drops a span here, because it is never given more than `capacity`.
#[derive(Debug, Default)]
struct Queue {
    capacity: usize,
    waiting: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    /// How many were dropped when the exporter last took spans.
    dropped_before: AtomicU64,
    /// From the first dropped span until the exporter empties a queue that was not full meanwhile.
    overflow: Episode,
}

impl Queue {
    /// Whether there is room for one more span. If so, the span counts as waiting.
    fn admits(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.dropped.fetch_add(1, Ordering::Relaxed);
        if self.overflow.begins() {
            tracing::warn!(
                capacity = self.capacity,
                "spans are dropped: they end faster than they can be exported, and the queue is full"
            );
        }
        false
    }

    /// Records that so many `spans` have left the queue for the exporter.
    fn release(&self, spans: usize) {
        self.exported.fetch_add(spans as u64, Ordering::Relaxed);
        let is_empty = self.waiting.fetch_sub(spans, Ordering::Relaxed) == spans;
        let dropped = self.dropped.load(Ordering::Relaxed);
        let was_full = self.dropped_before.swap(dropped, Ordering::Relaxed) != dropped;
        if is_empty && !was_full && self.overflow.ends() {
            tracing::info!(dropped_since_start = dropped, "no more spans are dropped");
        }
    }

    /// Makes the counter of the semantic conventions, by which a span counts as processed once the
    /// exporter has been given it.
    fn export_counter(self: &Arc<Self>) {
        let queue = Arc::clone(self);
        let exported = component("batching_span_processor");
        let [kind, name] = exported.clone();
        let dropped = [kind, name, KeyValue::new("error.type", "queue_full")];
        global::meter(SCOPE)
            .u64_observable_counter("otel.sdk.processor.span.processed")
            .with_unit("{span}")
            .with_description(
                "The number of spans that were given to the exporter, or dropped, with error.type",
            )
            .with_callback(move |counter| {
                counter.observe(queue.exported.load(Ordering::Relaxed), &exported);
                counter.observe(queue.dropped.load(Ordering::Relaxed), &dropped);
            })
            .build();
    }
}

/// The processor's side of the queue.
#[derive(Debug)]
struct Admitting {
    processor: BatchSpanProcessor,
    queue: Arc<Queue>,
}

impl SpanProcessor for Admitting {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.processor.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        if self.queue.admits() {
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

/// The exporter's side of the queue.
#[derive(Debug)]
struct Dequeuing<E> {
    exporter: E,
    queue: Arc<Queue>,
}

impl<E: SpanExporter> SpanExporter for Dequeuing<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.queue.release(batch.len());
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
