//! The decisions about one service: which tasks start, which stop, and whether its deployment completes or fails.

use std::time::Duration;

use crate::limits::failure_threshold;
use crate::model::{Deployment, DeploymentState, Service};
use crate::plan::view::View;
use crate::plan::{Action, Health, health};
use crate::state::{Cause, State};
use crate::time::Timestamp;

/// The event of a steady state comes again after this time. Source: times of the events in the AWS CLI's example of
/// `update-service`.
pub const STEADY_EVENT_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);

/// Whether the service has one deployment, which is completed, and as many healthy tasks as are desired.
pub fn is_steady(state: &State, service: &Service, now: Timestamp) -> bool {
    let is_completed = |primary: &Deployment| primary.state == DeploymentState::Completed;
    service.deployments.len() == 1
        && service.primary().is_some_and(is_completed)
        && !service.is_draining
        && has_desired_tasks(state, service, now)
}

fn has_desired_tasks(state: &State, service: &Service, now: Timestamp) -> bool {
    let mut count = 0;
    let mut kept = state
        .tasks_of(&service.name)
        .filter(|task| task.is_kept())
        .inspect(|_| count += 1);
    kept.all(|task| health(task, service, now) == Health::Healthy)
        && count == service.desired_count as usize
}

/// What is to be done next for the service.
pub fn plan(state: &State, service: &Service, now: Timestamp) -> Option<Action> {
    let primary = service.primary()?;
    let planner = Planner {
        state,
        service,
        primary,
        now,
        view: View::new(state, service, primary, now),
    };
    if service.is_draining {
        return planner.stop(planner.view.drained());
    }
    // A replacement starts before the task that it replaces stops.
    planner
        .fail()
        .or_else(|| planner.start())
        .or_else(|| planner.stop(planner.stops()))
        .or_else(|| planner.end_deployment())
        .or_else(|| planner.complete())
        .or_else(|| planner.report())
}

struct Planner<'a> {
    state: &'a State,
    service: &'a Service,
    primary: &'a Deployment,
    now: Timestamp,
    view: View<'a>,
}

impl Planner<'_> {
    fn name(&self) -> String {
        self.service.name.clone()
    }

    fn is_in_progress(&self) -> bool {
        self.primary.state == DeploymentState::InProgress
    }

    fn fail(&self) -> Option<Action> {
        let threshold = failure_threshold(self.service.desired_count);
        let has_failed = self.service.deployment.circuit_breaker
            && self.is_in_progress()
            && self.primary.failed_tasks >= threshold;
        has_failed.then(|| Action::Fail(self.name()))
    }

    fn start(&self) -> Option<Action> {
        let starts = self.view.starts()?;
        Some(Action::Start {
            service: self.name(),
            deployment: starts.deployment,
            count: starts.count,
            replaced: starts.replaced,
        })
    }

    fn stops(&self) -> Vec<(String, Cause)> {
        match self.primary.state {
            DeploymentState::Failed => self.view.stops_after_failure(),
            _ => self.view.stops(),
        }
    }

    fn stop(&self, tasks: Vec<(String, Cause)>) -> Option<Action> {
        let service = self.name();
        (!tasks.is_empty()).then_some(Action::Stop { service, tasks })
    }

    /// An older deployment ends if it has no tasks and needs none.
    fn end_deployment(&self) -> Option<Action> {
        let mut old = self.service.deployments.iter().skip(1);
        let ended = old.find(|deployment| !self.view.is_in_use(&deployment.id))?;
        let (service, deployment) = (self.name(), ended.id.clone());
        Some(Action::EndDeployment {
            service,
            deployment,
        })
    }

    fn complete(&self) -> Option<Action> {
        let is_complete = self.is_in_progress()
            && self.service.deployments.len() == 1
            && has_desired_tasks(self.state, self.service, self.now);
        is_complete.then(|| Action::Complete(self.name()))
    }

    fn report(&self) -> Option<Action> {
        let service = self.service;
        if service.desired_count > self.state.config.max_tasks && !service.is_limit_reported {
            return Some(Action::ReportLimit(self.name()));
        }
        if self.view.may_start_primary()
            && self.view.is_blocked()
            && !self.primary.is_blockage_reported
        {
            return Some(Action::ReportBlockage(self.name()));
        }
        let is_past = |at: Timestamp| self.now >= at + STEADY_EVENT_INTERVAL;
        let is_due = service.steady_event_at.is_none_or(is_past);
        (is_due && is_steady(self.state, service, self.now))
            .then(|| Action::ReportSteady(self.name()))
    }
}
