//! The errors of the lab.

use std::error::Error as StdError;
use std::io::{self, Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use http_shell::env::EX_USAGE;
use http_shell::format_causes;
use thiserror::Error;

/// The exit code of invalid options, which clap also uses.
const EX_OPTIONS: u8 = 2;

/// The exit code that shells report for a command that Ctrl-C ended: 128 plus the number of SIGINT.
pub const EX_INTERRUPTED: u8 = 130;

/// The exit code that shells report for a command that writes into a closed pipe: 128 plus the number of SIGPIPE.
const EX_OUTPUT_CLOSED: u8 = 141;

/// Every error of the lab.
#[derive(Debug, Error)]
pub enum Error {
    /// Another program listens on the port.
    #[error(
        "port {port} is in use: stop the program that listens on it, or choose another port with {option} \
         (0: any free port)"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The option that sets the port.
        option: &'static str,
    },
    /// The operating system does not permit listening on the port, although no other program listens on it.
    #[error("cannot listen on port {port}: choose another port with {option} (0: any free port)")]
    Bind {
        /// The port.
        port: u16,
        /// The option that sets the port.
        option: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The directory of `--data-dir` cannot be used.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The emulator refused the table or an item.
    #[error("cannot set up the database")]
    Database(#[source] Box<dyn StdError + Send + Sync>),
    /// The path of `--endpoints-file` contains anything other than the endpoints file of a lab that has ended.
    #[error(
        "{} {holds}: choose another path with --endpoints-file, or remove what is there",
        path.display()
    )]
    EndpointsTaken {
        /// The path.
        path: PathBuf,
        /// The content of the path, as a predicate.
        holds: String,
    },
    /// The file of `--endpoints-file` cannot be read, written or removed.
    #[error("cannot use the endpoints file {}", path.display())]
    Endpoints {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A task ended because its environment is invalid.
    #[error("{service} cannot start with this environment:\n{stderr}")]
    TaskConfig {
        /// The service of the task.
        service: &'static str,
        /// The task's output on standard error.
        stderr: String,
    },
    /// A task definition of the scenario was refused.
    #[error("the task definition of {service} is refused: {message}")]
    Scenario {
        /// The service.
        service: &'static str,
        /// The message of ECS.
        message: String,
    },
    /// The operating system could not start a process.
    #[error("cannot start a task of {service}")]
    Spawn {
        /// The service of the task.
        service: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Nothing answers at a port at which a verb expects the running lab.
    #[error(
        "no lab answers at {url}: start one with `cargo run` in another terminal, or name the port of the running lab \
         with {option}"
    )]
    NoLab {
        /// The URL.
        url: String,
        /// The option that sets the port.
        option: &'static str,
        /// The cause.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A program that is not the lab answers at a port at which a verb expects the running lab.
    #[error("the program at {url} is not the lab: name the port of the running lab with {option}")]
    OtherProgram {
        /// The URL.
        url: String,
        /// The option that sets the port.
        option: &'static str,
    },
    /// The running lab could not do what a verb asked for.
    #[error("the lab answered: {0}")]
    RefusedByLab(String),
    /// There is no exam with the id.
    #[error("there is no exam {0:?}: `exam list` shows the exams")]
    NoSuchExam(String),
    /// The file of an answer cannot be read.
    #[error("cannot read the answer in {}", path.display())]
    AnswerFile {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The reader did not confirm that data may be lost.
    #[error("nothing was changed. {0}")]
    NotConfirmed(String),
    /// The options of `load` do not fit together.
    #[error("{0}")]
    LoadOptions(String),
    /// The URL of `load` is one of another machine, and `--allow-remote` is not set.
    #[error(
        "{0} is not an address of this machine. If the owner of the other machine agrees to the load, add the option \
         --allow-remote"
    )]
    RemoteLoad(String),
    /// `load` could not read the list of what it requests.
    #[error("cannot read from {url} what to request: {why}")]
    NoLoadTargets {
        /// The URL of the load balancer.
        url: String,
        /// The reason.
        why: String,
    },
    /// A program that a verb needs is not installed.
    #[error("cannot run {tool}: install it, or add it to PATH")]
    NoTool {
        /// The program.
        tool: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The sources are not a git checkout.
    #[error(
        "{} is not a git checkout of the lab's sources: clone the repository with git and start the lab there, or name \
         the checkout with --sources",
        .0.display()
    )]
    NoCheckout(PathBuf),
    /// git could not make the worktree.
    #[error("cannot make the worktree {}: {message}", path.display())]
    Git {
        /// The directory of the worktree.
        path: PathBuf,
        /// The message of git.
        message: String,
    },
    /// The program of a worktree could not be built.
    #[error(
        "cargo did not build {}, and the lab is unchanged: see the messages of cargo above",
        program.display()
    )]
    NotBuilt {
        /// The program.
        program: PathBuf,
    },
    /// The verb and the running lab would use different worktrees.
    #[error(
        "the lab looks for worktrees in {lab}, and this program in {own}: run `cargo run` in the checkout of the lab, or \
         name the lab's checkout with --sources"
    )]
    OtherSources {
        /// The checkout of the lab.
        lab: String,
        /// The checkout of this program.
        own: String,
    },
    /// The lab may not run as many tasks of a service as a start state has.
    #[error(
        "the start state has {desired} tasks of {service}: start the lab with --max-tasks {desired} or more"
    )]
    MaxTasks {
        /// The name of the service.
        service: &'static str,
        /// The number of tasks of the start state.
        desired: u32,
    },
    /// The task definition of the lab does not have a container that the start state of a lab leaves out.
    #[error("{service} has no container {container}: start the lab with --tracing on")]
    NoContainer {
        /// The name of the service.
        service: &'static str,
        /// The name of the container.
        container: &'static str,
    },
    /// The tasks of a service did not all start.
    #[error(
        "the tasks of {service} do not run as they should. The last event of the service: {event}"
    )]
    NotStable {
        /// The name of the service.
        service: &'static str,
        /// The message of an event.
        event: String,
    },
    /// A verb calls AWS operations with the AWS CLI, which is not in `PATH`.
    #[error(
        "the command aws is not in PATH: install the AWS CLI, \
         https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
    )]
    NoAwsCli,
    /// A verb that should call AWS runs in a shell that is set up for the lab.
    #[error(
        "AWS_ENDPOINT_URL is set, so that this shell calls the lab: run the command in a new shell, or without --aws"
    )]
    ShellOfLab,
    /// The environment has no name of a resource on AWS.
    #[error("the variable {0} is not set: run eval \"$(bash infra/script/env)\" first")]
    NoName(&'static str),
    /// Nobody reads the standard output of a verb any more.
    #[error("standard output is closed")]
    OutputClosed,
    /// The operating system could not create a runtime, a signal handler or a socket.
    #[error("the lab cannot run")]
    System(#[from] io::Error),
    /// A tokio task of the lab panicked or was cancelled.
    #[error("a part of the lab ended unexpectedly")]
    BrokeDown(#[from] tokio::task::JoinError),
    /// The local ECS ended before the lab: its scheduler panicked.
    #[error("the local ECS ended unexpectedly")]
    EcsEnded,
    /// After a second Ctrl-C, all processes that were still running were killed.
    #[error("stopped at once; requests in progress were cut off")]
    Interrupted,
}

impl Error {
    /// Prints the error on standard error and returns the exit code: 64 for an invalid environment
    /// of a task, 2 for invalid options, 130 for a second Ctrl-C, otherwise 1. A closed output ends
    /// a verb without a message, with 141.
    pub fn report(&self) -> ExitCode {
        if matches!(self, Self::OutputClosed) {
            return ExitCode::from(EX_OUTPUT_CLOSED);
        }
        // Standard error can be closed, too.
        let mut stderr = stderr();
        let _ = writeln!(stderr, "error: {self}");
        if self.source().is_some() {
            let _ = writeln!(stderr, "because: {}", format_causes(self));
        }
        match self {
            Self::TaskConfig { .. } => ExitCode::from(EX_USAGE),
            Self::LoadOptions(_) => ExitCode::from(EX_OPTIONS),
            Self::Interrupted => ExitCode::from(EX_INTERRUPTED),
            _ => ExitCode::FAILURE,
        }
    }
}
