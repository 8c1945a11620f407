//! What can go wrong in the lab.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use http_shell::env::EX_USAGE;
use http_shell::format_causes;
use thiserror::Error;

use crate::endpoints::Holds;
use crate::service::Service;

/// Exit code of a shell's command that Ctrl-C ended: 128 and the number of SIGINT.
const EX_INTERRUPTED: u8 = 130;

/// Every error of the lab.
#[derive(Debug, Error)]
pub enum Error {
    /// Somebody else listens on the port.
    #[error(
        "port {port} is in use: stop the program that listens on it, or choose another port with {option} \
         (0: any free port)"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The option that chooses it.
        option: &'static str,
    },
    /// The port cannot be listened on for another reason.
    #[error("cannot listen on port {port}: choose another port with {option} (0: any free port)")]
    Bind {
        /// The port.
        port: u16,
        /// The option that chooses it.
        option: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The directory of `--data-dir` cannot be used.
    #[error("cannot use the data directory {}", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What went wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The emulator refused the table or an item.
    #[error("cannot set up the database")]
    Database(#[source] Box<dyn StdError + Send + Sync>),
    /// The path of `--endpoints-file` holds something that is not a file of an ended lab.
    #[error(
        "{} {holds}: choose another path with --endpoints-file, or remove what is there",
        path.display()
    )]
    EndpointsTaken {
        /// The path.
        path: PathBuf,
        /// What is there.
        holds: Holds,
    },
    /// The file of `--endpoints-file` cannot be read, written or removed.
    #[error("cannot use the endpoints file {}", path.display())]
    Endpoints {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A task said that its environment makes no sense.
    #[error("{service} cannot start with this environment:\n{stderr}")]
    TaskConfig {
        /// Which service.
        service: Service,
        /// Its own words.
        stderr: String,
    },
    /// The operating system refused a process.
    #[error("cannot start a task of {service}")]
    Spawn {
        /// Which service.
        service: Service,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system refused a runtime, a signal handler or a socket.
    #[error("the lab cannot run")]
    System(#[from] io::Error),
    /// A part of the lab ended in a way that it never should.
    #[error("a part of the lab ended unexpectedly")]
    BrokeDown(#[from] tokio::task::JoinError),
    /// A second Ctrl-C: whatever still ran was killed.
    #[error("stopped at once; requests in progress were cut off")]
    Interrupted,
}

impl Error {
    /// Says on standard error what happened and returns the exit code: 64 for an environment that
    /// a task refused, 130 for the second Ctrl-C, else 1.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {self}");
        if self.source().is_some() {
            eprintln!("because: {}", format_causes(self));
        }
        match self {
            Self::TaskConfig { .. } => ExitCode::from(EX_USAGE),
            Self::Interrupted => ExitCode::from(EX_INTERRUPTED),
            _ => ExitCode::FAILURE,
        }
    }
}
