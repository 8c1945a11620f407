//! The file of `--endpoints-file`: where everything is, for tools. It is written once all tasks are
//! healthy and again when one has been replaced, and removed as soon as the lab begins to stop.
//!
//! The key `lab.pid` marks a file as a lab's. Only the file of a lab whose process has ended is replaced, and only
//! the lab's own file is removed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fmt, process};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::ports::Ports;

/// Where everything answers that lasts as long as the lab.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    pub site: String,
    pub alb: String,
    /// The pages that show the lab.
    pub console: String,
    pub dynamodb: String,
    /// Answers for all local AWS services.
    pub aws: String,
    pub xray: XrayAddresses,
    /// Takes spans of any OpenTelemetry program.
    pub otlp: String,
}

impl Addresses {
    /// The addresses of the lab's listeners.
    pub fn new(ports: &Ports) -> Self {
        let url = |address: SocketAddr| format!("http://{address}");
        Self {
            site: url(ports.site.address),
            alb: url(ports.alb.address),
            console: url(ports.site.address) + "/console",
            dynamodb: url(ports.dynamodb.address),
            aws: url(ports.aws.address),
            xray: XrayAddresses::at(ports.xray.address),
            otlp: url(ports.xray.otlp),
        }
    }
}

/// Where X-Ray answers.
#[derive(Clone, Debug, Serialize)]
pub struct XrayAddresses {
    /// Takes documents, by the daemon's protocol.
    pub udp: String,
    /// Answers questions.
    pub api: String,
}

impl XrayAddresses {
    /// Both at one address.
    fn at(address: SocketAddr) -> Self {
        Self {
            udp: address.to_string(),
            api: format!("http://{address}"),
        }
    }
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskInfo {
    pub id: String,
    /// The short name of the service.
    pub service: &'static str,
    pub url: String,
    pub pid: u32,
    /// The metadata of the service's container, version 4.
    pub metadata: String,
}

#[derive(Serialize)]
struct Endpoints<'a> {
    lab: LabProcess,
    #[serde(flatten)]
    addresses: &'a Addresses,
    /// The name of the scenario's first DynamoDB table.
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<&'static str>,
    tasks: &'a [TaskInfo],
}

/// What marks a file as a lab's.
#[derive(Deserialize)]
struct Mark {
    lab: LabProcess,
}

#[derive(Deserialize, Serialize)]
struct LabProcess {
    pid: u32,
}

/// What is at the path of the endpoints file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing.
    Nothing,
    /// The file of this process.
    Own,
    /// The file of a lab whose process has ended.
    Ended,
    /// The file of another process, which runs.
    Running(u32),
    /// A file that no lab wrote, or no regular file.
    Foreign,
}

/// The predicate of a sentence whose subject is the path.
impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("does not exist"),
            Self::Own => f.write_str("is this lab's file"),
            Self::Ended => f.write_str("is the file of a lab that has ended"),
            Self::Running(pid) => write!(
                f,
                "is the file of the lab with process id {pid}, which runs"
            ),
            Self::Foreign => f.write_str("is not the file of a lab"),
        }
    }
}

impl Holds {
    /// Longest file that is read, in bytes. A lab's has a few kilobytes.
    const MAX_BYTES: u64 = 1024 * 1024;

    fn at(path: &Path) -> io::Result<Self> {
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
            found => found?,
        };
        if !found.is_file() {
            return Ok(Self::Foreign);
        }
        let mut content = Vec::new();
        File::open(path)?
            .take(Self::MAX_BYTES)
            .read_to_end(&mut content)?;
        let mark: Option<Mark> = serde_json::from_slice(&content).ok();
        let pid = mark.map(|mark| mark.lab.pid);
        // A process id is a positive number of 31 bits.
        let process = pid.and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        Ok(match (pid, process) {
            (Some(pid), Some(_)) if pid == process::id() => Self::Own,
            (Some(_), Some(process)) if has_ended(process) => Self::Ended,
            (Some(pid), Some(_)) => Self::Running(pid),
            _ => Self::Foreign,
        })
    }
}

fn has_ended(process: Pid) -> bool {
    // The kernel knows a process until its parent has waited for it: on Linux, its state is `Z`.
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    let is_zombie = stat.is_ok_and(|stat| {
        let after_name = stat.rsplit_once(") ");
        after_name.is_some_and(|(_, state)| state.starts_with('Z'))
    });
    is_zombie || test_kill_process(process) == Err(Errno::SRCH)
}

/// The file, if one is wanted. Dropping it removes the file.
#[derive(Debug, Default)]
pub struct EndpointsFile(Option<PathBuf>);

impl EndpointsFile {
    /// Takes the path over. What an ended lab left there is removed, so that tools can wait for our file.
    ///
    /// # Errors
    ///
    /// When there is anything else.
    pub fn new(path: Option<PathBuf>) -> Result<Self, Error> {
        if let Some(path) = &path {
            match Holds::at(path).map_err(|source| failed(path, source))? {
                Holds::Nothing => {}
                // A lab that ran in a container before may have had the same process id.
                Holds::Ended | Holds::Own => {
                    fs::remove_file(path).map_err(|source| failed(path, source))?;
                }
                holds => return Err(taken(path, holds)),
            }
        }
        Ok(Self(path))
    }

    /// Writes the file in one step: a reader sees the old one or the new one, whole.
    ///
    /// # Errors
    ///
    /// When the file system refuses, and [`Error::EndpointsTaken`] when somebody else has put a file there.
    pub fn write(
        &self,
        addresses: &Addresses,
        table: Option<&'static str>,
        tasks: &[TaskInfo],
    ) -> Result<(), Error> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        match Holds::at(path).map_err(|source| failed(path, source))? {
            Holds::Nothing | Holds::Own | Holds::Ended => {}
            holds => return Err(taken(path, holds)),
        }
        let endpoints = Endpoints {
            lab: LabProcess { pid: process::id() },
            addresses,
            table,
            tasks,
        };
        write(path, &endpoints).map_err(|source| failed(path, source))
    }
}

impl Drop for EndpointsFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Ok(Holds::Own) = Holds::at(path)
        {
            // An error could be reported to nobody: the lab stops.
            let _ = fs::remove_file(path);
        }
    }
}

fn write(path: &Path, endpoints: &Endpoints) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(endpoints)?;
    json.push('\n');
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{:08x}", rand::random::<u32>()));
    let mut file = File::create_new(&temporary)?;
    let written = file.write_all(json.as_bytes());
    written
        .and_then(|()| fs::rename(&temporary, path))
        .inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
}

fn taken(path: &Path, holds: Holds) -> Error {
    Error::EndpointsTaken {
        path: path.to_owned(),
        holds: holds.to_string(),
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Endpoints {
        path: path.to_owned(),
        source,
    }
}
