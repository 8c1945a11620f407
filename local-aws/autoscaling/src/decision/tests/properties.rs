use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_decision_leaves_the_bounds_or_goes_in_the_wrong_direction(
        min in 0_u32..50,
        more in 0_u32..50,
        current in 0_u32..200,
        adjustments in proptest::collection::vec(-300_i32..300, 1..4),
        metrics in proptest::collection::vec(0.0..200.0_f64, 4),
        last in proptest::option::of((0_u32..200, proptest::option::of(0_u64..100))),
    ) {
        let max = min + more;
        let policies = adjustments.iter().enumerate().map(|(number, adjustment)| {
            let mut policy = step(&number.to_string(), AdjustmentType::Percent, *adjustment, 60);
            policy.last_change = last.map(|(from, settled)| Change {
                from,
                to: current,
                settled_at: settled.map(at),
            });
            policy
        });
        let policies = policies.chain([tracking("cpu", 50.0, Metric::Cpu)]);
        let mut target = target(min, max, policies);
        let mut actions: Vec<_> = (0..adjustments.len())
            .map(|number| action(&number.to_string(), "alarm", &metrics[..1]))
            .collect();
        actions.push(high("cpu", metrics[1]));
        actions.push(low(&mut target, "cpu", metrics[2], at(50)));
        for actions in actions.iter().map(std::slice::from_ref).chain([&actions[..]]) {
            let decision = decide(&target, actions, &capacity(current), at(50));
            if let Some(Decision { outcome: Outcome::Set(desired), .. }) = decision {
                prop_assert!((min..=max).contains(&desired));
                prop_assert_ne!(desired, current);
            }
        }
    }
}
