//! Random ids in the forms of ECS, and other random numbers of the scheduler.

use std::fmt;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// The generator. With the same seed it gives the same ids.
pub struct Ids(StdRng);

impl Ids {
    /// A generator with a random seed.
    pub fn random() -> Self {
        Self::from_seed(rand::random())
    }

    /// A generator that repeats the ids of the same seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// The id of a task: 32 hexadecimal digits.
    pub fn task(&mut self) -> String {
        format!("{:032x}", self.0.random::<u128>())
    }

    /// The id of a deployment: 19 digits.
    pub fn deployment(&mut self) -> String {
        let id: u64 = self
            .0
            .random_range(1_000_000_000_000_000_000..10_000_000_000_000_000_000);
        id.to_string()
    }

    /// The id of a container of a task.
    pub fn container(&mut self, task: &str) -> String {
        format!("{task}-{:010}", self.0.random_range(0..10_000_000_000_u64))
    }

    /// A UUID of version 4.
    pub fn event(&mut self) -> String {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0b11 << 62;
        let random = self.0.random::<u128>();
        let id = random & !VERSION & !VARIANT | (4 << 76) | (0b10 << 62);
        let hex = format!("{id:032x}");
        let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
        format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..])
    }

    /// A number from 0 (inclusive) to 1 (exclusive).
    pub fn fraction(&mut self) -> f64 {
        self.0.random()
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ids")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_lengths_of_ecs() {
        let mut ids = Ids::from_seed(1);
        for _ in 0..1_000 {
            let task = ids.task();
            assert_eq!(task.len(), 32);
            let container = ids.container(&task);
            assert_eq!(container.len(), 32 + 1 + 10, "{container}");
            assert_eq!(ids.deployment().len(), 19);
            let event = ids.event();
            assert_eq!(event.len(), 36);
            assert_eq!(&event[14..15], "4", "{event}");
            assert!("89ab".contains(&event[19..20]), "{event}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let ids = || Ids::from_seed(7).task();
        assert_eq!(ids(), ids());
    }
}
