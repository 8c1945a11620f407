//! Scaling activities: what changed the capacity, and why it was not changed.
//!
//! The texts are those that AWS returned for an ECS service on 2026-09-17 (github.com/radkawar/stackd,
//! `testdata/aws/applicationautoscaling/{activity_lifecycle,activity_suppression}.json`).

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::capacity::{Capacity, ServiceId};

/// Number of activities that are kept. AWS documents a time only.
pub const MAX_ACTIVITIES: usize = 1_000;

/// Activities are kept for six weeks, as on AWS.
const RETENTION: Duration = Duration::from_secs(6 * 7 * 24 * 60 * 60);

/// A scaling activity.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Increases with each activity.
    pub number: u64,
    pub id: Uuid,
    pub service: ServiceId,
    pub description: String,
    pub cause: String,
    pub started_at: SystemTime,
    pub ended_at: Option<SystemTime>,
    pub status: Status,
    pub message: Option<String>,
    /// Set if the capacity was not changed.
    pub reason: Option<Reason>,
    /// The desired count that the activity set.
    desired: Option<u32>,
}

/// `StatusCode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    InProgress,
    Successful,
    Overridden,
    Failed,
}

/// `NotScaledReason`: why the capacity was not changed, with the capacity that the reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    AlreadyAtMaxCapacity(u32),
    AlreadyAtMinCapacity(u32),
    AlreadyAtDesiredCapacity(u32),
    /// Scaling in would let the metric rise above the target value.
    AutoScalingAnticipatedFlapping(u32),
    /// A deployment is in progress.
    TargetServicePutResourceAsUnscalable,
}

/// All activities.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Newest first.
    activities: VecDeque<Activity>,
    next_number: u64,
}

impl History {
    /// The activities, newest first.
    pub fn iter(&self, now: SystemTime) -> impl Iterator<Item = &Activity> {
        let age = move |it: &Activity| now.duration_since(it.started_at).unwrap_or_default();
        let is_kept = move |it: &&Activity| age(it) <= RETENTION;
        self.activities.iter().filter(is_kept)
    }

    /// Records that the desired count was set, or could not be set.
    pub fn add_change(
        &mut self,
        service: &ServiceId,
        desired: u32,
        cause: String,
        result: Result<(), String>,
        now: SystemTime,
    ) {
        let set = format!("set desired count to {desired}");
        let (status, message) = match result {
            Ok(()) => {
                self.override_earlier(service, desired, now);
                let message =
                    format!("Successfully {set}. Waiting for change to be fulfilled by ecs.");
                (Status::InProgress, message)
            }
            Err(reason) => (Status::Failed, format!("Failed to {set}. Reason: {reason}")),
        };
        self.add(Activity {
            number: 0,
            id: Uuid::new_v4(),
            service: service.clone(),
            description: format!("Setting desired count to {desired}."),
            cause,
            started_at: now,
            ended_at: (status == Status::Failed).then_some(now),
            status,
            message: Some(message),
            reason: None,
            desired: Some(desired),
        });
    }

    /// Records that an alarm did not change the capacity. A reason that is the service's last activity is not recorded again.
    pub fn add_not_scaled(
        &mut self,
        service: &ServiceId,
        reason: Reason,
        cause: String,
        now: SystemTime,
    ) {
        let last = self.activities.iter().find(|it| it.service == *service);
        if last.is_some_and(|last| last.reason == Some(reason)) {
            return;
        }
        let status = match reason {
            Reason::AlreadyAtDesiredCapacity(_) => Status::Successful,
            _ => Status::Failed,
        };
        self.add(Activity {
            number: 0,
            id: Uuid::new_v4(),
            service: service.clone(),
            description: "Attempting to scale due to alarm triggered".to_owned(),
            cause,
            started_at: now,
            ended_at: None,
            status,
            message: None,
            reason: Some(reason),
            desired: None,
        });
    }

    /// The services whose activities are in progress.
    pub fn in_progress(&self) -> impl Iterator<Item = &ServiceId> {
        let is_in_progress = |it: &&Activity| it.status == Status::InProgress;
        self.activities
            .iter()
            .filter(is_in_progress)
            .map(|it| &it.service)
    }

    /// Ends the activity of a service that is in progress, if the capacity says so.
    pub fn observe(&mut self, service: &ServiceId, capacity: &Capacity, now: SystemTime) {
        self.override_earlier(service, capacity.desired, now);
        if capacity.running != capacity.desired {
            return;
        }
        for (activity, desired) in self.unfinished(service) {
            activity.end(
                Status::Successful,
                now,
                format!(
                    "Successfully set desired count to {desired}. Change successfully fulfilled by ecs."
                ),
            );
        }
    }

    /// Ends the activities in progress that set another desired count.
    fn override_earlier(&mut self, service: &ServiceId, desired: u32, now: SystemTime) {
        for (activity, own) in self.unfinished(service) {
            if own != desired {
                activity.end(
                    Status::Overridden,
                    now,
                    format!(
                        "Successfully set desired count to {own}. Found it was later changed to {desired}."
                    ),
                );
            }
        }
    }

    /// The activities of a service in progress, with the desired count that they set.
    fn unfinished(&mut self, service: &ServiceId) -> impl Iterator<Item = (&mut Activity, u32)> {
        let activities = self.activities.iter_mut();
        let own = activities.filter(move |it| it.service == *service);
        own.filter(|it| it.status == Status::InProgress)
            .filter_map(|it| {
                let desired = it.desired?;
                Some((it, desired))
            })
    }

    fn add(&mut self, mut activity: Activity) {
        activity.number = self.next_number;
        self.next_number += 1;
        self.activities.push_front(activity);
        self.activities.truncate(MAX_ACTIVITIES);
    }
}

impl Activity {
    fn end(&mut self, status: Status, now: SystemTime, message: String) {
        self.status = status;
        self.ended_at = Some(now);
        self.message = Some(message);
    }
}
