//! Burns CPU time on purpose, and limits how many burns run at the same time.

use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

/// Maximum number of likes that wait until they may burn CPU time. The service rejects each further like
/// that must burn CPU time.
pub(super) const MAX_WAITING_LIKES: usize = 64;

/// Number of digits of pi that a burn computes between two readings of the CPU clock. Computing these
/// digits takes less than a millisecond.
const DIGITS_PER_STEP: usize = 100;

/// Too many likes are burning CPU time or waiting for a burn.
#[derive(Debug, Error)]
#[error("too many likes at once, try again later")]
pub struct Overloaded;

/// Burns CPU time on the blocking thread pool, so that health checks stay fast. All clones of a burner
/// share the limits of burns.
#[derive(Clone, Debug)]
pub struct Burner {
    burn_permits: Arc<Semaphore>,
    /// Each like that burns CPU time or waits for a burn has a permit of the semaphore `admission_permits`.
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
    /// Returns an error when too many likes are already waiting for a burn.
    pub async fn burn(&self, cpu_time: Duration) -> Result<(), Overloaded> {
        let admission = Arc::clone(&self.admission_permits).try_acquire_owned();
        let admission = admission.map_err(|_| Overloaded)?;
        let permit = Arc::clone(&self.burn_permits).acquire_owned().await;
        let permit = permit.map_err(|_| Overloaded)?;
        let context = Context::current();
        let burn = spawn_blocking(move || {
            let _attached = context.attach();
            lower_thread_priority();
            burn_cpu_time(cpu_time);
            // A burn continues after its client has disconnected, so the permits are released here, at the
            // end of the burn.
            drop((permit, admission));
        });
        join_burn(burn).await
    }
}

/// Waits for the end of a burn. If the burn panicked, this function panics with the payload of the burn's
/// panic.
async fn join_burn(burn: JoinHandle<()>) -> Result<(), Overloaded> {
    match burn.await.map_err(JoinError::try_into_panic) {
        Ok(()) => Ok(()),
        Err(Ok(panic)) => resume_unwind(panic),
        // The task of the burn was cancelled, because the runtime is shutting down.
        Err(Err(_)) => Err(Overloaded),
    }
}

/// Gives this thread the lowest priority, so that health checks do not wait for a burn.
///
/// The priority is not restored after the burn. The blocking pool runs only burns and the resolution of the
/// monolith's host name.
fn lower_thread_priority() {
    // Outside Linux, `nice` changes the priority of the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        // With `CHAOS_REVEAL=off`, the line must not show that faults are injected.
        tracing::debug!(target: "like_service", %error, "cannot lower the priority of a thread");
    }
}

/// Computes digits of pi until this thread has spent `cpu_time`.
///
/// The limit is CPU time, not elapsed time: in a task with a quarter of a CPU, a burn takes four times as
/// long. The burns of this service's first implementation also took longer with less CPU.
fn burn_cpu_time(cpu_time: Duration) {
    let start = thread_cpu_time();
    while thread_cpu_time().saturating_sub(start) < cpu_time {
        black_box(digits_of_pi(black_box(DIGITS_PER_STEP)));
    }
}

fn thread_cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    // The CPU clock of a thread starts at zero, so the seconds and the nanoseconds are not negative.
    Duration::new(
        now.tv_sec.unsigned_abs(),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// Computes the first `count` digits of pi with the spigot algorithm of Rabinowitz and Wagon
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
        // A carry of 10 or more increments the previous digit. If the previous digit is 9, the digit
        // becomes 0, and the digit before the 9 is incremented too.
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
    fn a_burn_exceeds_its_cpu_time_by_less_than_30_ms() {
        let start = thread_cpu_time();
        burn_cpu_time(Duration::from_millis(50));
        let spent = thread_cpu_time() - start;
        assert!(spent >= Duration::from_millis(50), "{spent:?}");
        assert!(spent < Duration::from_millis(80), "{spent:?}");
    }

    #[tokio::test]
    #[should_panic(expected = "a bug")]
    async fn a_panic_during_a_burn_is_resumed_in_the_waiting_task() {
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
