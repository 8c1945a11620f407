//! How much longer requests take because of hostile clients.
//!
//! A limit for the time of a request would fail whenever other programs use the processors. So a test removes their part:
//!
//! - It sends each request twice: to the program that the hostile clients attack, and to a control, which is the same program without them.
//! - The hostile clients keep the attacked program busy, so that it waits for a processor longer than the control. `Processors::own_time`
//!   estimates how long the request would have taken without these waits.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// The time that hostile clients may add to a request.
const MAX_DELAY: Duration = Duration::from_millis(100);

/// The percentile for clients that use little processor time.
pub const P90: usize = 90;

/// The percentile for floods. They keep all processors busy, and then the time without waits is an estimate that is too high for some requests.
pub const MEDIAN: usize = 50;

/// The number of requests to each of the two programs.
const REQUESTS: usize = 30;

/// The times of requests to the attacked program and to the control, each sorted.
#[derive(Clone, Debug)]
pub struct Delays {
    /// Includes the time in which the program waited for a processor.
    measured: Vec<Duration>,
    attacked: Vec<Duration>,
    control: Vec<Duration>,
}

impl Delays {
    /// Sends requests to both programs in turn, and measures each. `pids` are the processes of the attacked program.
    pub fn measure(pids: &[u32], mut attacked: impl FnMut(), mut control: impl FnMut()) -> Self {
        let (mut measured, mut own, mut controls) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..REQUESTS {
            let before = Processors::of(pids);
            let time = time_of(&mut attacked);
            measured.push(time);
            own.push(Processors::of(pids).since(before).own_time(time));
            controls.push(time_of(&mut control));
        }
        Self::new(measured, own, controls)
    }

    fn new(
        mut measured: Vec<Duration>,
        mut attacked: Vec<Duration>,
        mut control: Vec<Duration>,
    ) -> Self {
        for times in [&mut measured, &mut attacked, &mut control] {
            times.sort_unstable();
        }
        Self {
            measured,
            attacked,
            control,
        }
    }

    /// Fails if the hostile clients delay this percentile of the requests by more than 100 ms.
    pub fn assert_bounded(&self, percent: usize, situation: &str) {
        println!("figures: {situation}: {self}");
        assert!(
            percentile(&self.attacked, percent) <= percentile(&self.control, percent) + MAX_DELAY,
            "{situation}: {self}"
        );
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, times) in [
            ("measured", &self.measured),
            ("attacked", &self.attacked),
            ("control", &self.control),
        ] {
            let [median, p90, longest] = [50, 90, 100].map(|percent| percentile(times, percent));
            write!(
                f,
                "{name}: median {median:.1?}, p90 {p90:.1?}, longest {longest:.1?}; "
            )?;
        }
        Ok(())
    }
}

/// The processor time of all threads of some processes.
#[derive(Clone, Copy, Debug, Default)]
struct Processors {
    used: Duration,
    /// Time in which a thread could run and waited for a processor.
    waited: Duration,
}

impl Processors {
    /// Zero on other systems than Linux.
    fn of(pids: &[u32]) -> Self {
        let mut sum = Self::default();
        for pid in pids {
            let threads = fs::read_dir(format!("/proc/{pid}/task"));
            for thread in threads.into_iter().flatten().flatten() {
                let fields = fs::read_to_string(thread.path().join("schedstat"));
                let fields = fields.unwrap_or_default();
                let mut times = fields.split_whitespace().map_while(|it| it.parse().ok());
                let mut next = || times.next().map(Duration::from_nanos).unwrap_or_default();
                sum.used += next();
                sum.waited += next();
            }
        }
        sum
    }

    fn since(self, before: Self) -> Self {
        Self {
            used: self.used.saturating_sub(before.used),
            waited: self.waited.saturating_sub(before.waited),
        }
    }

    /// The part of `time` that the processes would also have needed alone on the machine: the share of the requested processor time that
    /// they got. Time in which no thread has waited for a processor counts in full.
    fn own_time(self, time: Duration) -> Duration {
        let requested = self.used + self.waited;
        let share = match requested.is_zero() {
            true => 1.0,
            false => self.used.div_duration_f64(requested),
        };
        time.mul_f64(share).max(time.saturating_sub(self.waited))
    }
}

fn time_of(request: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    request();
    start.elapsed()
}

/// The smallest of the sorted `times` that `percent` of them do not exceed.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times[rank - 1]
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Of the requests to the attacked program, the first `slow` take `slow_time`, and the others 10 ms.
    fn is_bounded(slow: usize, slow_time: Duration, control: Duration) -> bool {
        let mut attacked = vec![ms(10); REQUESTS];
        attacked[..slow].fill(slow_time);
        let delays = Delays::new(attacked.clone(), attacked, vec![control; REQUESTS]);
        catch_unwind(|| delays.assert_bounded(P90, "")).is_ok()
    }

    #[test]
    fn delays_of_100_ms_are_accepted_and_longer_ones_of_more_than_a_tenth_of_the_requests_are_not()
    {
        assert!(is_bounded(REQUESTS, ms(105), ms(5)));
        assert!(is_bounded(REQUESTS / 10, ms(900), ms(5)));
        assert!(!is_bounded(REQUESTS / 10 + 1, ms(106), ms(5)));
        assert!(is_bounded(REQUESTS / 10 + 1, ms(106), ms(50)));
    }

    #[test]
    fn waits_for_a_processor_do_not_count_and_waits_for_anything_else_do() {
        let own_time = |used, waited, time| Processors { used, waited }.own_time(time);
        assert_eq!(own_time(ms(100), ms(300), ms(200)), ms(50));
        assert_eq!(own_time(ms(0), ms(0), ms(200)), ms(200));
        assert_eq!(own_time(ms(1), ms(9), ms(200)), ms(191));
    }
}
