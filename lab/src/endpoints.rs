//! The file of `--endpoints-file`: where everything is, for tools. It is written once all tasks are
//! healthy and again when one has been replaced, and removed as soon as the lab begins to stop.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Error;
use crate::tasks::TaskInfo;

/// Where everything answers that lasts as long as the lab.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    pub site: String,
    pub alb: String,
    pub dynamodb: String,
    pub table: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xray: Option<XrayAddresses>,
    /// Takes spans of any OpenTelemetry program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp: Option<String>,
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
    pub fn at(address: SocketAddr) -> Self {
        Self {
            udp: address.to_string(),
            api: format!("http://{address}"),
        }
    }
}

#[derive(Serialize)]
struct Endpoints<'a> {
    #[serde(flatten)]
    addresses: &'a Addresses,
    tasks: &'a [TaskInfo],
}

/// The file, if one is wanted. Dropping it removes the file.
#[derive(Debug, Default)]
pub struct EndpointsFile(Option<PathBuf>);

impl EndpointsFile {
    /// Takes the path over; what an earlier lab left there is removed, so that tools can wait for
    /// ours.
    ///
    /// # Errors
    ///
    /// When there is something that cannot be removed.
    pub fn new(path: Option<PathBuf>) -> Result<Self, Error> {
        if let Some(path) = &path {
            remove(path).map_err(|source| failed(path, source))?;
        }
        Ok(Self(path))
    }

    /// Writes the file in one step: a reader sees the old one or the new one, whole.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn write(&self, addresses: &Addresses, tasks: &[TaskInfo]) -> Result<(), Error> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        let endpoints = Endpoints { addresses, tasks };
        write(path, &endpoints).map_err(|source| failed(path, source))
    }
}

impl Drop for EndpointsFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nobody is left to complain to.
            let _ = remove(path);
        }
    }
}

fn write(path: &Path, endpoints: &Endpoints) -> io::Result<()> {
    let mut json = serde_json::to_string_pretty(endpoints)?;
    json.push('\n');
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    std::fs::write(&temporary, json)?;
    std::fs::rename(&temporary, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Endpoints {
        path: path.to_owned(),
        source,
    }
}
