//! All alarms. Changes of their states return the actions to run.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::Error;

use super::evaluation::Evaluation;
use super::history::{Change, History, state};
use super::reason::recent_values;
use super::{AUTO_SCALING, Alarm, AlarmAction, AlarmConfig, AlarmState, Rule};
use crate::time::Timestamp;

/// The reason of an alarm that was not evaluated yet.
const UNCHECKED: &str = "Unchecked: Initial alarm creation";

/// Most alarms. AWS permits as many as one pays for.
const MAX_ALARMS: usize = 5000;

/// Alarms by name, and their history.
#[derive(Debug, Default)]
pub struct Alarms {
    alarms: BTreeMap<String, Arc<Alarm>>,
    history: History,
}

/// Which alarms are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Those with periods of less than a minute.
    ShortPeriods,
    /// All. Actions of Auto Scaling run again.
    All,
}

impl Due {
    /// Whether an alarm is evaluated.
    pub fn includes(self, alarm: &Alarm) -> bool {
        self == Self::All || alarm.rule.period < 60
    }
}

impl Alarms {
    /// All alarms by name. They are shared, not copied.
    pub fn all(&self) -> Vec<Arc<Alarm>> {
        self.alarms.values().cloned().collect()
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Creates an alarm, or replaces its configuration. `rule` is that of the configuration. Only a new alarm gets the tags.
    ///
    /// # Errors
    ///
    /// Fails if there are too many alarms.
    pub fn put(
        &mut self,
        config: AlarmConfig,
        rule: Rule,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let rule = Arc::new(rule);
        if let Some(alarm) = self.alarms.get_mut(&config.name) {
            let alarm = Arc::make_mut(alarm);
            alarm.config = config;
            alarm.rule = rule;
            alarm.configuration_updated_at = now;
            self.history.record_change(alarm, Change::Update, now);
            return Ok(());
        }
        if self.alarms.len() >= MAX_ALARMS {
            let message = format!("There are already {MAX_ALARMS} alarms");
            return Err(Error::bad_request("LimitExceeded", message));
        }
        let alarm = Alarm {
            rule,
            configuration_updated_at: now,
            state: AlarmState::InsufficientData,
            reason: UNCHECKED.to_owned(),
            reason_data: None,
            state_updated_at: now,
            state_transitioned_at: now,
            tags,
            config,
        };
        self.history.record_change(&alarm, Change::Create, now);
        self.alarms
            .insert(alarm.config.name.clone(), Arc::new(alarm));
        Ok(())
    }

    /// Deletes an alarm, if there is one with the name.
    pub fn delete(&mut self, name: &str, now: Timestamp) {
        if let Some(alarm) = self.alarms.remove(name) {
            self.history.record_change(&alarm, Change::Delete, now);
        }
    }

    /// Removes an action from all alarms. Their states stay.
    pub fn remove_action(&mut self, action: &str, now: Timestamp) {
        let alarms = self.alarms.values_mut();
        for alarm in alarms.filter(|it| it.config.has_action(|it| it == action)) {
            let alarm = Arc::make_mut(alarm);
            alarm.config.remove_action(action);
            alarm.configuration_updated_at = now;
            self.history.record_change(alarm, Change::Update, now);
        }
    }

    /// Enables or disables the actions of an alarm, if there is one with the name.
    pub fn enable_actions(&mut self, name: &str, are_enabled: bool, now: Timestamp) {
        if let Some(alarm) = self.alarms.get_mut(name) {
            let alarm = Arc::make_mut(alarm);
            alarm.config.actions_enabled = are_enabled;
            alarm.configuration_updated_at = now;
            self.history.record_change(alarm, Change::Update, now);
        }
    }

    /// Changes the tags of an alarm. Returns whether there is one with the ARN.
    pub fn change_tags(
        &mut self,
        arn: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> bool {
        let alarm = self
            .alarms
            .values_mut()
            .find(|alarm| alarm.config.arn() == arn);
        alarm
            .map(|alarm| change(&mut Arc::make_mut(alarm).tags))
            .is_some()
    }

    /// Sets the state of an alarm until its next evaluation. Returns the actions to run, or `None` if there is no alarm with
    /// the name.
    pub fn set_state(
        &mut self,
        name: &str,
        new: AlarmState,
        reason: String,
        reason_data: Option<String>,
        now: Timestamp,
    ) -> Option<Vec<AlarmAction>> {
        let alarm = self.alarms.get_mut(name)?;
        Some(transition(
            &mut self.history,
            Arc::make_mut(alarm),
            new,
            reason,
            reason_data,
            now,
        ))
    }

    /// Gives an alarm the state of its evaluation, and returns the actions to run. An alarm that has changed since then keeps
    /// its state until the next evaluation.
    pub fn apply(&mut self, evaluation: Evaluation, due: Due, now: Timestamp) -> Vec<AlarmAction> {
        let before = &evaluation.alarm;
        let Some(alarm) = self.alarms.get_mut(&before.config.name) else {
            return Vec::new();
        };
        if !Arc::ptr_eq(&alarm.rule, &before.rule) || alarm.state != before.state {
            return Vec::new();
        }
        match evaluation.new {
            Some((state, reason, data)) => {
                // The alarm is copied if others share it.
                drop(evaluation.alarm);
                let alarm = Arc::make_mut(alarm);
                transition(&mut self.history, alarm, state, reason, Some(data), now)
            }
            None if due == Due::All => {
                let again = actions_of(alarm, &evaluation.recent_values(), false, now);
                let again = again.into_iter();
                again
                    .filter(|it| it.action.starts_with(AUTO_SCALING))
                    .collect()
            }
            None => Vec::new(),
        }
    }

    /// Records that an action has run.
    pub fn record_action(&mut self, action: &AlarmAction, result: &Result<(), String>) {
        self.history.record_action(action, result);
    }
}

/// Gives an alarm a state, and returns the actions to run.
fn transition(
    history: &mut History,
    alarm: &mut Alarm,
    new: AlarmState,
    reason: String,
    reason_data: Option<String>,
    now: Timestamp,
) -> Vec<AlarmAction> {
    let old = state(alarm.state, &alarm.reason, alarm.reason_data.as_deref());
    let is_new = alarm.state != new;
    alarm.state = new;
    alarm.reason = reason;
    alarm.reason_data = reason_data;
    alarm.state_updated_at = now;
    if !is_new {
        return Vec::new();
    }
    alarm.state_transitioned_at = now;
    let state = state(alarm.state, &alarm.reason, alarm.reason_data.as_deref());
    history.record_state(&alarm.config.name, &old, &state, now);
    let values = alarm.reason_data.as_deref().map(recent_values);
    actions_of(alarm, &values.unwrap_or_default(), true, now)
}

/// The actions of the present state of an alarm, if they are enabled.
fn actions_of(
    alarm: &Alarm,
    values: &[f64],
    is_new_state: bool,
    now: Timestamp,
) -> Vec<AlarmAction> {
    if !alarm.config.actions_enabled {
        return Vec::new();
    }
    let actions = alarm.config.actions(alarm.state).iter();
    let actions = actions.map(|action| AlarmAction {
        action: action.clone(),
        alarm_name: alarm.config.name.clone(),
        alarm_arn: alarm.config.arn(),
        state: alarm.state,
        reason: alarm.reason.clone(),
        values: values.to_vec(),
        threshold: alarm.rule.threshold,
        operator: alarm.rule.operator,
        time: now,
        state_updated_at: alarm.state_updated_at,
        is_new_state,
    });
    actions.collect()
}
