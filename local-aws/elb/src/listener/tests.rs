//! Which rule decides, compared with a naive search; and changes of the rules.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::TargetGroupConfig;

fn group() -> Arc<TargetGroup> {
    TargetGroup::new(TargetGroupConfig::with_interval(
        "group",
        Duration::from_secs(10),
    ))
}

fn rule(priority: u16, pattern: &str) -> Rule {
    Rule::new(priority, PathPattern::new(pattern), Forward::to(group()))
}

fn listener(rules: &[(u16, &str)]) -> Listener {
    let rules = rules
        .iter()
        .map(|(priority, pattern)| rule(*priority, pattern));
    Listener::new(rules.collect(), Forward::to(group()))
}

fn priorities(listener: &Listener) -> Vec<u16> {
    listener.rules().iter().map(|rule| rule.priority).collect()
}

/// Tries all lengths of text for each `*`.
fn matches_naively(pattern: &[char], path: &[char]) -> bool {
    match (pattern, path) {
        ([], path) => path.is_empty(),
        (['*', rest @ ..], path) => (0..=path.len()).any(|at| matches_naively(rest, &path[at..])),
        (['?', rest @ ..], [_, path @ ..]) => matches_naively(rest, path),
        ([wanted, rest @ ..], [first, path @ ..]) => wanted == first && matches_naively(rest, path),
        _ => false,
    }
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

#[test]
fn the_lowest_priority_decides_and_the_default_rule_is_last() {
    let listener = listener(&[(20, "/a/*"), (3, "/a/b*"), (1, "/x")]);
    assert_eq!(listener.route("/a/bc").0, 3);
    assert_eq!(listener.route("/a/c").0, 20);
    assert_eq!(listener.route("/b").0, 0);
}

#[test]
fn rules_can_exchange_their_priorities_but_not_share_one() {
    let mut listener = listener(&[(1, "/a"), (2, "/b"), (3, "/c")]);
    let (first, second) = (format!("{:016x}", 1), format!("{:016x}", 2));
    listener
        .set_priorities(&[(&first, 2), (&second, 1)])
        .unwrap();
    assert_eq!((listener.route("/a").0, listener.route("/b").0), (2, 1));
    for (change, error) in [
        (vec![(&*first, 3)], RuleError::PriorityInUse(3)),
        (
            vec![(&*first, 7), (&*second, 7)],
            RuleError::RepeatedPriority(7),
        ),
        (vec![(&*first, 7), (&*first, 8)], RuleError::RepeatedRule),
        (vec![("other", 7)], RuleError::UnknownRule),
        // The number of invented rules has no limit, so that they are not compared with each other.
        (vec![("other", 7), ("other", 7)], RuleError::UnknownRule),
    ] {
        assert_eq!(
            listener.clone().set_priorities(&change),
            Err(error),
            "{change:?}"
        );
    }
}

#[test]
fn a_listener_has_at_most_100_rules_and_each_priority_once() {
    let mut listener = listener(&[]);
    for priority in 1..=100 {
        listener.add(rule(priority, "/a")).unwrap();
    }
    assert_eq!(
        listener.add(rule(101, "/a")),
        Err(RuleError::TooManyRules(100))
    );
    listener.remove(&format!("{:016x}", 100)).unwrap();
    assert_eq!(
        listener.add(rule(7, "/a")),
        Err(RuleError::PriorityInUse(7))
    );
    assert_eq!(listener.remove("other"), Err(RuleError::UnknownRule));
}

proptest! {
    #[test]
    fn the_rule_is_the_matching_one_with_the_lowest_priority(
        rules in vec((1..=20_u16, "[ab/*?]{0,6}"), 0..8),
        path in "/[ab/]{0,8}",
    ) {
        // The first rule of each priority, as a listener accepts them.
        let mut listener = listener(&[]);
        let mut accepted = BTreeMap::new();
        for (priority, pattern) in &rules {
            let is_new = !accepted.contains_key(priority);
            prop_assert_eq!(listener.add(rule(*priority, pattern)).is_ok(), is_new);
            accepted.entry(*priority).or_insert(pattern);
        }
        let path_characters = characters(&path);
        let expected = accepted
            .iter()
            .find(|(_, pattern)| matches_naively(&characters(pattern), &path_characters));
        let expected = expected.map_or(0, |(priority, _)| usize::from(*priority));
        prop_assert_eq!(listener.route(&path).0, expected);
    }

    #[test]
    fn rules_stay_sorted_and_unique_after_any_changes(
        changes in vec((0..4_u8, 1..=6_u16, 1..=6_u16), 0..30),
    ) {
        let mut listener = listener(&[]);
        for (number, (change, one, other)) in changes.into_iter().enumerate() {
            let before = priorities(&listener);
            // The id of one of the rules, or an unknown id.
            let id = |number: u16| match listener.rules() {
                [] => "unknown".to_owned(),
                rules => rules[usize::from(number) % rules.len()].id.clone(),
            };
            let (one_id, other_id) = (id(one), id(other));
            let mut changed = listener.clone();
            let result = match change {
                0 => changed.add(Rule {
                    id: number.to_string(),
                    ..rule(one, "/a")
                }),
                1 => changed.remove(&one_id),
                2 => changed.set_priorities(&[(&one_id, other)]),
                _ => changed.set_priorities(&[(&one_id, other), (&other_id, one)]),
            };
            if result.is_ok() {
                listener = changed;
            }
            let after = priorities(&listener);
            prop_assert!(after.is_sorted_by(|a, b| a < b), "{before:?} -> {after:?}");
        }
    }
}
