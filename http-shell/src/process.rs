//! The command-line arguments, the port, the stop signals and the exit codes of a service process.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::panic;
use std::process::ExitCode;

use thiserror::Error;

use crate::config::Config;
use crate::env::{ConfigError, EX_USAGE, Environment};
use crate::error::format_causes;
use crate::probe;
use crate::signal::StopSignal;

/// The action that the command-line arguments select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// Serve requests until a stop signal arrives.
    Serve,
    /// Check whether the service on `PORT` is live; the process returns the result as its exit code.
    HealthCheck,
}

/// The reason why a process ends with an error.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// The command line contains an unknown argument.
    #[error(
        "unknown argument '{0}': the only argument is --health-check; all settings are environment variables"
    )]
    Argument(String),
    /// A variable is missing or has an invalid value.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The port cannot be bound.
    #[error("cannot listen on port {port}: {source}; choose another port with the variable PORT")]
    Bind {
        /// The port that could not be bound, from the variable `PORT`.
        port: u16,
        /// The operating system's error that prevented the binding of the port.
        source: io::Error,
    },
    /// `--health-check` found that the service is not live.
    #[error("the service on port {port} is not live: {source}")]
    NotLive {
        /// The port to which the probe was sent.
        port: u16,
        /// The error of the health check's probe.
        source: io::Error,
    },
    /// The server did not start, or the server ended with an error.
    #[error("the server failed")]
    Server(#[from] io::Error),
    /// An error that is specific to the service.
    #[error(transparent)]
    Service(#[from] Box<dyn Error>),
}

impl ProcessError {
    /// Prints the error and its causes on standard error, and returns the exit code: 64 for an invalid
    /// argument or variable, else 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {self}");
        // The messages of the remaining error variants contain the source error.
        if let Self::Server(_) | Self::Service(_) = self
            && self.source().is_some()
        {
            eprintln!("because: {}", format_causes(self));
        }
        match self {
            Self::Argument(_) | Self::Config(_) => ExitCode::from(EX_USAGE),
            Self::Bind { .. } | Self::NotLive { .. } | Self::Server(_) | Self::Service(_) => {
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    /// Parses the command-line arguments after the program's name.
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ProcessError> {
        let mut command = Self::Serve;
        for argument in arguments {
            if argument != "--health-check" {
                let argument = argument.to_string_lossy().into_owned();
                return Err(ProcessError::Argument(argument));
            }
            command = Self::HealthCheck;
        }
        Ok(command)
    }
}

/// The `main` function of a service: parses the arguments, then calls `serve` or checks a running service.
pub fn main(serve: impl FnOnce(&Environment) -> Result<(), ProcessError>) -> ExitCode {
    run_command(&Environment::snapshot(), serve)
}

/// Runs a service like [`main`], but with the default port `default_port` instead of 80.
pub fn main_with_default_port(
    default_port: u16,
    serve: impl FnOnce(&Environment) -> Result<(), ProcessError>,
) -> ExitCode {
    run_command(
        &Environment::snapshot().with_default("PORT", default_port),
        serve,
    )
}

fn run_command(
    env: &Environment,
    serve: impl FnOnce(&Environment) -> Result<(), ProcessError>,
) -> ExitCode {
    let result = match Command::parse(std::env::args_os().skip(1)) {
        Ok(Command::Serve) => serve(env),
        Ok(Command::HealthCheck) => run_health_check(env),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// Checks whether the service on `PORT` of this machine is live.
fn run_health_check(env: &Environment) -> Result<(), ProcessError> {
    let port = env.read::<Config>()?.port;
    probe::check_liveness(port).map_err(|source| ProcessError::NotLive { port, source })
}

/// Binds `port`, then calls `run` with the listener and the stop signal. The caller must configure logging
/// before this call.
///
/// # Errors
///
/// Returns an error when the port cannot be bound, or `run` fails.
pub fn serve<E: Into<ProcessError>>(
    port: u16,
    run: impl AsyncFnOnce(TcpListener, StopSignal) -> Result<(), E>,
) -> Result<(), ProcessError> {
    block_on(async {
        // The signal handlers are installed before the port is bound. Another process that detects the open
        // port may send a stop signal immediately.
        let stop = StopSignal::install()?;
        run(bind(port)?, stop).await.map_err(Into::into)
    })
}

/// Binds `port` on all IPv4 addresses.
fn bind(port: u16) -> Result<TcpListener, ProcessError> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .map_err(|source| ProcessError::Bind { port, source })
}

/// Runs `service` on a new single-threaded runtime. Each HTTP worker has its own runtime. After this
/// call, panics of all threads are written to the log.
///
/// # Errors
///
/// Returns an error when `service` fails, or the runtime cannot be created.
pub fn block_on<E: Into<ProcessError>>(
    service: impl Future<Output = Result<(), E>>,
) -> Result<(), ProcessError> {
    log_panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(service).map_err(Into::into)
}

/// Writes each panic to the log as one line, with the trace id of the request.
fn log_panics() {
    let print_panic = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Without a subscriber, the log line would be lost, so the previous panic hook prints the panic
        // instead.
        if !tracing::enabled!(tracing::Level::ERROR) {
            return print_panic(panic);
        }
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            location = panic.location().map(tracing::field::display),
            backtrace = backtrace.map(tracing::field::display),
            "panicked: {}",
            panic.payload_as_str().unwrap_or("without a message")
        );
    }));
}
