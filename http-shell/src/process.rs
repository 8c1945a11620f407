//! The outside of a service's process: its arguments, its port, its exit codes.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::panic;
use std::process::ExitCode;

use thiserror::Error;

use crate::env::{ConfigError, EX_USAGE, Environment};
use crate::{Config, causes, probe};

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// Serve until told to stop.
    Serve,
    /// Tell by the exit code whether the service on `PORT` is live.
    HealthCheck,
}

/// Why a process ends other than by being asked to.
#[derive(Debug, Error)]
pub enum Failure {
    /// An argument that no service knows.
    #[error("unknown argument '{0}': the only one is --health-check, the rest is environment")]
    Argument(String),
    /// A variable that is missing or makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The port cannot be listened on.
    #[error("cannot listen on port {port}: {source}; choose another with the variable PORT")]
    Bind {
        /// The port that `PORT` named.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// `--health-check` found no live service.
    #[error("the service on port {port} is not live: {source}")]
    NotLive {
        /// The port that was asked.
        port: u16,
        /// What went wrong.
        source: io::Error,
    },
    /// Anything later.
    #[error(transparent)]
    Run(#[from] Box<dyn Error>),
}

impl Failure {
    /// Says on standard error what happened and returns the exit code: 64 for what the user can
    /// correct in the command or the environment, else 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {self}");
        if let Self::Run(error) = self
            && error.source().is_some()
        {
            eprintln!("because: {}", causes(&**error));
        }
        match self {
            Self::Argument(_) | Self::Config(_) => ExitCode::from(EX_USAGE),
            Self::Bind { .. } | Self::NotLive { .. } | Self::Run(_) => ExitCode::FAILURE,
        }
    }
}

impl Command {
    /// Reads the arguments that follow the program's name.
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Failure> {
        let mut command = Self::Serve;
        for argument in arguments {
            if argument != "--health-check" {
                let argument = argument.to_string_lossy().into_owned();
                return Err(Failure::Argument(argument));
            }
            command = Self::HealthCheck;
        }
        Ok(command)
    }
}

/// The whole of a service's `main`: reads the arguments, then serves or checks the service that does.
pub fn main(serve: impl FnOnce(&Environment) -> Result<(), Failure>) -> ExitCode {
    run(&Environment::snapshot(), serve)
}

/// [`main`] of a service that listens on another `port` than 80 where `PORT` names none.
pub fn main_on(port: u16, serve: impl FnOnce(&Environment) -> Result<(), Failure>) -> ExitCode {
    run(&Environment::snapshot().or("PORT", port), serve)
}

fn run(env: &Environment, serve: impl FnOnce(&Environment) -> Result<(), Failure>) -> ExitCode {
    let done = match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve) => serve(env),
        Ok(Command::HealthCheck) => health_check(env),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Asks the service that the environment's `PORT` names whether it is live.
fn health_check(env: &Environment) -> Result<(), Failure> {
    let port = env.read::<Config>()?.port;
    probe::live(port).map_err(|source| Failure::NotLive { port, source })
}

/// Listens on `port` of every IPv4 address.
///
/// # Errors
///
/// When the port is taken or not permitted.
pub fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .map_err(|source| Failure::Bind { port, source })
}

/// Runs a service's future on a runtime of its own; the HTTP workers bring theirs. From then on,
/// panics of any thread are log lines.
///
/// # Errors
///
/// When the future fails or the runtime cannot be had.
pub fn block_on<E: Into<Failure>>(
    service: impl Future<Output = Result<(), E>>,
) -> Result<(), Failure> {
    log_panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Run(Box::new(error)))?;
    runtime.block_on(service).map_err(Into::into)
}

/// Logs each panic as one line, which carries the trace of the request that it happened in.
fn log_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Without a subscriber the line would be lost.
        if !tracing::enabled!(tracing::Level::ERROR) {
            return print(panic);
        }
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            location = panic.location().map(tracing::field::display),
            backtrace = backtrace.map(tracing::field::display),
            "panicked: {}",
            panic.payload_as_str().unwrap_or("no text")
        );
    }));
}
