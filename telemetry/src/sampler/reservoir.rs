//! A rule's reservoir: so many requests each second are kept before the rate counts.

/// What X-Ray has granted of the reservoir to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quota {
    per_second: u64,
    /// The second since 1970 from which on it counts no more.
    end: u64,
}

/// A reservoir, drained by the second.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservoir {
    /// Requests per second over all processes, as the rule says.
    pub size: u64,
    quota: Option<Quota>,
    second: u64,
    taken: u64,
}

/// What a request took from the reservoir.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Its place in the quota.
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

    /// Grants `per_second` requests until the second `end`.
    pub fn grant(&mut self, per_second: u64, end: u64) {
        self.quota = Some(Quota { per_second, end });
    }

    /// Takes one request in the second `now`, if there is one left.
    pub fn take(&mut self, now: u64) -> Option<Taken> {
        // Each second fills the reservoir, also the seconds that come again after the clock was set
        // back. One second less does not: a thread may have read the clock before another one.
        if now > self.second || now + 1 < self.second {
            self.second = now;
            self.taken = 0;
        }
        let (most, taken) = match self.quota.filter(|quota| now < quota.end) {
            Some(quota) => (quota.per_second, Taken::Quota),
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

    #[test]
    fn without_a_quota_one_each_second_is_borrowed() {
        let mut reservoir = Reservoir::new(50);
        for now in [100, 101, 102] {
            assert_eq!(reservoir.take(now), Some(Taken::Borrowed));
            assert_eq!(reservoir.take(now), None);
        }
    }

    #[test]
    fn a_reservoir_of_nothing_lends_nothing() {
        assert_eq!(Reservoir::new(0).take(100), None);
    }

    #[test]
    fn a_quota_is_taken_until_its_end_and_then_borrowed_again() {
        let mut reservoir = Reservoir::new(50);
        reservoir.grant(2, 101);
        let taken: Vec<_> = (0..3).map(|_| reservoir.take(100)).collect();
        assert_eq!(taken, [Some(Taken::Quota), Some(Taken::Quota), None]);
        assert_eq!(reservoir.take(101), Some(Taken::Borrowed));
        assert_eq!(reservoir.take(101), None);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_close_the_reservoir() {
        let mut reservoir = Reservoir::new(50);
        assert_eq!(reservoir.take(5000), Some(Taken::Borrowed));
        for now in [1400, 1401, 1402] {
            assert_eq!(reservoir.take(now), Some(Taken::Borrowed));
            assert_eq!(reservoir.take(now), None);
        }
    }

    #[test]
    fn a_thread_that_read_the_clock_a_second_earlier_fills_nothing() {
        let mut reservoir = Reservoir::new(50);
        assert_eq!(reservoir.take(101), Some(Taken::Borrowed));
        assert_eq!(reservoir.take(100), None);
        assert_eq!(reservoir.take(101), None);
    }

    #[test]
    fn a_quota_of_nothing_is_nothing() {
        let mut reservoir = Reservoir::new(50);
        reservoir.grant(0, 200);
        assert_eq!(reservoir.take(100), None);
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
                reservoir.grant(per_second, end);
            }
            let mut now = 1000;
            let mut given = 0;
            for step in steps {
                if step > 0 {
                    now += step;
                    given = 0;
                }
                given += u64::from(reservoir.take(now).is_some());
                let live = quota.filter(|(_, end)| now < *end);
                prop_assert!(given <= live.map_or(size.min(1), |(per_second, _)| per_second));
            }
        }
    }
}
