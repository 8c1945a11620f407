//! The reservoir of a rule: a number of requests per second that are sampled before the fixed rate applies.
//!
//! Times are measured from the start of the sampler ([`XraySampler::uptime`](super::XraySampler::uptime)). A
//! change of the system clock therefore has no effect on reservoirs and quotas.

use std::time::Duration;

/// A reservoir that is refilled at the start of each second.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservoir {
    /// The reservoir size in the definition of the rule: a number of requests per second for all processes
    /// together.
    pub size: u64,
    /// The quota that X-Ray has assigned to this process, in requests per second. The quota is `None` until
    /// X-Ray assigns the first quota.
    quota: Option<u64>,
    quota_expires_at: Duration,
    current_second: u64,
    granted_this_second: u64,
}

/// The reason why the reservoir grants a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReservoirGrant {
    /// The request is within the quota of this process.
    Quota,
    /// Without a quota, a process may borrow one request each second.
    Borrowed,
}

impl Reservoir {
    /// Creates a reservoir without a quota.
    pub fn new(size: u64) -> Self {
        Self {
            size,
            ..Self::default()
        }
    }

    /// Sets the quota and the time when the quota expires. An argument that is `None` leaves the quota or its
    /// expiry time unchanged.
    pub fn assign_quota(&mut self, quota: Option<u64>, expires_at: Option<Duration>) {
        self.quota = quota.or(self.quota);
        self.quota_expires_at = expires_at.unwrap_or(self.quota_expires_at);
    }

    /// Grants one request at `now`. Returns `None` if the reservoir is used up for the current second.
    pub fn grant_request(&mut self, now: Duration) -> Option<ReservoirGrant> {
        let second = now.as_secs();
        // `now` may be in an earlier second than `current_second`, because threads read the clock before they
        // lock the reservoir.
        if second > self.current_second {
            self.current_second = second;
            self.granted_this_second = 0;
        }
        let (limit, grant) = match self.quota.filter(|_| now < self.quota_expires_at) {
            Some(quota) => (quota, ReservoirGrant::Quota),
            None => (self.size.min(1), ReservoirGrant::Borrowed),
        };
        (self.granted_this_second < limit).then(|| {
            self.granted_this_second += 1;
            grant
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn without_a_quota_one_request_each_second_is_borrowed() {
        let mut reservoir = Reservoir::new(50);
        for second in [0, 1, 2] {
            assert_eq!(
                reservoir.grant_request(seconds(second)),
                Some(ReservoirGrant::Borrowed)
            );
            assert_eq!(reservoir.grant_request(seconds(second)), None);
        }
    }

    #[test]
    fn no_request_is_borrowed_from_a_reservoir_of_size_0() {
        assert_eq!(Reservoir::new(0).grant_request(seconds(100)), None);
    }

    #[test]
    fn requests_are_borrowed_again_after_the_quota_has_expired() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign_quota(Some(2), Some(seconds(101)));
        let grants: Vec<_> = (0..3)
            .map(|_| reservoir.grant_request(seconds(100)))
            .collect();
        let quota = Some(ReservoirGrant::Quota);
        assert_eq!(grants, [quota, quota, None]);
        assert_eq!(
            reservoir.grant_request(seconds(101)),
            Some(ReservoirGrant::Borrowed)
        );
        assert_eq!(reservoir.grant_request(seconds(101)), None);
    }

    #[test]
    fn a_quota_of_0_prevents_borrowing() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign_quota(Some(0), Some(seconds(200)));
        assert_eq!(reservoir.grant_request(seconds(100)), None);
    }

    #[test]
    fn an_assignment_without_a_quota_or_expiry_keeps_the_earlier_value() {
        let mut reservoir = Reservoir::new(50);
        reservoir.assign_quota(Some(1), None);
        let grant = reservoir.grant_request(seconds(100));
        assert_eq!(grant, Some(ReservoirGrant::Borrowed), "no expiry yet");
        reservoir.assign_quota(None, Some(seconds(200)));
        assert_eq!(
            reservoir.grant_request(seconds(101)),
            Some(ReservoirGrant::Quota)
        );
        reservoir.assign_quota(Some(0), None);
        assert_eq!(reservoir.grant_request(seconds(102)), None);
        reservoir.assign_quota(None, None);
        assert_eq!(reservoir.grant_request(seconds(199)), None);
        assert_eq!(
            reservoir.grant_request(seconds(200)),
            Some(ReservoirGrant::Borrowed)
        );
    }

    proptest! {
        #[test]
        fn at_most_the_quota_is_granted_each_second(
            size in 0..100_u64,
            quota in proptest::option::of((0..20_u64, 1000..1010_u64)),
            steps in proptest::collection::vec(0..2_u64, 0..300),
        ) {
            let mut reservoir = Reservoir::new(size);
            if let Some((per_second, expires_at)) = quota {
                reservoir.assign_quota(Some(per_second), Some(seconds(expires_at)));
            }
            let mut second = 1000;
            let mut granted_count = 0;
            for step in steps {
                if step > 0 {
                    second += step;
                    granted_count = 0;
                }
                granted_count += u64::from(reservoir.grant_request(seconds(second)).is_some());
                let valid_quota = quota.filter(|(_, expires_at)| second < *expires_at);
                prop_assert!(granted_count <= valid_quota.map_or(size.min(1), |(per_second, _)| per_second));
            }
        }
    }
}
