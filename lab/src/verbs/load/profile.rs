//! How the load changes during a run: straight lines between levels. A level is a rate in requests per second, or a number of
//! users.
//!
//! The functions are pure. Times are seconds since the start of the run.

use std::time::Duration;

/// Differences below this are rounding errors.
const EPSILON: f64 = 1e-9;

/// A stage: the level changes on a straight line from the level before to `target`. A stage of 0 seconds is a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// The level at the end of the stage.
    pub target: f64,
    /// The length of the stage.
    pub duration: Duration,
}

/// A part of a profile with a length above 0.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start: f64,
    length: f64,
    /// The level at the start.
    from: f64,
    /// The level at the end.
    to: f64,
}

impl Segment {
    fn area(self) -> f64 {
        (self.from + self.to) / 2.0 * self.length
    }

    fn slope(self) -> f64 {
        (self.to - self.from) / self.length
    }

    /// The time in the segment at which the area from the segment's start is `area`.
    fn time_of_area(self, area: f64) -> f64 {
        if area <= 0.0 {
            return self.start;
        }
        // The solution of from * t + slope * t² / 2 = area, in the form that also holds for the slope 0.
        let root = (self.from * self.from + 2.0 * self.slope() * area).max(0.0);
        let offset = 2.0 * area / (self.from + root.sqrt());
        self.start + offset.min(self.length)
    }

    /// The first time in the segment, not before `time`, at which the level is at least `level`.
    fn first_time_at(self, level: f64, time: f64) -> Option<f64> {
        let time = time.max(self.start);
        let end = self.start + self.length;
        if time >= end {
            return None;
        }
        if self.from + self.slope() * (time - self.start) >= level - EPSILON {
            return Some(time);
        }
        let crossing = self.start + (level - self.from) / self.slope();
        (self.slope() > 0.0 && crossing < end).then_some(crossing)
    }
}

/// The level over the time of a run.
#[derive(Clone, Debug)]
pub struct Profile {
    segments: Vec<Segment>,
    duration: Duration,
    /// The highest level.
    maximum: f64,
}

impl Profile {
    /// One level for the whole run.
    pub fn constant(level: f64, duration: Duration) -> Self {
        let target = level;
        Self::ramps(level, &[Stage { target, duration }])
    }

    /// Stages that begin at the level `start`.
    pub fn ramps(start: f64, stages: &[Stage]) -> Self {
        let mut profile = Self {
            segments: Vec::new(),
            duration: Duration::ZERO,
            maximum: 0.0,
        };
        let mut from = start;
        for &Stage { target, duration } in stages {
            if !duration.is_zero() {
                profile.segments.push(Segment {
                    start: profile.duration.as_secs_f64(),
                    length: duration.as_secs_f64(),
                    from,
                    to: target,
                });
                profile.maximum = profile.maximum.max(from).max(target);
            }
            profile.duration += duration;
            from = target;
        }
        profile
    }

    /// The length of the run.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The highest level.
    pub fn maximum(&self) -> f64 {
        self.maximum
    }

    /// The time of the arrival with this index, if the level is a rate. The arrival with the index k is at the time at which
    /// the area under the profile is k: at a constant rate r, at k / r. Returns `None` if the run ends before.
    pub fn arrival(&self, index: u64) -> Option<Duration> {
        let mut rest = index as f64;
        for segment in &self.segments {
            let area = segment.area();
            if rest + EPSILON < area {
                return Duration::try_from_secs_f64(segment.time_of_area(rest)).ok();
            }
            rest = (rest - area).max(0.0);
        }
        None
    }

    /// The first time, not before `time`, at which the level is at least `level`. Returns `None` if the run ends before.
    pub fn first_time_at(&self, level: f64, time: Duration) -> Option<Duration> {
        let time = time.as_secs_f64();
        let mut times = self.segments.iter();
        let found = times.find_map(|segment| segment.first_time_at(level, time))?;
        Duration::try_from_secs_f64(found).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn stage(target: f64, duration: f64) -> Stage {
        let duration = seconds(duration);
        Stage { target, duration }
    }

    fn arrivals(profile: &Profile) -> Vec<f64> {
        let times = (0..).map_while(|index| profile.arrival(index));
        times.map(|time| time.as_secs_f64()).collect()
    }

    #[test]
    fn at_a_constant_rate_the_distances_of_arrivals_are_equal() {
        let times = arrivals(&Profile::constant(25.0, seconds(30.0)));
        assert_eq!(times.len(), 750);
        for (index, time) in times.iter().enumerate() {
            assert!((time - index as f64 / 25.0).abs() < 1e-6, "{index}: {time}");
        }
    }

    /// The area under a ramp from 0 with slope 2 is t², so the arrivals are at the square roots of 0, 1, 2 ...
    #[test]
    fn on_a_ramp_the_distances_of_arrivals_shrink() {
        let times = arrivals(&Profile::ramps(0.0, &[stage(20.0, 10.0)]));
        assert_eq!(times.len(), 100);
        for (index, time) in times.iter().enumerate() {
            assert!(
                (time - (index as f64).sqrt()).abs() < 1e-6,
                "{index}: {time}"
            );
        }
    }

    #[test]
    fn a_stage_of_0_seconds_is_a_step() {
        let stages = [
            stage(10.0, 0.0),
            stage(10.0, 1.0),
            stage(0.0, 0.0),
            stage(0.0, 5.0),
        ];
        let profile = Profile::ramps(0.0, &stages);
        let times = arrivals(&profile);
        assert_eq!(times.len(), 10);
        assert_eq!(times[0], 0.0);
        assert_eq!(profile.duration(), seconds(6.0));
    }

    #[test]
    fn a_step_that_no_stage_follows_is_not_the_maximum() {
        let stages = [stage(10.0, 1.0), stage(99.0, 0.0)];
        assert_eq!(Profile::ramps(0.0, &stages).maximum(), 10.0);
    }

    #[test]
    fn a_level_is_reached_on_a_ramp_and_left_on_the_next_one() {
        let profile = Profile::ramps(0.0, &[stage(10.0, 10.0), stage(0.0, 10.0)]);
        let first = |level, time| profile.first_time_at(level, seconds(time));
        assert_eq!(first(5.0, 0.0), Some(seconds(5.0)));
        assert_eq!(first(5.0, 7.0), Some(seconds(7.0)));
        assert_eq!(first(5.0, 15.0), Some(seconds(15.0)));
        assert_eq!(first(5.0, 15.1), None);
        assert_eq!(first(11.0, 0.0), None);
        assert_eq!(first(0.0, 20.0), None);
    }

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        let level = prop_oneof![Just(0.0), 0.0..200.0];
        let duration = prop_oneof![Just(0.0), 0.01..20.0];
        let stage = (level, duration).prop_map(|(target, duration)| stage(target, duration));
        vec(stage, 0..6)
    }

    proptest! {
        #[test]
        fn arrivals_are_in_order_within_the_run_and_as_many_as_the_area(start in 0.0..200.0, stages in stages()) {
            let profile = Profile::ramps(start, &stages);
            let times = arrivals(&profile);
            let area: f64 = profile.segments.iter().map(|segment| segment.area()).sum();
            prop_assert!((times.len() as f64 - area.ceil()).abs() <= 1.0, "{} {area}", times.len());
            prop_assert!(times.is_sorted());
            let end = profile.duration().as_secs_f64();
            prop_assert!(times.iter().all(|time| (0.0..=end + 1e-6).contains(time)));
        }

        /// No window of time has more arrivals than its length allows at the highest rate.
        #[test]
        fn arrivals_never_exceed_the_highest_rate(start in 0.0..200.0, stages in stages(), window in 1..50_usize) {
            let profile = Profile::ramps(start, &stages);
            for times in arrivals(&profile).windows(window + 1) {
                let length = times[window] - times[0];
                prop_assert!(length * profile.maximum() >= window as f64 - 1e-3, "{times:?}");
            }
        }

        #[test]
        fn the_first_time_of_a_level_is_not_before_the_given_time(
            start in 0.0..50.0, stages in stages(), level in 0.0..100.0, time in 0.0..100.0,
        ) {
            let profile = Profile::ramps(start, &stages);
            let found = profile.first_time_at(level, seconds(time));
            if let Some(found) = found {
                prop_assert!(found + Duration::from_nanos(2) >= seconds(time));
                prop_assert!(found <= profile.duration());
                prop_assert!(level <= profile.maximum() + 1e-6);
            } else if seconds(time).is_zero() {
                prop_assert!(level > profile.maximum() - 1e-6);
            }
        }
    }
}
