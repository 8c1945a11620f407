//! The images that task definitions can name: programs inside the lab's own program.

use std::net::SocketAddr;

use http_shell::env::Environment;
use http_shell::process::ProcessError;

use crate::task::Bind;

/// A program that runs in tasks.
pub struct Image {
    /// The name in task definitions.
    pub name: &'static str,
    /// Runs the program until it is asked to stop.
    pub run: fn(&Environment, Bind) -> Result<(), ProcessError>,
    /// The variables that the lab adds to the environment of the task definition.
    pub added: &'static [(&'static str, Added)],
}

/// The value of a variable that the lab adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Always this value.
    Text(&'static str),
    /// This value, unless the task definition has the variable.
    Default(&'static str),
    /// The URL of the local DynamoDB.
    DynamoDb,
    /// The lab's seed plus the ordinal of the task, unless the task definition has the variable.
    Seed,
}

impl Image {
    /// The command of the image's health check, as in `infra/services.yml`.
    pub fn health_check(&self) -> [String; 3] {
        ["CMD", &format!("/{}", self.name), "--health-check"].map(str::to_owned)
    }

    /// The environment of a process: that of the task definition, and what the lab adds.
    pub fn environment(
        &self,
        defined: &[(String, String)],
        dynamodb: SocketAddr,
        seed: u64,
        ordinal: u32,
    ) -> Vec<(String, String)> {
        let is_defined = |name: &str| defined.iter().any(|(defined, _)| defined == name);
        let value = |name: &str, added: Added| match added {
            Added::Text(text) => Some(text.to_owned()),
            Added::DynamoDb => Some(format!("http://{dynamodb}")),
            Added::Default(_) | Added::Seed if is_defined(name) => None,
            Added::Default(text) => Some(text.to_owned()),
            Added::Seed => Some(seed.wrapping_add(ordinal.into()).to_string()),
        };
        let added = self.added.iter();
        let added =
            added.filter_map(|(name, added)| Some(((*name).to_owned(), value(name, *added)?)));
        defined.iter().cloned().chain(added).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const DYNAMODB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

    fn environment(defined: &[(&str, &str)], seed: u64, ordinal: u32) -> Vec<(String, String)> {
        const IMAGE: Image = Image {
            name: "server",
            run: |_, _| Ok(()),
            added: &[
                ("AWS_CONFIG_FILE", Added::Text("/dev/null")),
                ("BURN_MS", Added::Default("5")),
                ("DATABASE", Added::DynamoDb),
                ("SEED", Added::Seed),
            ],
        };
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let defined: Vec<_> = defined.iter().map(owned).collect();
        IMAGE.environment(&defined, DYNAMODB, seed, ordinal)
    }

    fn value<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
        let mut found = environment.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert_eq!(found.next(), None, "{name} twice");
        value
    }

    #[test]
    fn each_task_has_its_own_seed_which_wraps_at_the_last_one() {
        let seed = |ordinal| {
            let environment = environment(&[], u64::MAX, ordinal);
            value(&environment, "SEED").map(str::to_owned)
        };
        assert_eq!(seed(0), Some(u64::MAX.to_string()));
        assert_eq!(seed(1), Some("0".to_owned()));
    }

    #[test]
    fn the_task_definition_wins_over_the_defaults_of_the_lab() {
        let without = environment(&[("LOGLEVEL", "INFO")], 1, 0);
        assert_eq!(value(&without, "LOGLEVEL"), Some("INFO"));
        assert_eq!(value(&without, "BURN_MS"), Some("5"));
        assert_eq!(value(&without, "DATABASE"), Some("http://127.0.0.1:8000"));
        assert_eq!(value(&without, "AWS_CONFIG_FILE"), Some("/dev/null"));
        let with = environment(&[("BURN_MS", "9"), ("SEED", "7")], 1, 0);
        assert_eq!(value(&with, "BURN_MS"), Some("9"));
        assert_eq!(value(&with, "SEED"), Some("7"));
    }
}
