//! The rules of the moment.

use serde_json::Value;

use super::Service;
use super::api::{SamplingRule, StatisticsDocument, Targets};
use super::rule::{Request, Rule};

/// How many seconds rules hold that nobody could renew: as long as X-Ray's own SDKs keep them.
const LIFE: u64 = 3600;

/// Most rules that are kept; an account has some dozens.
const MOST: usize = 1000;

/// Most rules that one call reports of, by the API's model.
const MOST_REPORTED: usize = 25;

/// Rules in their order, and what decides without them. Clones share what was counted.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The second in which they came.
    since: u64,
    local: Rule,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            since: 0,
            local: Rule::local_default(),
        }
    }
}

impl Rules {
    /// Whether the request of the second `now` is kept, by the first rule that speaks of it. It is not
    /// even looked at where there are no rules.
    pub fn decide<'r>(
        &self,
        service: &Service,
        request: impl FnOnce() -> Request<'r>,
        now: u64,
        chance: f64,
    ) -> bool {
        let live = !self.rules.is_empty() && now < self.since.saturating_add(LIFE);
        let rule = live.then(request).and_then(|request| {
            let mut rules = self.rules.iter();
            rules.find(|rule| rule.matches(service, &request))
        });
        rule.unwrap_or(&self.local).decide(now, chance)
    }

    /// The rules that came in the second `now` instead of these. Those that kept their names keep
    /// their counts and quotas.
    pub fn renewed(&self, definitions: impl IntoIterator<Item = Value>, now: u64) -> Self {
        let mut rules: Vec<Rule> = definitions
            .into_iter()
            .filter_map(|definition| {
                let definition: SamplingRule = serde_json::from_value(definition).ok()?;
                let known = self
                    .rules
                    .iter()
                    .find(|rule| rule.name() == definition.rule_name);
                Rule::new(definition, known)
            })
            .take(MOST)
            .collect();
        rules.sort_by(|one, other| one.order().cmp(&other.order()));
        Self {
            rules,
            since: now,
            local: self.local.clone(),
        }
    }

    /// What is to be reported of the rules that were asked; the first of them, if there are more than
    /// a call takes.
    pub fn statistics(&self, client_id: &str, now: u64) -> Vec<StatisticsDocument> {
        let asked = |rule: &Rule| rule.statistics(client_id, now);
        let asked = self.rules.iter().filter_map(asked);
        asked.take(MOST_REPORTED).collect()
    }

    /// Takes over the answer to a report.
    pub fn answered(&self, reported: &[StatisticsDocument], targets: &Targets) {
        for document in reported {
            if let Some(rule) = self.rule(&document.rule_name) {
                rule.reported(document);
            }
        }
        for target in &targets.sampling_target_documents {
            if let Some(rule) = self.rule(&target.rule_name) {
                rule.grant(target);
            }
        }
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::Counts;
    use super::*;
    use opentelemetry::KeyValue;
    use proptest::prelude::*;
    use serde_json::json;

    fn rule(name: &str, priority: i64, more: Value) -> Value {
        let mut rule = json!({
            "RuleName": name, "Priority": priority, "FixedRate": 1.0, "ReservoirSize": 0,
            "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": "*", "ResourceARN": "*", "Version": 1,
        });
        for (key, value) in more.as_object().unwrap() {
            rule[key] = value.clone();
        }
        rule
    }

    fn service() -> Service {
        Service {
            name: "like service".to_owned(),
            origin: Some("AWS::ECS::Container".to_owned()),
        }
    }

    fn like() -> Vec<KeyValue> {
        vec![
            KeyValue::new("server.address", "shop.example"),
            KeyValue::new("server.port", 8080),
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("url.path", "/mysfits/1/like"),
        ]
    }

    /// Whether a rule with these conditions speaks of a like.
    fn speaks_of_it(conditions: Value) -> bool {
        let rules = Rules::default().renewed([rule("r", 1, conditions)], 100);
        let attributes = like();
        rules.decide(&service(), || Request::of(&attributes), 100, 0.99);
        rules
            .rules
            .first()
            .is_some_and(|rule| rule.counts().requests == 1)
    }

    #[test]
    fn each_condition_must_hold() {
        for (conditions, holds) in [
            (json!({}), true),
            (json!({"ServiceName": "like*"}), true),
            (json!({"ServiceName": "monolith"}), false),
            (json!({"ServiceType": "AWS::ECS::Container"}), true),
            (json!({"ServiceType": "AWS::EC2::Instance"}), false),
            (json!({"Host": "shop.example"}), true),
            (json!({"Host": "shop.example:8080"}), true),
            (json!({"Host": "shop.example:80"}), false),
            (json!({"HTTPMethod": "post"}), true),
            (json!({"HTTPMethod": "GET"}), false),
            (json!({"URLPath": "/mysfits/*/like"}), true),
            (json!({"URLPath": "/mysfits/?/like"}), true),
            (json!({"URLPath": "/mysfits"}), false),
            (json!({"ResourceARN": "arn:aws:*"}), false),
            (json!({"Attributes": {"http.request.method": "P*"}}), true),
            (
                json!({"Attributes": {"http.request.method": "P*", "user": "*"}}),
                false,
            ),
        ] {
            assert_eq!(speaks_of_it(conditions.clone()), holds, "{conditions}");
        }
    }

    #[test]
    fn rules_that_make_no_sense_cost_the_others_nothing() {
        let definitions = [
            json!({"RuleName": "half"}),
            json!(7),
            rule("rate", 1, json!({"FixedRate": 1.5})),
            rule("version", 1, json!({"Version": 2})),
            rule("right", 9, json!({})),
        ];
        let rules = Rules::default().renewed(definitions, 100);
        let names: Vec<_> = rules.rules.iter().map(Rule::name).collect();
        assert_eq!(names, ["right"]);
    }

    #[test]
    fn without_rules_the_first_each_second_and_five_percent_are_kept() {
        let rules = Rules::default();
        let attributes = like();
        let keeps =
            |now, chance| rules.decide(&service(), || Request::of(&attributes), now, chance);
        assert!(keeps(100, 0.99));
        assert!(!keeps(100, 0.05));
        assert!(keeps(100, 0.049));
        assert!(keeps(101, 0.99));
        assert!(!keeps(101, 0.99));
    }

    #[test]
    fn rules_that_nobody_renews_end_after_an_hour() {
        let all = rule("all", 1, json!({}));
        let rules = Rules::default().renewed([all], 100);
        let attributes = like();
        let keeps = |now| rules.decide(&service(), || Request::of(&attributes), now, 0.99);
        assert!(keeps(3699) && keeps(3699));
        // By the local default from here on.
        assert!(keeps(3700) && !keeps(3700));
    }

    #[test]
    fn a_rule_keeps_its_counts_and_quota_over_a_renewal_and_takes_what_changed() {
        let first = Rules::default().renewed([rule("r", 1, json!({"FixedRate": 0.0}))], 100);
        let targets: Targets = serde_json::from_value(json!({
            "SamplingTargetDocuments": [
                {"RuleName": "r", "ReservoirQuota": 1, "ReservoirQuotaTTL": 300.0, "FixedRate": 0.0},
                {"RuleName": "gone"},
            ],
            "LastRuleModification": 100.0,
        }))
        .unwrap();
        first.answered(&[], &targets);
        let attributes = like();
        let keeps = |rules: &Rules| rules.decide(&service(), || Request::of(&attributes), 200, 0.5);
        assert!(keeps(&first) && !keeps(&first));
        let second = first.renewed([rule("r", 1, json!({"FixedRate": 0.6}))], 200);
        assert!(keeps(&second), "by its new rate");
        let counts = Counts {
            requests: 3,
            sampled: 2,
            borrowed: 0,
        };
        assert_eq!(second.rules[0].counts(), counts);
    }

    #[test]
    fn a_report_takes_off_what_it_told() {
        let rules = Rules::default().renewed([rule("r", 1, json!({"ReservoirSize": 1}))], 100);
        let attributes = like();
        let ask = || rules.decide(&service(), || Request::of(&attributes), 100, 0.5);
        ask();
        ask();
        let report = rules.statistics("c", 100);
        assert_eq!(report.len(), 1);
        assert_eq!((report[0].request_count, report[0].sampled_count), (2, 1));
        assert_eq!(report[0].borrow_count, 1);
        ask();
        rules.answered(&report, &Targets::default());
        let counts = Counts {
            requests: 1,
            sampled: 1,
            borrowed: 0,
        };
        assert_eq!(rules.rules[0].counts(), counts);
    }

    proptest! {
        #[test]
        fn the_first_rule_by_priority_and_name_decides(
            mut rules in proptest::collection::vec(("[a-c]{1,3}", 0..4_i64, any::<bool>()), 1..8)
        ) {
            rules.dedup_by(|one, other| one.0 == other.0);
            let definitions = rules.iter().map(|(name, priority, matching)| {
                let path = if *matching { "/mysfits/*" } else { "/other" };
                rule(name, *priority, json!({"URLPath": path}))
            });
            let set = Rules::default().renewed(definitions.collect::<Vec<_>>(), 100);
            let attributes = like();
            set.decide(&service(), || Request::of(&attributes), 100, 0.5);
            let first = rules.iter().filter(|(.., matching)| *matching)
                .map(|(name, priority, _)| (*priority, name.as_str())).min();
            let asked = set.rules.iter().find(|rule| rule.counts().requests > 0);
            prop_assert_eq!(asked.map(Rule::order), first);
        }

        #[test]
        fn no_definition_makes_it_panic(
            text in "\\PC{0,20}|[*?a]{0,20}", number: i64, rate: f64, size: u64
        ) {
            let odd = json!({
                "RuleName": text, "Priority": number, "FixedRate": rate, "ReservoirSize": size,
                "ServiceName": text, "ServiceType": text, "Host": text, "HTTPMethod": text,
                "URLPath": text, "ResourceARN": "*", "Version": 1, "Attributes": {(text.clone()): text},
            });
            let rules = Rules::default().renewed([odd], size);
            let attributes = like();
            rules.decide(&service(), || Request::of(&attributes), size, 0.5);
        }
    }
}
