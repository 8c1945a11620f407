//! How a forward action distributes requests among target groups. Pure.
//!
//! Source: AWS's guide to Application Load Balancers, "Forward actions": requests are distributed in proportion to the
//! weights, which are numbers from 0 to 999.

/// Maximum weight of a target group.
pub const MAX_WEIGHT: u16 = 999;

/// The sum of all weights: the number of tickets for [`choose`].
pub fn total(weights: impl Iterator<Item = u16>) -> u32 {
    weights.map(u32::from).sum()
}

/// Returns the index of the weight that owns `ticket`. Of the tickets from 0 up to [`total`], each weight owns as many as
/// its number. Returns `None` for other tickets.
pub fn choose(weights: impl Iterator<Item = u16>, ticket: u32) -> Option<usize> {
    let mut rest = ticket;
    weights
        .map(u32::from)
        .enumerate()
        .find_map(|(index, weight)| {
            let is_owner = rest < weight;
            rest = rest.saturating_sub(weight);
            is_owner.then_some(index)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A list with each index as often as its weight.
    fn expanded(weights: &[u16]) -> Vec<usize> {
        let repeat = |(index, weight): (usize, &u16)| vec![index; (*weight).into()];
        weights.iter().enumerate().flat_map(repeat).collect()
    }

    #[test]
    fn a_weight_of_zero_gets_no_request() {
        for ticket in 0..100 {
            assert_eq!(choose([0, 100, 0].into_iter(), ticket), Some(1));
        }
        assert_eq!(total([0, 0].into_iter()), 0);
        assert_eq!(choose([0, 0].into_iter(), 0), None);
        assert_eq!(choose([].into_iter(), 0), None);
    }

    proptest! {
        #[test]
        fn each_ticket_belongs_to_the_same_group_as_in_the_expanded_list(
            weights in vec(prop_oneof![Just(0), 0..=MAX_WEIGHT], 0..6),
            beyond in 0..5_u32,
        ) {
            let expanded = expanded(&weights);
            let total = total(weights.iter().copied());
            prop_assert_eq!(total as usize, expanded.len());
            for (ticket, owner) in (0..).zip(expanded) {
                prop_assert_eq!(choose(weights.iter().copied(), ticket), Some(owner));
            }
            prop_assert_eq!(choose(weights.iter().copied(), total + beyond), None);
        }
    }
}
