//! The queues of likes that wait for a write. This module contains no clock, no task and no network.

use std::collections::HashMap;
use std::hash::Hash;

/// The items that wait for a write, by key. A key has a queue from the first item until a batch is empty.
/// During this time, exactly one writer takes the batches of the key.
pub type Queues<K, T> = HashMap<K, Vec<T>>;

/// Adds an item. Returns true if the key had no queue, and the caller must start a writer.
pub fn push<K: Clone + Eq + Hash, T>(queues: &mut Queues<K, T>, key: &K, item: T) -> bool {
    if let Some(queue) = queues.get_mut(key) {
        queue.push(item);
        return false;
    }
    queues.insert(key.clone(), vec![item]);
    true
}

/// Adds the items of the key's queue to `batch`, which contains the unwritten items of the previous batch,
/// and removes the items whose caller has left. If the batch is then empty, the queue is removed, and the
/// writer must end.
pub fn next_batch<K: Eq + Hash, T>(
    queues: &mut Queues<K, T>,
    key: &K,
    batch: &mut Vec<T>,
    has_caller: impl FnMut(&T) -> bool,
) {
    if let Some(queue) = queues.get_mut(key) {
        batch.append(queue);
    }
    batch.retain(has_caller);
    if batch.is_empty() {
        queues.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Takes the next batch of the key "one" after the unwritten items of the previous batch.
    fn take<const N: usize>(
        queues: &mut Queues<&str, i32>,
        unwritten: [i32; N],
        has_caller: impl FnMut(&i32) -> bool,
    ) -> Vec<i32> {
        let mut batch = unwritten.to_vec();
        next_batch(queues, &"one", &mut batch, has_caller);
        batch
    }

    #[test]
    fn only_the_first_item_of_a_key_starts_a_writer() {
        let mut queues = Queues::new();
        assert!(push(&mut queues, &"one", 1));
        assert!(!push(&mut queues, &"one", 2));
        assert!(push(&mut queues, &"two", 3));
        assert_eq!(take(&mut queues, [], |_| true), [1, 2]);
        // The writer of "one" is still writing its batch.
        assert!(!push(&mut queues, &"one", 4));
    }

    #[test]
    fn an_empty_batch_removes_the_queue_and_the_next_item_starts_a_writer() {
        let mut queues = Queues::new();
        push(&mut queues, &"one", 1);
        assert_eq!(take(&mut queues, [], |_| true), [1]);
        assert_eq!(take(&mut queues, [], |_| true), [0; 0]);
        assert_eq!(queues.len(), 0);
        assert!(push(&mut queues, &"one", 2));
    }

    #[test]
    fn a_batch_begins_with_the_unwritten_items_and_has_no_item_without_caller() {
        let mut queues = Queues::new();
        push(&mut queues, &"one", 3);
        push(&mut queues, &"one", 4);
        let has_caller = |item: &i32| *item != 1 && *item != 3;
        assert_eq!(take(&mut queues, [1, 2], has_caller), [2, 4]);
    }

    #[test]
    fn a_queue_whose_callers_have_all_left_is_removed() {
        let mut queues = Queues::new();
        push(&mut queues, &"one", 1);
        assert_eq!(take(&mut queues, [2], |_| false), [0; 0]);
        assert_eq!(queues.len(), 0);
    }

    /// An event of the model below. A number selects one of the likes.
    #[derive(Clone, Debug)]
    enum Event {
        Like,
        CallerLeaves(usize),
        /// The writer takes its next batch.
        Take,
        /// DynamoDB has written the batch and has answered.
        Written,
        /// DynamoDB has written nothing, so the batch is retried.
        NotWritten,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = prop_oneof![
            4 => Just(Event::Like),
            2 => any::<usize>().prop_map(Event::CallerLeaves),
            3 => Just(Event::Take),
            2 => Just(Event::Written),
            1 => Just(Event::NotWritten),
        ];
        prop::collection::vec(event, 0..100)
    }

    proptest! {
        /// A model of one mysfit with callers that leave at any time. `in_progress` is the batch that
        /// DynamoDB is writing.
        #[test]
        fn each_like_is_written_once_unless_its_caller_leaves_before_the_write(events in events()) {
            let mut queues = Queues::new();
            let (mut next_like, mut table) = (0, 0);
            let (mut callers, mut answered) = (BTreeSet::new(), BTreeSet::new());
            let (mut left_early, mut left_during_write) = (0, 0);
            let mut has_writer = false;
            let (mut unwritten, mut in_progress) = (Vec::new(), Vec::new());
            // At the end, the writer writes all that waits.
            let end = [Event::Written, Event::Take, Event::Written, Event::Take];
            for event in events.into_iter().chain(end) {
                match event {
                    Event::Like => {
                        callers.insert(next_like);
                        let must_start = push(&mut queues, &"one", next_like);
                        prop_assert_eq!(must_start, !has_writer);
                        has_writer = true;
                        next_like += 1;
                    }
                    Event::CallerLeaves(number) if !callers.is_empty() => {
                        let like = *callers.iter().nth(number % callers.len()).unwrap();
                        callers.remove(&like);
                        if in_progress.contains(&like) {
                            left_during_write += 1;
                        } else {
                            left_early += 1;
                        }
                    }
                    Event::Take if has_writer && in_progress.is_empty() => {
                        in_progress.append(&mut unwritten);
                        let has_caller = |like: &usize| callers.contains(like);
                        next_batch(&mut queues, &"one", &mut in_progress, has_caller);
                        has_writer = !in_progress.is_empty();
                    }
                    Event::Written => {
                        table += in_progress.len();
                        for like in in_progress.drain(..) {
                            if callers.remove(&like) {
                                prop_assert!(answered.insert(like));
                            }
                        }
                    }
                    Event::NotWritten => {
                        // The callers that left during this write have left before the write that counts.
                        let is_gone = |like: &&usize| !callers.contains(*like);
                        let gone = in_progress.iter().filter(is_gone).count();
                        left_during_write -= gone;
                        left_early += gone;
                        unwritten.append(&mut in_progress);
                    }
                    Event::CallerLeaves(_) | Event::Take => {}
                }
            }
            prop_assert!(callers.is_empty(), "{callers:?} got no answer");
            prop_assert_eq!(table, answered.len() + left_during_write);
            prop_assert_eq!(answered.len() + left_during_write + left_early, next_like);
            prop_assert_eq!(queues.len(), 0);
        }
    }
}
