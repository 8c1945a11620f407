//! The images that task definitions can name: programs inside the lab's own program.

use std::collections::HashMap;
use std::net::SocketAddr;

use http_shell::env::Environment;
use http_shell::process::ProcessError;

use crate::task::Bind;

/// A program that runs in tasks.
pub struct Image {
    /// The name in task definitions, and the tag if there is one.
    pub name: &'static str,
    /// Whether the program in the [worktree](crate::worktree) runs, instead of the lab's own.
    pub is_in_worktree: bool,
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
    /// The reader's value, if the reader has set the variable and the task definition does not have it. For secrets, which
    /// must not be in a task definition, because `DescribeTaskDefinition` shows it.
    Reader,
    /// The address of the local X-Ray.
    Xray,
    /// The address at which the local X-Ray receives OTLP.
    XrayOtlp,
}

/// What the values of the variables that the lab adds depend on.
#[derive(Clone)]
pub struct Surroundings {
    /// The address of DynamoDB.
    pub dynamodb: SocketAddr,
    /// The address of X-Ray.
    pub xray: SocketAddr,
    /// The address at which X-Ray receives OTLP.
    pub otlp: SocketAddr,
    /// The seed of the first task of each service.
    pub seed: u64,
    /// The reader's environment variables.
    pub reader: HashMap<String, String>,
}

/// What is the same for all containers of a task.
#[derive(Clone, Copy, Debug)]
pub struct OfTask {
    pub ordinal: u32,
    /// Where the X-Ray daemon of the task is, if it has one.
    pub daemon: SocketAddr,
}

const METADATA_URI: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// The variable with the address of the X-Ray daemon, and its value on AWS, where all containers of a task share
/// `127.0.0.1`.
const DAEMON_ADDRESS: &str = "AWS_XRAY_DAEMON_ADDRESS";
const DAEMON_ON_AWS: &str = "127.0.0.1:2000";

impl Image {
    /// The command of the image's health check, as in `infra/services.yml`.
    pub fn health_check(&self) -> [String; 3] {
        let (name, _) = self.name.split_once(':').unwrap_or((self.name, ""));
        ["CMD", &format!("/{name}"), "--health-check"].map(str::to_owned)
    }

    /// The environment of a process: that of the task definition, and what the lab adds. `metadata_uri` is the address of
    /// the container's metadata.
    pub fn environment(
        &self,
        defined: &[(String, String)],
        surroundings: &Surroundings,
        task: OfTask,
        metadata_uri: String,
    ) -> Vec<(String, String)> {
        let find = |name: &str| defined.iter().find(|(defined, _)| defined == name);
        let value = |name: &str, added: Added| match added {
            Added::Text(text) => Some(text.to_owned()),
            Added::DynamoDb => Some(format!("http://{}", surroundings.dynamodb)),
            Added::Xray => Some(surroundings.xray.to_string()),
            Added::XrayOtlp => Some(surroundings.otlp.to_string()),
            Added::Default(_) | Added::Reader | Added::Seed if find(name).is_some() => None,
            Added::Default(text) => Some(text.to_owned()),
            Added::Reader => surroundings.reader.get(name).cloned(),
            Added::Seed => {
                let seed = surroundings.seed.wrapping_add(task.ordinal.into());
                Some(seed.to_string())
            }
        };
        let of_image = self.added.iter();
        let mut added: Vec<_> = of_image
            .filter_map(|(name, added)| Some(((*name).to_owned(), value(name, *added)?)))
            .collect();
        added.push((METADATA_URI.to_owned(), metadata_uri));
        if find(DAEMON_ADDRESS).is_none_or(|(_, value)| value == DAEMON_ON_AWS) {
            added.push((DAEMON_ADDRESS.to_owned(), task.daemon.to_string()));
        }
        let is_added = |name: &String| added.iter().any(|(added, _)| added == name);
        let defined = defined.iter().filter(|(name, _)| !is_added(name)).cloned();
        let defined: Vec<_> = defined.collect();
        defined.into_iter().chain(added).collect()
    }

    /// Whether a program with this environment sends its traces to the X-Ray daemon of its task.
    pub fn needs_daemon(environment: &[(String, String)]) -> bool {
        let find = |name: &str| environment.iter().find(|(known, _)| known == name);
        let exporter = find("OTEL_TRACES_EXPORTER");
        exporter.is_some_and(|(_, value)| value.eq_ignore_ascii_case("xray"))
            && find(DAEMON_ADDRESS).is_none_or(|(_, value)| value == DAEMON_ON_AWS)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
    }

    fn environment(defined: &[(&str, &str)], seed: u64, ordinal: u32) -> Vec<(String, String)> {
        const IMAGE: Image = Image {
            name: "server",
            is_in_worktree: false,
            run: |_, _| Ok(()),
            added: &[
                ("AWS_CONFIG_FILE", Added::Text("/dev/null")),
                ("BURN_MS", Added::Default("5")),
                ("DATABASE", Added::DynamoDb),
                ("KEY", Added::Reader),
                ("OTHER_KEY", Added::Reader),
                ("SEED", Added::Seed),
                ("TRACES", Added::Xray),
            ],
        };
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let defined: Vec<_> = defined.iter().map(owned).collect();
        let surroundings = Surroundings {
            dynamodb: at(8000),
            xray: at(2001),
            otlp: at(4318),
            seed,
            reader: HashMap::from([("KEY".to_owned(), "secret".to_owned())]),
        };
        let task = OfTask {
            ordinal,
            daemon: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1, 0, 2)), 2000),
        };
        IMAGE.environment(&defined, &surroundings, task, "http://m/v4/x".to_owned())
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
        assert_eq!(value(&without, "KEY"), Some("secret"));
        assert_eq!(value(&without, "OTHER_KEY"), None);
        let defined = [("BURN_MS", "9"), ("KEY", "x"), ("SEED", "7")];
        let with = environment(&defined, 1, 0);
        assert_eq!(value(&with, "KEY"), Some("x"));
        assert_eq!(value(&with, "BURN_MS"), Some("9"));
        assert_eq!(value(&with, "SEED"), Some("7"));
    }

    #[test]
    fn each_container_gets_the_address_of_its_metadata_and_of_the_daemon_of_its_task() {
        let environment = environment(&[], 1, 0);
        let metadata = value(&environment, METADATA_URI);
        assert_eq!(metadata, Some("http://m/v4/x"));
        assert_eq!(value(&environment, "TRACES"), Some("127.0.0.1:2001"));
        assert_eq!(value(&environment, DAEMON_ADDRESS), Some("127.1.0.2:2000"));
    }

    /// On AWS, `127.0.0.1` is the task's own address.
    #[test]
    fn the_address_of_the_daemon_on_aws_is_replaced_and_another_one_is_kept() {
        for (defined, expected) in [
            ("127.0.0.1:2000", "127.1.0.2:2000"),
            ("far:2000", "far:2000"),
        ] {
            let environment = environment(&[(DAEMON_ADDRESS, defined)], 1, 0);
            assert_eq!(value(&environment, DAEMON_ADDRESS), Some(expected));
        }
    }

    #[test]
    fn a_program_needs_the_daemon_of_its_task_if_its_exporter_is_xray() {
        let needs_daemon = |variables: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Image::needs_daemon(&variables.iter().map(owned).collect::<Vec<_>>())
        };
        let xray = ("OTEL_TRACES_EXPORTER", "xray");
        assert!(needs_daemon(&[xray]));
        assert!(needs_daemon(&[xray, (DAEMON_ADDRESS, DAEMON_ON_AWS)]));
        assert!(!needs_daemon(&[xray, (DAEMON_ADDRESS, "far:2000")]));
        assert!(!needs_daemon(&[("OTEL_TRACES_EXPORTER", "none")]));
        assert!(!needs_daemon(&[]));
    }
}
