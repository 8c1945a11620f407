//! A rule's reservoir: so many requests each second are sampled before the rate counts.
//!
//! Times are those of [`XraySampler::uptime`](super::XraySampler::uptime), so that a time of day that is
//! set back or forward neither refills a reservoir, nor blocks it, nor changes when a quota expires.

use std::time::Duration;

/// A reservoir, refilled at the start of each second.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservoir {
    /// Requests per second over all processes, as the rule says.
    pub size: u64,
    /// Requests per second that X-Ray has assigned to this process, if it ever has.
    quota: Option<u64>,
    /// When the quota expires.
    quota_end: Duration,
    second: u64,
    taken: u64,
}

/// What a request took from the reservoir.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// A part of the quota.
    Quota,
    /// The one request each second that a process without a quota may borrow.
    Borrowed,
}

impl Reservoir {
    pub fn new(size: u64) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }

    /// Takes over a quota and its end; what is missing stays as it was.
    pub fn assign(&mut self, quota: Option<u64>, end: Option<Duration>) {
        self.quota = quota.or(self.quota);
        self.quota_end = end.unwrap_or(self.quota_end);
    }

    /// Takes one request at `now`, if there is one left.
    pub fn take(&mut self, now: Duration) -> Option<Taken> {
        let second = now.as_secs();
        // Two threads may come here in another order than they read the clock.
        if second > self.second {
            self.second = second;
            self.taken = 0;
        }
        let (most, taken) = match self.quota.filter(|_| now < self.quota_end) {
            Some(quota) => (quota, Taken::Quota),
            None => (self.size.min(1), Taken::Borrowed),
        };
        (self.taken < most).then(|| {
            self.taken += 1;
            taken
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn without_a_quota_one_request_each_second_is_borrowed() {
        let mut reservoir = Reservoir::new(50);
        for second in [0, 1, 2] {
            assert_eq!(reservoir.take(at(second)), Some(Taken::Borrowed));
            assert_eq!(reservoir.take(at(second)), None);
        }
    }

    #[test]
    fn a_reservoir_of_size_0_lends_nothing() {
        assert_eq!(Reservoir::new(0).take(at(100)), None);
    }

    #[test]
    fn a_quota_holds_until_its_end_and_then_requests_are_borrowed_again() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign(Some(2), Some(at(101)));
        let taken: Vec<_> = (0..3).map(|_| reservoir.take(at(100))).collect();
        assert_eq!(taken, [Some(Taken::Quota), Some(Taken::Quota), None]);
        assert_eq!(reservoir.take(at(101)), Some(Taken::Borrowed));
        assert_eq!(reservoir.take(at(101)), None);
    }

    #[test]
    fn a_quota_of_0_is_used_instead_of_borrowing() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign(Some(0), Some(at(200)));
        assert_eq!(reservoir.take(at(100)), None);
    }

    #[test]
    fn a_part_of_a_quota_that_an_answer_leaves_out_stays() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign(Some(1), None);
        assert_eq!(reservoir.take(at(100)), Some(Taken::Borrowed), "no end yet");
        reservoir.assign(None, Some(at(200)));
        assert_eq!(reservoir.take(at(101)), Some(Taken::Quota));
        reservoir.assign(Some(0), None);
        assert_eq!(reservoir.take(at(102)), None);
        reservoir.assign(None, None);
        assert_eq!(reservoir.take(at(199)), None);
        assert_eq!(reservoir.take(at(200)), Some(Taken::Borrowed));
    }

    proptest! {
        #[test]
        fn no_second_gives_more_than_its_quota(
            size in 0..100_u64,
            quota in proptest::option::of((0..20_u64, 1000..1010_u64)),
            steps in proptest::collection::vec(0..2_u64, 0..300),
        ) {
            let mut reservoir = Reservoir::new(size);
            if let Some((per_second, end)) = quota {
                reservoir.assign(Some(per_second), Some(at(end)));
            }
            let mut second = 1000;
            let mut given = 0;
            for step in steps {
                if step > 0 {
                    second += step;
                    given = 0;
                }
                given += u64::from(reservoir.take(at(second)).is_some());
                let live = quota.filter(|(_, end)| second < *end);
                prop_assert!(given <= live.map_or(size.min(1), |(per_second, _)| per_second));
            }
        }
    }
}
