//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand, value_parser};
use telemetry::LogLevel;
use wire::Allowed;

use crate::guide::Step;
use crate::ports::{AWS_PORT, PortOptions, SITE_PORT};
use crate::scenario::{self, STARTS, Start, find_steps};
use crate::switch::Switch;
use crate::task::Bind;
use crate::verbs::{ExamOptions, LoadOptions};

/// A directory in the checkout in which this program was built.
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Runs the workshop on this machine: database, services, load balancer, X-Ray and site.
#[derive(Debug, Parser)]
#[command(name = "lab", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Without a subcommand, the lab starts.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of the lab.
    #[command(flatten)]
    pub options: Options,
}

impl Cli {
    /// Parses a command line, whose first word is the program's name.
    ///
    /// # Errors
    ///
    /// The error contains the message for the reader.
    pub fn try_parse_line(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(line).map_err(|mut error| {
            if error.kind() == ErrorKind::ArgumentConflict {
                let tip = "write the options of a verb behind it, for example: env --aws-port 4570";
                let tip = ContextValue::StyledStrs(vec![tip.into()]);
                error.insert(ContextKind::Suggested, tip);
            }
            error
        })
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs an image in a task. The environment variables configure it.
    #[command(hide = true)]
    Task {
        /// The image to run.
        image: String,
        /// Where it listens.
        #[command(flatten)]
        bind: Bind,
    },
    /// Print the shell commands that point AWS clients at the running lab, and that set the names of its resources. To run
    /// them in a POSIX shell: eval "$(cargo run -q -- env)"
    Env {
        /// Port of the running lab's AWS endpoint
        #[arg(long, value_name = "PORT", default_value_t = AWS_PORT, value_parser = value_parser!(u16).range(1..))]
        aws_port: u16,
    },
    /// Bring the running lab back to its start: likes, adoptions, services, task definitions, rules of the
    /// load balancer, traces, logs
    Reset {
        /// Port of the running lab's site
        #[arg(long, value_name = "PORT", default_value_t = SITE_PORT, value_parser = value_parser!(u16).range(1..))]
        site_port: u16,
        /// Do not ask before likes and adoptions in the directory of --data-dir are lost
        #[arg(long)]
        yes: bool,
    },
    /// Show what really happened to each request that the lab disturbed, a line for each. The columns are time, service and
    /// task, mechanism, parameters, status, milliseconds and trace id
    Ledger {
        /// Only records with sequence numbers above this one
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: u64,
        /// Print a JSON object for each record
        #[arg(long)]
        json: bool,
        /// Port of the running lab's site
        #[arg(long, value_name = "PORT", default_value_t = SITE_PORT, value_parser = value_parser!(u16).range(1..))]
        site_port: u16,
    },
    /// Take an exam: the lab has a problem, you find the cause, and the lab grades your answer. docs/exams.md describes exams
    Exam(ExamOptions),
    /// Send load to the running lab, and print a summary. The exit code is 99 if a threshold has failed, and 130 after Ctrl-C
    Load(Box<LoadOptions>),
    /// Set the start state of a lab of the guide in the running lab: reset, and then what differs. `goto 3` also makes a git
    /// worktree for the code change, and builds it
    Goto {
        /// Number of the lab
        #[arg(value_name = "LAB", value_parser = find_start)]
        lab: &'static Start,
        /// Checkout of the sources, if the lab was started with this option
        #[arg(long, value_name = "DIR", default_value = BUILT_IN, hide_default_value = true, value_parser = check_sources)]
        sources: PathBuf,
        /// Port of the running lab's site
        #[arg(long, value_name = "PORT", default_value_t = SITE_PORT, value_parser = value_parser!(u16).range(1..))]
        site_port: u16,
        /// Do not ask before likes and adoptions in the directory of --data-dir are lost
        #[arg(long)]
        yes: bool,
    },
    /// Say what of a step of the guide is done in the running lab, and what is missing. The exit code is 0 if all is done, 1 if
    /// not, and 2 if that could not be checked
    Check {
        /// Number of a lab, or of a step such as 1.2; without it, all steps are checked
        #[arg(value_name = "LAB[.STEP]", default_value = "", hide_default_value = true, value_parser = find_steps)]
        steps: &'static [Step],
        /// Port of the running lab's AWS endpoint [default: 4566]
        #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
        aws_port: Option<u16>,
        /// Look at AWS, with the credentials and the region of this shell, and the names that infra/script/env has set; this is the
        /// default in a shell with these names and without the endpoint of a lab
        #[arg(long, conflicts_with = "aws_port")]
        aws: bool,
    },
}

/// The options of the lab.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The ports.
    #[command(flatten)]
    pub ports: PortOptions,
    /// The options of the scenario.
    #[command(flatten)]
    pub scenario: scenario::Options,
    /// Most tasks of one service whose processes run, 1 to 200. A larger desired count stays, and the service's events name
    /// the limit
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=200))]
    pub max_tasks: u32,
    /// How long a new task stays PENDING, at most 600 s. On Fargate it is 30 to 60 s
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = value_parser!(u64).range(..=600))]
    pub task_start_seconds: u64,
    /// Seed of the sequence of faults; without this option the lab draws one. The help does not show the option, because it names
    /// the faults.
    #[arg(long, value_name = "N", hide = true)]
    pub seed: Option<u64>,
    /// Log level of the services: DEBUG, INFO, WARNING, ERROR or CRITICAL
    #[arg(long, value_name = "LEVEL", default_value = "ERROR", value_parser = check_log_level)]
    pub loglevel: String,
    /// Trace requests, and give each task a sidecar that sends the traces to X-Ray: on or off. OTEL_TRACES_EXPORTER and
    /// AWS_XRAY_DAEMON_ADDRESS select another receiver of the traces
    #[arg(long, value_enum, default_value_t = Switch::On, hide_possible_values = true)]
    pub tracing: Switch,
    /// Directory that stores the database; without this option it is only in memory
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Checkout of the sources, in which `goto 3` makes its worktree, and the lab looks for the program of the image
    /// like-service:worktree; without this option it is the checkout in which this program was built
    #[arg(long, value_name = "DIR", default_value = BUILT_IN, hide_default_value = true, value_parser = check_sources)]
    pub sources: PathBuf,
    /// JSON file with all addresses and tasks; the lab writes it when all tasks are healthy
    #[arg(long, value_name = "PATH")]
    pub endpoints_file: Option<PathBuf>,
    /// Do not open a browser
    #[arg(long)]
    pub no_browser: bool,
    /// Print the log lines of the tasks and of the load balancer
    #[arg(long)]
    pub logs: bool,
    /// Interval of health checks, 10 to 300000 ms
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = value_parser!(u64).range(10..=300_000))]
    pub health_check_interval_ms: u64,
    /// Maximum time for which a deregistered task may finish its requests before its SIGTERM, at most 3600000 ms
    #[arg(long, value_name = "MS", default_value_t = 2_000, value_parser = value_parser!(u64).range(..=3_600_000))]
    pub deregistration_delay_ms: u64,
    /// Hosts and origins that the guard of the lab's listeners accepts in addition to loopback names and the site.
    #[command(flatten)]
    pub allowed: Allowed,
}

impl Options {
    /// Checks options that depend on each other.
    ///
    /// # Errors
    ///
    /// The message names the option.
    pub fn check(&self) -> Result<(), String> {
        self.scenario.check(self.max_tasks)
    }

    /// How long a new task stays PENDING.
    pub fn task_start(&self) -> Duration {
        Duration::from_secs(self.task_start_seconds)
    }

    /// Time between two health checks of a task.
    pub fn health_check_interval(&self) -> Duration {
        Duration::from_millis(self.health_check_interval_ms)
    }

    /// Maximum time for which a deregistered task may finish its requests before its SIGTERM.
    pub fn deregistration_delay(&self) -> Duration {
        Duration::from_millis(self.deregistration_delay_ms)
    }
}

/// Checks the log level before the services start. The services parse the level again.
fn check_log_level(value: &str) -> Result<String, String> {
    LogLevel::from_name(value)
        .map(|_| value.to_owned())
        .ok_or_else(|| "expected DEBUG, INFO, WARNING, ERROR or CRITICAL".to_owned())
}

fn check_sources(value: &str) -> Result<PathBuf, String> {
    // The path without `..` is shown to people. A directory that does not exist is an error only for `goto`.
    std::fs::canonicalize(value)
        .or_else(|_| std::path::absolute(value))
        .map_err(|error| error.to_string())
}

fn find_start(value: &str) -> Result<&'static Start, String> {
    let found = STARTS.iter().find(|start| start.lab.to_string() == value);
    found.ok_or_else(|| {
        let labs = STARTS.iter();
        let labs: Vec<_> = labs
            .map(|start| format!("{} ({})", start.lab, start.title))
            .collect();
        format!("the labs are {}", labs.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_accepts_the_definition_of_the_command_line() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_option_before_a_verb_is_refused_with_advice() {
        let line = ["lab", "--aws-port", "4570", "env"];
        let error = Cli::try_parse_line(line.map(OsString::from)).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("--aws-port"), "{message}");
        assert!(message.contains("env --aws-port 4570"), "{message}");
        let line = ["lab", "env", "--aws-port", "4570"];
        assert!(Cli::try_parse_line(line.map(OsString::from)).is_ok());
    }

    #[test]
    fn the_help_does_not_show_the_subcommand_that_starts_tasks() {
        let help = Cli::command().render_long_help().to_string();
        assert!(!help.contains("task like"), "{help}");
        assert!(help.contains("--alb-port"), "{help}");
    }

    /// The readers of the first labs find the faults themselves.
    #[test]
    fn the_help_names_no_fault_and_no_switch() {
        let mut command = Cli::command();
        let help = command.render_long_help().to_string();
        assert!(help.contains("--spoilers"), "{help}");
        let shown = command
            .get_subcommands_mut()
            .filter(|verb| !verb.is_hide_set());
        let verbs = shown.map(|verb| verb.render_long_help().to_string());
        for help in verbs.chain([help.replace("docs/chaos.md", "")]) {
            let help = help.to_lowercase();
            for spoiler in ["chaos", " fault", "seed", "404"] {
                assert!(!help.contains(spoiler), "{spoiler}: {help}");
            }
        }
    }

    #[test]
    fn without_options_the_workshops_defaults_apply() {
        let options = Cli::parse_from(["lab"]).options;
        let ports = &options.ports;
        let first = (ports.site_port, ports.alb_port, ports.dynamodb_port);
        assert_eq!(first, (3000, 8080, 8000));
        let ports = (ports.aws_port, ports.xray_port, ports.otlp_port);
        assert_eq!(ports, (4566, 2000, 4318));
        let scenario = &options.scenario;
        assert_eq!((scenario.like_tasks, scenario.monolith_tasks), (2, 1));
        assert_eq!((options.max_tasks, options.task_start_seconds), (20, 0));
        assert_eq!(options.loglevel, "ERROR");
        assert_eq!((scenario.chaos, options.tracing), (Switch::On, Switch::On));
        assert_eq!(options.health_check_interval(), Duration::from_secs(10));
    }

    #[test]
    fn option_values_out_of_range_are_refused() {
        for arguments in [
            ["--like-tasks", "0"],
            ["--like-tasks", "21"],
            ["--monolith-tasks", "0"],
            ["--alb-port", "65536"],
            ["--loglevel", "LOUD"],
            ["--seed", "-1"],
            ["--chaos", "maybe"],
            ["--health-check-interval-ms", "0"],
        ] {
            let parsed = Cli::try_parse_from(["lab"].into_iter().chain(arguments));
            let is_refused = parsed.map_or(true, |cli| cli.options.check().is_err());
            assert!(is_refused, "{arguments:?}");
        }
    }
}
