//! The effect that costs: real work on the CPU, bounded in number.

use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// Likes that may wait for a burn of theirs; those beyond are refused.
const MAX_WAITING: usize = 64;

/// Digits of pi that are computed between two looks at the clock: well under a millisecond.
const DIGITS: usize = 100;

/// Too many likes are burning or waiting to burn.
#[derive(Debug, Error)]
#[error("too many likes at once, try again later")]
pub struct Overloaded;

/// Burns CPU on the blocking pool, so that health checks stay fast. Clones share their bounds.
#[derive(Clone, Debug)]
pub struct Burner {
    burning: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Burner {
    /// A burner that runs at most `max_burns` at once.
    pub fn new(max_burns: usize) -> Self {
        Self {
            burning: Arc::new(Semaphore::new(max_burns)),
            admitted: Arc::new(Semaphore::new(max_burns + MAX_WAITING)),
        }
    }

    /// Spends `budget` of one thread's CPU time, after waiting for its turn.
    ///
    /// # Errors
    ///
    /// When too many wait already.
    pub async fn burn(&self, budget: Duration) -> Result<(), Overloaded> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned();
        let admitted = admitted.map_err(|_| Overloaded)?;
        let burning = Arc::clone(&self.burning).acquire_owned().await;
        let burning = burning.map_err(|_| Overloaded)?;
        let cx = Context::current();
        let burn = spawn_blocking(move || {
            let _within = cx.attach();
            step_back();
            spend(budget);
            // Held to the end of the work: a client that hangs up does not stop the thread.
            drop((burning, admitted));
        });
        join(burn).await
    }
}

/// Waits for a burn. If it panics, so does the request that it belongs to.
async fn join(burn: JoinHandle<()>) -> Result<(), Overloaded> {
    match burn.await.map_err(JoinError::try_into_panic) {
        Ok(()) => Ok(()),
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is shutting down.
        Err(Err(_)) => Err(Overloaded),
    }
}

/// Lets every other thread go first, for good: health checks must not wait for a burn's time slice.
///
/// The pool's other work, looking up the monolith's name, steps back with it; it is rare.
fn step_back() {
    // Elsewhere than on Linux, this would be about the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::debug!(%error, "burns run at normal priority");
    }
}

/// Computes digits of pi until this thread has spent `budget` of CPU time.
///
/// CPU time and not time: a task throttled to a quarter of a processor takes four times as long,
/// as the first implementation did.
fn spend(budget: Duration) {
    let start = thread_cpu_time();
    while thread_cpu_time().saturating_sub(start) < budget {
        black_box(digits_of_pi(black_box(DIGITS)));
    }
}

fn thread_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    // The clock counts from the thread's start, so neither part is negative.
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// The first `count` digits of pi, by the spigot of Rabinowitz and Wagon
/// ("A spigot algorithm for the digits of π", American Mathematical Monthly, 1995).
fn digits_of_pi(count: usize) -> Vec<u8> {
    let mut remainders = vec![2_u64; count * 10 / 3 + 1];
    let mut digits: Vec<u8> = Vec::with_capacity(count + 1);
    // Digits that a carry can still change: the last one below 9 and the nines behind it.
    while digits.len() <= count {
        let mut carry = 0;
        for (index, remainder) in remainders.iter_mut().enumerate().rev() {
            let place = index as u64;
            let value = *remainder * 10 + carry * (place + 1);
            let divisor = if index == 0 { 10 } else { 2 * place + 1 };
            *remainder = value % divisor;
            carry = value / divisor;
        }
        if carry >= 10 {
            for digit in digits.iter_mut().rev() {
                *digit = (*digit + 1) % 10;
                if *digit != 0 {
                    break;
                }
            }
        }
        digits.push((carry % 10) as u8);
    }
    digits.truncate(count);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_pi() {
        let text: String = digits_of_pi(50).iter().map(ToString::to_string).collect();
        assert_eq!(text, "31415926535897932384626433832795028841971693993751");
    }

    #[test]
    fn a_burn_spends_its_budget_of_cpu_time_and_little_more() {
        let start = thread_cpu_time();
        spend(Duration::from_millis(50));
        let spent = thread_cpu_time() - start;
        assert!(spent >= Duration::from_millis(50), "{spent:?}");
        assert!(spent < Duration::from_millis(80), "{spent:?}");
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_of_a_burn_is_one_of_its_request_and_no_overload() {
        let _ = join(spawn_blocking(|| panic!("a bug"))).await;
    }

    #[tokio::test]
    async fn burns_beyond_the_waiting_room_are_refused_and_the_others_are_not() {
        let burner = Burner::new(1);
        let burns = (0..MAX_WAITING + 11).map(|_| burner.burn(Duration::from_millis(1)));
        let outcomes = futures_util::future::join_all(burns).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            10
        );
        assert!(burner.burn(Duration::ZERO).await.is_ok());
    }
}
