//! Burns CPU time, with a limit on concurrent burns.

use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// How many likes may wait for a burn. Further likes are rejected.
const MAX_WAITING_LIKES: usize = 64;

/// Digits of pi computed between two readings of the CPU clock, which takes less than a millisecond.
const DIGITS_PER_STEP: usize = 100;

/// Too many likes burn CPU time, or wait for it.
#[derive(Debug, Error)]
#[error("too many likes at once, try again later")]
pub struct Overloaded;

/// Burns CPU time on the blocking thread pool, so that health checks stay fast. Clones share the limits.
#[derive(Clone, Debug)]
pub struct Burner {
    burn_permits: Arc<Semaphore>,
    /// One permit for each like that burns or waits.
    admission_permits: Arc<Semaphore>,
}

impl Burner {
    /// Creates a burner that runs at most `max_concurrent_burns` at once.
    pub fn new(max_concurrent_burns: usize) -> Self {
        Self {
            burn_permits: Arc::new(Semaphore::new(max_concurrent_burns)),
            admission_permits: Arc::new(Semaphore::new(max_concurrent_burns + MAX_WAITING_LIKES)),
        }
    }

    /// Waits for a permit, then spends `cpu_time` of one thread's CPU time.
    ///
    /// # Errors
    ///
    /// When too many likes are waiting already.
    pub async fn burn(&self, cpu_time: Duration) -> Result<(), Overloaded> {
        let admission = Arc::clone(&self.admission_permits).try_acquire_owned();
        let admission = admission.map_err(|_| Overloaded)?;
        let permit = Arc::clone(&self.burn_permits).acquire_owned().await;
        let permit = permit.map_err(|_| Overloaded)?;
        let cx = Context::current();
        let burn = spawn_blocking(move || {
            let _context = cx.attach();
            lower_thread_priority();
            burn_cpu_time(cpu_time);
            // The thread keeps working after a client has disconnected, so the thread holds the permits.
            drop((permit, admission));
        });
        join_burn(burn).await
    }
}

/// Waits for a burn. A panic of the burn continues in the calling task.
async fn join_burn(burn: JoinHandle<()>) -> Result<(), Overloaded> {
    match burn.await.map_err(JoinError::try_into_panic) {
        Ok(()) => Ok(()),
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is shutting down.
        Err(Err(_)) => Err(Overloaded),
    }
}

/// Gives this thread the lowest priority, so that health checks do not wait for a burn.
///
/// The priority stays with the thread. The blocking pool's only other work is resolving the monolith's name.
fn lower_thread_priority() {
    // On other systems than Linux, `nice` applies to the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::debug!(%error, "burns run at normal priority");
    }
}

/// Computes digits of pi until this thread has spent `cpu_time`.
///
/// The limit is CPU time, not elapsed time: a task throttled to a quarter of a processor takes four times as
/// long, as it did in the first implementation.
fn burn_cpu_time(cpu_time: Duration) {
    let start = thread_cpu_time();
    while thread_cpu_time().saturating_sub(start) < cpu_time {
        black_box(digits_of_pi(black_box(DIGITS_PER_STEP)));
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
    while digits.len() <= count {
        let mut carry = 0;
        for (index, remainder) in remainders.iter_mut().enumerate().rev() {
            let position = index as u64;
            let value = *remainder * 10 + carry * (position + 1);
            let divisor = if index == 0 { 10 } else { 2 * position + 1 };
            *remainder = value % divisor;
            carry = value / divisor;
        }
        // A carry changes the last digit below 9, and the nines after it.
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
    fn the_first_50_digits_are_those_of_pi() {
        let text: String = digits_of_pi(50).iter().map(ToString::to_string).collect();
        assert_eq!(text, "31415926535897932384626433832795028841971693993751");
    }

    #[test]
    fn a_burn_spends_at_least_its_cpu_time_and_little_more() {
        let start = thread_cpu_time();
        burn_cpu_time(Duration::from_millis(50));
        let spent = thread_cpu_time() - start;
        assert!(spent >= Duration::from_millis(50), "{spent:?}");
        assert!(spent < Duration::from_millis(80), "{spent:?}");
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_of_a_burn_panics_in_the_waiting_task() {
        let _ = join_burn(spawn_blocking(|| panic!("a bug"))).await;
    }

    #[tokio::test]
    async fn likes_beyond_the_waiting_limit_are_rejected_and_the_others_burn() {
        let burner = Burner::new(1);
        let burns = (0..MAX_WAITING_LIKES + 11).map(|_| burner.burn(Duration::from_millis(1)));
        let outcomes = futures_util::future::join_all(burns).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            10
        );
        assert!(burner.burn(Duration::ZERO).await.is_ok());
    }
}
