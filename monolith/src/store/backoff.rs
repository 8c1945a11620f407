//! Pauses between the attempts of a like.

use std::time::Duration;

/// Longest first pause.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Longest pause of all.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// Exponential back-off with full jitter: each pause is a random part of a length that doubles.
///
/// Without jitter, likes that are throttled together would be sent again together.
/// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
#[derive(Debug)]
pub struct Backoff {
    longest: Duration,
}

impl Backoff {
    pub fn new() -> Self {
        Self {
            longest: FIRST_PAUSE,
        }
    }

    /// The next pause; `part` is a random number from 0 to 1.
    pub fn next_pause(&mut self, part: f64) -> Duration {
        let pause = self.longest.mul_f64(part);
        self.longest = (2 * self.longest).min(MAX_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(part: f64) -> Vec<u128> {
        let mut backoff = Backoff::new();
        let pauses = (0..6).map(|_| backoff.next_pause(part).as_millis());
        pauses.collect()
    }

    #[test]
    fn the_longest_pause_doubles_up_to_its_bound() {
        assert_eq!(pauses(1.0), [20, 40, 80, 160, 200, 200]);
    }

    #[test]
    fn a_pause_is_the_random_part_of_the_longest_one() {
        assert_eq!(pauses(0.5), [10, 20, 40, 80, 100, 100]);
        assert_eq!(pauses(0.0), [0; 6]);
    }
}
