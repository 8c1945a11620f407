//! The environment of a task: that of the lab, with what the lab decides set over it.

use std::net::SocketAddr;

use crate::database::TABLE;
use crate::options::{LikeIn, Options, Switch};
use crate::service::Service;
use crate::tasks::Slot;

mod tracing;

pub use tracing::{Tracing, XrayPlaces};

/// CPU time of a chaotic like, so that it takes more than a second here as it does on a quarter of a
/// vCPU on AWS; a reader's own setting wins.
const STRESS: (&str, &str) = ("CHAOS_STRESS_CPU_MS", "1100-2200");

/// Whether the monolith serves likes. It does so with `--like-in monolith`, as in `infra/services.yml`. Otherwise the reader's
/// setting decides: a reader who moves the weights of the like rule sets it to `on`.
const LIKE_IN_MONOLITH: &str = "LIKE_IN_MONOLITH";

/// A variable and its value.
pub type Variable = (&'static str, String);

/// What the lab decides for its tasks.
#[derive(Clone, Debug)]
pub struct Environment {
    pub alb: SocketAddr,
    pub dynamodb: SocketAddr,
    pub chaos: Switch,
    pub seed: u64,
    pub log_level: String,
    pub like_in: LikeIn,
    /// Whether the reader has set the CPU time of a chaotic like.
    pub stress_is_set: bool,
    /// Whether the reader has set `LIKE_IN_MONOLITH`.
    pub like_in_monolith_is_set: bool,
    pub tracing: Tracing,
}

impl Environment {
    /// What `options` and this process' own environment say. `seed` is the option's or was drawn.
    pub fn new(
        options: &Options,
        seed: u64,
        alb: SocketAddr,
        dynamodb: SocketAddr,
        tracing: Tracing,
    ) -> Self {
        Self {
            alb,
            dynamodb,
            chaos: options.chaos,
            seed,
            log_level: options.loglevel.clone(),
            like_in: options.like_in,
            stress_is_set: std::env::var_os(STRESS.0).is_some(),
            like_in_monolith_is_set: std::env::var_os(LIKE_IN_MONOLITH).is_some(),
            tracing,
        }
    }

    /// What the lab sets for the task in `slot`.
    pub fn variables(&self, slot: Slot) -> Vec<Variable> {
        let mut variables = vec![
            ("PORT", "0".to_owned()),
            ("LOGLEVEL", self.log_level.clone()),
        ];
        variables.extend(self.tracing.variables());
        match slot.service {
            Service::LikeService => self.like_service(slot.number, &mut variables),
            Service::Monolith => self.monolith(&mut variables),
        }
        variables
    }

    fn like_service(&self, number: u16, variables: &mut Vec<Variable>) {
        let seed = self.seed.wrapping_add(number.into());
        variables.extend([
            ("MONOLITH_URL", format!("http://{}", self.alb)),
            ("CHAOSMODE", on_off(self.chaos == Switch::On)),
            ("CHAOS_SEED", seed.to_string()),
        ]);
        if !self.stress_is_set {
            variables.push((STRESS.0, STRESS.1.to_owned()));
        }
    }

    fn monolith(&self, variables: &mut Vec<Variable>) {
        let text = str::to_owned;
        variables.extend([
            ("DDB_TABLE_NAME", text(TABLE)),
            (
                "AWS_ENDPOINT_URL_DYNAMODB",
                format!("http://{}", self.dynamodb),
            ),
            ("AWS_REGION", text(wire::REGION)),
            // The emulator takes any; real ones must not come near it.
            ("AWS_ACCESS_KEY_ID", text("lab")),
            ("AWS_SECRET_ACCESS_KEY", text("lab")),
            // Nor is there anything for the lab in the reader's own AWS configuration.
            ("AWS_CONFIG_FILE", text("/dev/null")),
            ("AWS_SHARED_CREDENTIALS_FILE", text("/dev/null")),
            ("AWS_EC2_METADATA_DISABLED", text("true")),
        ]);
        if self.like_in == LikeIn::Monolith {
            variables.push((LIKE_IN_MONOLITH, on_off(true)));
        } else if !self.like_in_monolith_is_set {
            variables.push((LIKE_IN_MONOLITH, on_off(false)));
        }
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        Environment {
            alb: ([127, 0, 0, 1], 8080).into(),
            dynamodb: ([127, 0, 0, 1], 8000).into(),
            chaos: Switch::On,
            seed: u64::MAX,
            log_level: "DEBUG".to_owned(),
            like_in: LikeIn::Service,
            stress_is_set: false,
            like_in_monolith_is_set: false,
            tracing: Tracing::new(None, |_| None),
        }
    }

    fn variable(
        environment: &Environment,
        service: Service,
        number: u16,
        name: &str,
    ) -> Option<String> {
        let variables = environment.variables(Slot { service, number });
        let mut found = variables.into_iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| value)
    }

    #[test]
    fn each_like_slot_has_a_seed_of_its_own_and_wraps_at_the_last_one() {
        let environment = environment();
        let seed = |number| variable(&environment, Service::LikeService, number, "CHAOS_SEED");
        assert_eq!(seed(0), Some(u64::MAX.to_string()));
        assert_eq!(seed(1), Some("0".to_owned()));
        assert_eq!(
            variable(&environment, Service::Monolith, 0, "CHAOS_SEED"),
            None
        );
    }

    #[test]
    fn the_readers_own_stress_wins() {
        let mut environment = environment();
        let stress = |environment: &Environment| {
            variable(environment, Service::LikeService, 0, "CHAOS_STRESS_CPU_MS")
        };
        assert_eq!(stress(&environment), Some("1100-2200".to_owned()));
        environment.stress_is_set = true;
        assert_eq!(stress(&environment), None);
    }

    #[test]
    fn the_monolith_serves_likes_if_they_go_to_it_from_the_start_or_the_reader_says_so() {
        let mut environment = environment();
        let like_in = |environment: &Environment| {
            variable(environment, Service::Monolith, 0, "LIKE_IN_MONOLITH")
        };
        assert_eq!(like_in(&environment), Some("off".to_owned()));
        environment.like_in_monolith_is_set = true;
        assert_eq!(like_in(&environment), None);
        environment.like_in = LikeIn::Monolith;
        assert_eq!(like_in(&environment), Some("on".to_owned()));
    }
}
