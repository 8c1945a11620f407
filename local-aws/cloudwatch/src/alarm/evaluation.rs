//! The evaluation of one alarm.

use std::sync::Arc;

use super::evaluate::{Datapoint, datapoints, evaluate, evaluated, evaluation_range};
use super::reason::{reason, reason_data};
use super::{Alarm, AlarmState};
use crate::math::ReadPoints;
use crate::time::Timestamp;

/// What the values of an alarm say. It is computed without the lock of the alarms.
pub struct Evaluation {
    /// The alarm before the evaluation.
    pub alarm: Arc<Alarm>,
    /// The data points that decide, newest first.
    pub evaluated: Vec<Datapoint>,
    /// The new state with its reason as a sentence and as a JSON text. `None` if the alarm keeps its state.
    pub new: Option<(AlarmState, String, String)>,
}

impl Evaluation {
    /// Evaluates an alarm.
    pub fn of(alarm: Arc<Alarm>, read: &ReadPoints<'_>, now: Timestamp) -> Self {
        let rule = &alarm.rule;
        let range = evaluation_range(rule, now);
        let result = rule.queries.compute(rule.watched, read, range.0, range.1);
        let points = datapoints(rule, range, &result);
        let evaluated = evaluated(rule, &points);
        let state = evaluate(rule, &points).filter(|state| *state != alarm.state);
        let new = state.map(|state| {
            let sentence = reason(rule, &alarm.config, state, &evaluated);
            let data = reason_data(rule, &alarm.config, now, &evaluated);
            (state, sentence, data)
        });
        Self {
            alarm,
            evaluated,
            new,
        }
    }

    /// The values that were compared with the threshold, oldest first: `recentDatapoints` in the reason.
    pub fn recent_values(&self) -> Vec<f64> {
        let values = self.evaluated.iter().rev();
        values.filter_map(|point| point.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{AlarmConfig, Alarms, Due, Rule};
    use super::*;

    const NOW: Timestamp = Timestamp(600_000);

    /// Creates an alarm that is on without data, or replaces its configuration.
    fn put(alarms: &mut Alarms) {
        let config = AlarmConfig {
            name: "alarm".to_owned(),
            namespace: Some("N".to_owned()),
            metric_name: Some("m".to_owned()),
            statistic: Some("Sum".to_owned()),
            period: Some(60),
            evaluation_periods: Some(1),
            threshold: Some(1.0),
            comparison_operator: Some("LessThanThreshold".to_owned()),
            treat_missing_data: Some("breaching".to_owned()),
            ..AlarmConfig::default()
        };
        let rule = Rule::check(&config).unwrap();
        alarms.put(config, rule, BTreeMap::new(), NOW).unwrap();
    }

    #[test]
    fn an_alarm_that_changes_during_its_evaluation_keeps_its_state() {
        let changes: [fn(&mut Alarms); 3] = [
            put,
            |alarms| alarms.delete("alarm", NOW),
            |alarms| {
                alarms.set_state("alarm", AlarmState::Ok, String::new(), None, NOW);
            },
        ];
        for change in changes {
            let mut alarms = Alarms::default();
            put(&mut alarms);
            let evaluate = |alarms: &Alarms| {
                let alarm = alarms.all().remove(0);
                Evaluation::of(alarm, &|_, _| Vec::new(), NOW)
            };
            let evaluation = evaluate(&alarms);
            change(&mut alarms);
            alarms.apply(evaluation, Due::All, NOW);
            let states = alarms.all();
            assert!(states.iter().all(|it| it.state != AlarmState::Alarm));
            if !states.is_empty() {
                let evaluation = evaluate(&alarms);
                alarms.apply(evaluation, Due::All, NOW);
                assert_eq!(alarms.all()[0].state, AlarmState::Alarm);
            }
        }
    }
}
