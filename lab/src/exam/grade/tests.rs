use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::exam::answer::{Evidence, EvidenceKind, Reference, RootCause};
use crate::exam::vocabulary::{TERMS, Term};

const START: f64 = 1_795_780_800.0;

fn cause(component: &str, mechanism: &str) -> Cause {
    Cause {
        component: component.to_owned(),
        mechanism: mechanism.to_owned(),
        occurred_at: START,
        likes: 400,
        touched: 120,
    }
}

fn truth(causes: &[(&str, &str)]) -> Truth {
    let causes = causes
        .iter()
        .map(|(component, mechanism)| cause(component, mechanism))
        .collect();
    Truth { causes }
}

fn root_cause(component: &str, mechanism: &str) -> RootCause {
    RootCause {
        component: component.to_owned(),
        mechanism: Term::find(mechanism).unwrap(),
        occurrence_datetime: String::new(),
        occurred_at: START,
        evidence: vec![Evidence {
            kind: EvidenceKind::Trace,
            reference: Reference::Id("1-6b0929ff-04011c5b0be16df2d9fba294".to_owned()),
        }],
    }
}

fn answer(causes: &[(&str, &str)]) -> Answer {
    Answer {
        detected: true,
        root_causes: causes
            .iter()
            .map(|(component, mechanism)| root_cause(component, mechanism))
            .collect(),
        affected_percent: Some(30.0),
        confidence: None,
    }
}

fn nothing() -> Answer {
    Answer::parse(br#"{"detected": false, "root_causes": []}"#).unwrap()
}

const BURN: (&str, &str) = ("like-service", "cpu-burn");
const KEY: (&str, &str) = ("dynamodb/4e53920c", "slow-key");
const WEIGHTS: (&str, &str) = ("load-balancer", "wrong-weights");

/// The grade if all evidence of the answer holds.
fn graded(truth: &Truth, answer: &Answer) -> Grade {
    let holds = vec![true; answer.root_causes.len()];
    grade(truth, answer, &holds).unwrap()
}

/// The points of the categories in their order.
fn points(grade: &Grade) -> [f64; 6] {
    let points: Vec<_> = grade
        .categories
        .iter()
        .map(|category| category.points.value())
        .collect();
    points.try_into().unwrap()
}

fn assert_points(truth: &Truth, answer: &Answer, expected: [f64; 6]) {
    let grade = graded(truth, answer);
    assert_eq!(points(&grade), expected);
    assert_eq!(grade.total.value(), expected.iter().sum::<f64>());
}

#[test]
fn the_reference_answer_has_all_points() {
    assert_points(
        &truth(&[BURN]),
        &answer(&[BURN]),
        [15.0, 30.0, 25.0, 10.0, 10.0, 10.0],
    );
    let both = [KEY, WEIGHTS];
    assert_eq!(
        graded(&truth(&both), &answer(&[WEIGHTS, KEY]))
            .total
            .value(),
        100.0
    );
}

#[test]
fn each_category_is_lost_alone() {
    let burn = truth(&[BURN]);
    let full = [15.0, 30.0, 25.0, 10.0, 10.0, 10.0];
    let without = |category: usize| {
        let mut expected = full;
        expected[category] = 0.0;
        expected
    };

    assert_points(
        &burn,
        &answer(&[("like-service", "lost-likes")]),
        without(2),
    );

    let mut late = answer(&[BURN]);
    late.root_causes[0].occurred_at = START + 60.001;
    assert_points(&burn, &late, without(3));

    let mut other_share = answer(&[BURN]);
    other_share.affected_percent = Some(40.0);
    assert_points(&burn, &other_share, without(4));
    other_share.affected_percent = None;
    assert_points(&burn, &other_share, without(4));

    let with_evidence = |holds| grade(&burn, &answer(&[BURN]), &[holds]).unwrap();
    assert_eq!(points(&with_evidence(false)), without(5));
    assert_eq!(points(&with_evidence(true)), full);
}

#[test]
fn nothing_but_detection_counts_without_the_right_component() {
    let missed = [15.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let burn = truth(&[BURN]);
    assert_points(&burn, &answer(&[("monolith", "cpu-burn")]), missed);
    assert_points(&burn, &answer(&[]), missed);
    // The component is compared exactly.
    assert_points(&burn, &answer(&[("like-service/1", "cpu-burn")]), missed);
}

#[test]
fn a_time_counts_up_to_sixty_seconds_before_or_after() {
    // With a fraction of a second, the difference of the floating-point numbers is not exactly 60.
    let mut burn = truth(&[BURN]);
    burn.causes[0].occurred_at = START + 0.1;
    for (time, expected) in [
        (START - 59.9, 10.0),
        (START + 60.1, 10.0),
        (START - 60.0, 0.0),
        (START + 60.2, 0.0),
    ] {
        let mut given = answer(&[BURN]);
        given.root_causes[0].occurred_at = time;
        assert_eq!(points(&graded(&burn, &given))[3], expected, "{time}");
    }
}

#[test]
fn the_share_is_compared_with_the_wilson_interval_in_tenths() {
    // Computed with Python: the formula with `statistics.NormalDist().inv_cdf(0.995)` gives 24.4636 to 36.1890, 98.3685 to 100,
    // 1.1852 to 50.7232, and 99.1420 to 99.9881.
    for ((touched, likes), interval) in [
        ((120, 400), (24.4, 36.2)),
        ((400, 400), (98.3, 100.0)),
        ((1, 10), (1.1, 50.8)),
        ((985, 986), (99.1, 100.0)),
    ] {
        assert_eq!(
            quantity::interval(touched, likes),
            interval,
            "{touched}/{likes}"
        );
    }
}

#[test]
fn a_false_root_cause_costs_precision() {
    let given = answer(&[BURN, KEY, WEIGHTS]);
    assert_points(
        &truth(&[BURN]),
        &given,
        [15.0, 10.0, 25.0, 10.0, 10.0, 10.0],
    );
}

#[test]
fn only_the_first_root_cause_with_a_component_counts() {
    let guesses: Vec<_> = TERMS[..10]
        .iter()
        .map(|term| ("like-service", term.name))
        .collect();
    assert_eq!(guesses[0].1, "bad-revision");
    assert_points(
        &truth(&[BURN]),
        &answer(&guesses),
        [15.0, 3.0, 0.0, 10.0, 10.0, 10.0],
    );
    // Two causes of one component are found in any order.
    let both = [BURN, ("like-service", "lost-likes")];
    let given = answer(&[both[1], both[0]]);
    assert_eq!(graded(&truth(&both), &given).total.value(), 100.0);
}

#[test]
fn a_missed_cause_costs_the_whole_localization() {
    let both = truth(&[KEY, WEIGHTS]);
    assert_points(&both, &answer(&[KEY]), [15.0, 0.0, 25.0, 10.0, 10.0, 10.0]);
    let wrong_mechanism = answer(&[KEY, ("load-balancer", "wrong-path")]);
    assert_points(
        &both,
        &wrong_mechanism,
        [15.0, 30.0, 12.5, 10.0, 10.0, 10.0],
    );
}

#[test]
fn an_answer_that_is_always_the_same_wins_little() {
    let (healthy, burn) = (truth(&[]), truth(&[BURN]));
    assert_eq!(graded(&burn, &nothing()).total.value(), 0.0);
    assert_eq!(graded(&healthy, &nothing()).total.value(), 100.0);
    assert_eq!(graded(&healthy, &answer(&[BURN])).total.value(), 0.0);
    assert_eq!(graded(&healthy, &answer(&[])).total.value(), 0.0);
}

#[test]
fn a_fault_that_touched_no_like_cannot_be_graded() {
    let mut untouched = truth(&[BURN]);
    untouched.causes[0].touched = 0;
    let error = grade(&untouched, &answer(&[BURN]), &[]);
    assert_eq!(error, Err(HarnessError::UntouchedCause));
    assert_eq!(graded(&untouched, &nothing()).total.value(), 0.0);
}

#[test]
fn the_same_answer_always_gets_the_same_bytes() {
    let both = truth(&[KEY, WEIGHTS]);
    let given = answer(&[WEIGHTS, BURN, KEY]);
    let json = || serde_json::to_string(&graded(&both, &given)).unwrap();
    let first = json();
    assert!((1..100).all(|_| json() == first));
    let value = serde_json::to_value(graded(&both, &given)).unwrap();
    assert_eq!(value["total"], json!(90.0));
    assert!(first.starts_with(
        r#"{"total":90.0,"categories":[{"name":"detection","points":15.0,"maximum":15,"reason":"#
    ));
}

#[test]
fn the_grade_does_not_tell_what_was_expected() {
    let missed = graded(&truth(&[KEY]), &answer(&[BURN]));
    let text = serde_json::to_string(&missed).unwrap();
    assert!(
        !text.contains("slow-key") && !text.contains("dynamodb"),
        "{text}"
    );
    let explanation = explain(&truth(&[KEY]), Some(&answer(&[BURN])));
    for expected in [
        "slow-key in dynamodb/4e53920c, since 2026-11-27T12:00:00Z",
        "120 of 400 likes were touched: 30.0 % (24.4 to 36.2 % are accepted)",
        "cpu-burn in like-service",
    ] {
        assert!(explanation.contains(expected), "{explanation}");
    }
    assert_eq!(
        explain(&truth(&[]), None),
        "Expected:\n  no fault\nGiven:\n  no answer\n"
    );
}

fn any_cause() -> impl Strategy<Value = Cause> {
    let likes = (1_u64..1_000).prop_flat_map(|likes| (Just(likes), 1..=likes));
    (0..3_usize, 0..TERMS.len(), 0.0..200.0, likes).prop_map(
        |(component, mechanism, after, (likes, touched))| Cause {
            component: ["like-service", "monolith", "dynamodb"][component].to_owned(),
            mechanism: TERMS[mechanism].name.to_owned(),
            occurred_at: START + after,
            likes,
            touched,
        },
    )
}

prop_compose! {
    fn any_root_cause()(component in 0..4_usize, mechanism in 0..TERMS.len(), after in 0.0..200.0) -> RootCause {
        let component = ["like-service", "monolith", "dynamodb", "load-balancer"][component];
        let mut cause = root_cause(component, TERMS[mechanism].name);
        cause.occurred_at = START + after;
        cause
    }
}

proptest! {
    #[test]
    fn a_grade_is_within_its_bounds_and_a_false_root_cause_never_raises_it(
        causes in prop::collection::vec(any_cause(), 1..4),
        given in prop::collection::vec((any_root_cause(), any::<bool>()), 0..9),
        percent in prop::option::of(0.0..=100.0),
        position in any::<prop::sample::Index>(),
        false_cause in any_root_cause(),
    ) {
        let truth = Truth { causes };
        let (root_causes, mut holds): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let mut answer = Answer { detected: true, root_causes, affected_percent: percent, confidence: None };
        let before = grade(&truth, &answer, &holds).unwrap();
        prop_assert!(before.total.value() <= 100.0);
        for category in &before.categories {
            prop_assert!(category.points.value() <= f64::from(category.maximum));
        }

        // A component that no cause has, anywhere in the answer.
        let mut false_cause = false_cause;
        "load-balancer".clone_into(&mut false_cause.component);
        let index = position.index(answer.root_causes.len() + 1);
        answer.root_causes.insert(index, false_cause);
        holds.insert(index, true);
        let after = grade(&truth, &answer, &holds).unwrap();
        prop_assert!(after.total <= before.total);
    }
}
