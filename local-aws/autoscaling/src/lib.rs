//! A local Application Auto Scaling (version 2016-02-06) for services of ECS: scalable targets, step scaling, target
//! tracking, scaling activities, and operations of the API.
//!
//! CloudWatch tells the crate which alarm actions run ([`AutoScaling::on_alarms`]). The crate decides the new desired count.
//! It does not know how a service gets its tasks, nor how an alarm is evaluated: the [`DesiredCount`] and the [`Alarms`] of
//! the program that uses the crate do that. Scheduled actions, predictive scaling and other resources than services of ECS
//! are not implemented.

mod activity;
mod alarms;
mod api;
mod capacity;
mod decision;
mod names;
mod policy;
mod scaling;
mod state;
mod step;
mod target;
mod tracking;

pub use alarms::{AlarmAction, AlarmState, Alarms, Breach};
pub use capacity::{BoxFuture, Capacity, DesiredCount, ServiceId};
pub use scaling::{AutoScaling, Clock};
