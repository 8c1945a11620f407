//! Decides when the next request starts. The functions are pure: times are parameters, counted from the start of the run.

use std::collections::BTreeSet;
use std::time::Duration;

use super::profile::Profile;

/// The index of a user.
pub type User = usize;

/// The model of the load.
#[derive(Clone, Debug)]
pub enum Pacing {
    /// Open model: requests start at planned times, whether or not earlier requests have ended.
    Rate {
        /// Rates in requests per second.
        profile: Profile,
        /// How many requests have started.
        started: u64,
    },
    /// Closed model: each user sends a request, waits for its end, pauses, and sends the next one.
    Users {
        /// Numbers of users.
        profile: Profile,
        /// The time from the end of a request to the next request of its user.
        pause: Duration,
        /// The users without a request, with the times of their next requests.
        waiting: BTreeSet<(Duration, User)>,
    },
}

impl Pacing {
    /// Requests at the rates of `profile`.
    pub fn rate(profile: Profile) -> Self {
        Self::Rate {
            profile,
            started: 0,
        }
    }

    /// Users in the numbers of `profile`. The user with the index i is active while the level is at least i + 1.
    pub fn users(profile: Profile, pause: Duration) -> Self {
        let users = 0..profile.maximum() as User;
        let first = |user| Some((next_request(&profile, user, Duration::ZERO)?, user));
        let waiting = users.filter_map(first).collect();
        Self::Users {
            profile,
            pause,
            waiting,
        }
    }

    /// The rates or the numbers of users.
    pub fn profile(&self) -> &Profile {
        match self {
            Self::Rate { profile, .. } | Self::Users { profile, .. } => profile,
        }
    }

    /// The time of the next request. `None` in the open model means that no request follows. In the closed model more can
    /// follow when requests end.
    pub fn next(&self) -> Option<Duration> {
        match self {
            Self::Rate { profile, started } => profile.arrival(*started),
            Self::Users { waiting, .. } => waiting.first().map(|(time, _)| *time),
        }
    }

    /// How long after its planned time the request of [`Self::next`] starts. A request of the closed model has no planned time.
    pub fn delay(&self, now: Duration) -> Duration {
        match self {
            Self::Rate { .. } => now.saturating_sub(self.next().unwrap_or(now)),
            Self::Users { .. } => Duration::ZERO,
        }
    }

    /// Starts the request of [`Self::next`]. Returns its user in the closed model.
    pub fn start(&mut self) -> Option<User> {
        match self {
            Self::Rate { started, .. } => {
                *started += 1;
                None
            }
            Self::Users { waiting, .. } => waiting.pop_first().map(|(_, user)| user),
        }
    }

    /// The request of a user has ended.
    pub fn ended(&mut self, user: Option<User>, now: Duration) {
        if let (
            Self::Users {
                profile,
                pause,
                waiting,
            },
            Some(user),
        ) = (self, user)
            && let Some(time) = next_request(profile, user, now + *pause)
        {
            waiting.insert((time, user));
        }
    }
}

fn next_request(profile: &Profile, user: User, time: Duration) -> Option<Duration> {
    profile.first_time_at((user + 1) as f64, time)
}

#[cfg(test)]
mod tests {
    use super::super::profile::Stage;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_open_model_does_not_wait_for_the_end_of_requests() {
        let mut pacing = Pacing::rate(Profile::constant(10.0, SECOND));
        let mut starts = Vec::new();
        while let Some(time) = pacing.next() {
            assert_eq!(pacing.start(), None);
            starts.push(time.as_millis());
        }
        assert_eq!(starts, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    }

    #[test]
    fn a_user_sends_the_next_request_when_the_request_before_has_ended() {
        let mut pacing = Pacing::users(Profile::constant(2.0, SECOND), Duration::ZERO);
        assert_eq!(pacing.start(), Some(0));
        assert_eq!(pacing.start(), Some(1));
        assert_eq!(pacing.next(), None);
        pacing.ended(Some(1), SECOND / 2);
        assert_eq!(pacing.next(), Some(SECOND / 2));
        assert_eq!(pacing.start(), Some(1));
        pacing.ended(Some(1), SECOND);
        assert_eq!(pacing.next(), None, "the run has ended");
    }

    #[test]
    fn a_user_pauses_after_the_end_of_a_request() {
        let profile = Profile::constant(1.0, SECOND * 3);
        let mut pacing = Pacing::users(profile, SECOND);
        assert_eq!(pacing.start(), Some(0));
        pacing.ended(Some(0), SECOND / 2);
        assert_eq!(pacing.next(), Some(SECOND * 3 / 2));
        assert_eq!(pacing.start(), Some(0));
        pacing.ended(Some(0), SECOND * 2);
        assert_eq!(
            pacing.next(),
            None,
            "the run ends before the end of the pause"
        );
    }

    #[test]
    fn ramps_add_and_remove_users() {
        let (duration, up, down) = (SECOND * 10, 2.0, 0.0);
        let stages = [up, down].map(|target| Stage { target, duration });
        let mut pacing = Pacing::users(Profile::ramps(0.0, &stages), Duration::ZERO);
        assert_eq!(pacing.next(), Some(SECOND * 5));
        assert_eq!(pacing.start(), Some(0));
        assert_eq!(pacing.next(), Some(SECOND * 10));
        assert_eq!(pacing.start(), Some(1));
        pacing.ended(Some(0), SECOND * 14);
        pacing.ended(Some(1), SECOND * 14);
        assert_eq!(pacing.start(), Some(0));
        assert_eq!(pacing.start(), None, "only one user is left");
        pacing.ended(Some(0), SECOND * 16);
        assert_eq!(pacing.next(), None);
    }
}
