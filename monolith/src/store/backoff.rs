//! Computes the pauses between the attempts of an update.

use std::time::Duration;

/// Upper limit of the first pause between two attempts.
const FIRST_PAUSE_LIMIT: Duration = Duration::from_millis(20);

/// Upper limit of every pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// Exponential back-off with full jitter: each pause is a random fraction of a limit that doubles.
///
/// Without jitter, updates that are throttled together would be retried together.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug)]
pub struct Backoff {
    pause_limit: Duration,
}

impl Backoff {
    pub fn new() -> Self {
        Self {
            pause_limit: FIRST_PAUSE_LIMIT,
        }
    }

    /// Computes the pause before the next attempt. `random` is a random number from 0 to 1.
    pub fn next_pause(&mut self, random: f64) -> Duration {
        let pause = self.pause_limit.mul_f64(random);
        self.pause_limit = (2 * self.pause_limit).min(MAX_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_six_pauses_ms(random: f64) -> Vec<u128> {
        let mut backoff = Backoff::new();
        let pauses = (0..6).map(|_| backoff.next_pause(random).as_millis());
        pauses.collect()
    }

    #[test]
    fn the_limit_of_a_pause_doubles_up_to_its_maximum() {
        assert_eq!(first_six_pauses_ms(1.0), [20, 40, 80, 160, 200, 200]);
    }

    #[test]
    fn a_pause_is_a_random_fraction_of_its_limit() {
        assert_eq!(first_six_pauses_ms(0.5), [10, 20, 40, 80, 100, 100]);
        assert_eq!(first_six_pauses_ms(0.0), [0; 6]);
    }
}
