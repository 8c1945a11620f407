//! Writes concurrent likes of one mysfit with one update (`LIKE_BATCHING=on`).
//!
//! One task writes the likes of a mysfit. The likes that arrive during a write are the next batch. A like
//! that arrives while no update is in progress or waits for its retry is written at once. A batch is retried
//! by the same rules as a single like ([`failure`](super::failure)). A batch contains only likes whose
//! caller still waits.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_shell::tracer;
use opentelemetry::trace::{FutureExt, Span, SpanContext, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use telemetry::XrayTraceId;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::backoff::Backoff;
use super::failure::{database_error, is_certainly_not_written};
use super::{Store, choose_pause, convert_update_error};
use crate::error::Error;
use crate::mysfit::MysfitId;

mod queues;

use queues::{Queues, next_batch, push};

/// A write that takes longer than this fraction of the deadline no longer delays the next batch. Otherwise
/// one lost answer would use the whole deadline of the likes that wait for the next batch.
const MAX_WRITE_WAITS_PER_DEADLINE: u32 = 4;

/// A like that waits for its write.
#[derive(Debug)]
struct Like {
    deadline: Instant,
    /// The context of the request.
    context: Context,
    /// Sends the result of the write, and the request span whose child is the DynamoDB call. The channel is
    /// closed when the request has been cancelled or its deadline has expired.
    answer: oneshot::Sender<(SpanContext, Result<(), Error>)>,
}

impl Like {
    fn has_caller(&self) -> bool {
        !self.answer.is_closed()
    }
}

/// The likes that wait, by mysfit. All clones share the same queues.
#[derive(Clone, Debug, Default)]
pub struct Batches(Arc<Mutex<Queues<MysfitId, Like>>>);

impl Batches {
    /// Adds one like to a mysfit, with the next batch of the mysfit.
    pub async fn add_like(&self, store: &Store, id: &MysfitId) -> Result<(), Error> {
        let context = Context::current();
        // If the request is cancelled, the drop of this span ends the span.
        let mut wait_span = None;
        let deadline = Instant::now() + store.deadline;
        let (answer, answered) = oneshot::channel();
        let like = Like {
            deadline,
            context: context.clone(),
            answer,
        };
        if push(&mut self.lock(), id, like) {
            start_writer(store.clone(), Turn::new(self.clone(), id.clone()));
        } else {
            tracing::debug!("the like waits for the next batch");
            let is_recording = context.span().is_recording();
            wait_span = is_recording.then(|| tracer().start("like batch"));
        }
        // The sender is dropped without an answer only if the writer has panicked.
        let Ok(Ok((writer, result))) = timeout_at(deadline, answered).await else {
            return Err(Error::DatabaseTimeout);
        };
        if let Some(span) = &mut wait_span {
            let trace_id = XrayTraceId(writer.trace_id()).to_string();
            span.set_attribute(KeyValue::new("like.batch.trace_id", trace_id));
            span.add_link(writer, Vec::new());
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, Queues<MysfitId, Like>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to take the next batch of a mysfit.
struct Turn {
    batches: Batches,
    id: MysfitId,
    is_over: bool,
}

impl Turn {
    fn new(batches: Batches, id: MysfitId) -> Self {
        Self {
            batches,
            id,
            is_over: false,
        }
    }

    /// Adds the waiting likes to `batch`, which contains the unwritten likes of the previous batch. The turn
    /// is over if the batch is then empty.
    fn next_batch(&mut self, batch: &mut Vec<Like>) {
        let mut queues = self.batches.lock();
        next_batch(&mut queues, &self.id, batch, Like::has_caller);
        self.is_over = batch.is_empty();
    }
}

impl Drop for Turn {
    /// Removes the queue of a writer that has panicked, so that later likes start another writer.
    fn drop(&mut self) {
        if !self.is_over {
            self.batches.lock().remove(&self.id);
        }
    }
}

fn start_writer(store: Store, turn: Turn) {
    tokio::spawn(write_batches(store, turn));
}

/// Writes one batch after the other until no like waits.
async fn write_batches(store: Store, turn: Turn) {
    let id = turn.id.clone();
    let mut turn = Some(turn);
    let mut batch = Vec::new();
    let mut backoff = Backoff::new();
    loop {
        match &mut turn {
            Some(turn) => turn.next_batch(&mut batch),
            None => batch.retain(Like::has_caller),
        }
        let Some(context) = choose_trace(&batch) else {
            return;
        };
        let result = {
            let write = store.write_likes(&id, batch.len());
            let write = write.with_context(context.clone());
            let mut write = pin!(until_all_left(&mut batch, write));
            match timeout(store.deadline / MAX_WRITE_WAITS_PER_DEADLINE, &mut write).await {
                Ok(result) => result,
                Err(_) => {
                    if let Some(turn) = turn.take() {
                        start_writer(store.clone(), turn);
                    }
                    write.await
                }
            }
        };
        let writer = context.span().span_context().clone();
        match result {
            Some(Err(error)) if is_certainly_not_written(&error) => {
                let pause = {
                    let _guard = context.attach();
                    choose_pause(&mut backoff)
                };
                let retry_at = Instant::now() + pause;
                let has_no_time = |like: &mut Like| like.deadline <= retry_at;
                let result = Err(database_error(error));
                answer(batch.extract_if(.., has_no_time), &writer, &result);
                sleep_until(retry_at).await;
            }
            Some(result) => {
                // The attribute is set only after the last attempt, because a span keeps each value that is set.
                let size = KeyValue::new("like.batch.size", batch.len() as i64);
                context.span().set_attribute(size);
                let result = result.map_err(convert_update_error);
                answer(batch.drain(..), &writer, &result);
                backoff = Backoff::new();
            }
            None => batch.clear(),
        }
    }
}

/// The context of the request whose trace contains the DynamoDB call: the first request that is sampled, or
/// the first request of the batch. Returns `None` if the batch is empty.
fn choose_trace(batch: &[Like]) -> Option<Context> {
    let is_sampled = |like: &&Like| like.context.span().is_recording();
    let like = batch.iter().find(is_sampled).or(batch.first())?;
    Some(like.context.clone())
}

/// Waits for `write`. Returns `None` and drops `write` as soon as all callers have left.
async fn until_all_left<T>(batch: &mut [Like], write: impl Future<Output = T>) -> Option<T> {
    let all_have_left = async {
        for like in batch {
            like.answer.closed().await;
        }
    };
    tokio::select! {
        biased;
        result = write => Some(result),
        () = all_have_left => None,
    }
}

fn answer(likes: impl Iterator<Item = Like>, writer: &SpanContext, result: &Result<(), Error>) {
    for like in likes {
        // `send` fails if the caller has left.
        let _ = like.answer.send((writer.clone(), result.clone()));
    }
}
