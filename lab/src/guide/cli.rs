//! The AWS CLI, which checks call for the lab and for AWS.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::Failure;
use crate::client::{ClientEnvironment, block_on};
use crate::exports::Export;

/// Maximum time of a call. A call has a tenth of a second of network and a second of Python.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Options of all calls: the output is JSON, and a call does not wait for a service that does not answer.
const OPTIONS: [&str; 6] = [
    "--output",
    "json",
    "--cli-connect-timeout",
    "5",
    "--cli-read-timeout",
    "30",
];

/// The command `aws` with an environment.
#[derive(Clone, Debug, Default)]
pub struct Cli {
    unset: Vec<String>,
    set: Vec<Export>,
    options: Vec<String>,
}

/// The AWS CLI for a lab with this endpoint. The reader's own settings do not reach it.
pub fn lab_cli(endpoint: &str) -> Cli {
    let ClientEnvironment { unset, mut set } = ClientEnvironment::of_this_process(endpoint);
    let files = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    set.extend(files.map(|name| Export::new(name, "/dev/null")));
    Cli {
        unset,
        set,
        // Old versions ignore the variable.
        options: vec!["--endpoint-url".to_owned(), endpoint.to_owned()],
    }
}

/// Whether the command `aws` is in a directory of `PATH`.
pub fn is_installed(path: Option<OsString>) -> bool {
    let path = path.unwrap_or_default();
    std::env::split_paths(&path).any(|directory| Path::new(&directory).join("aws").is_file())
}

impl Cli {
    /// Runs a command, and returns its output. Must not be called inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if the command fails, or if it takes too long.
    pub fn run(&self, words: &[&str]) -> Result<Value, Failure> {
        let failure = |why: String| {
            let [service, operation, ..] = words else {
                return Failure(why);
            };
            Failure(format!("aws {service} {operation}: {why}"))
        };
        let ended = block_on(CALL_TIMEOUT, || self.command(words).output());
        let output = ended
            .map_err(|error| failure(error.to_string()))?
            .map_err(|_| failure(format!("no answer in {} s", CALL_TIMEOUT.as_secs())))?
            .map_err(|error| failure(error.to_string()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(failure(message.trim().to_owned()));
        }
        if output.stdout.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| failure(format!("the output is not JSON: {error}")))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("aws");
        command.args(words).args(OPTIONS).args(&self.options);
        for name in &self.unset {
            command.env_remove(name);
        }
        command.envs(self.set.iter().map(|it| (&it.name, &it.value)));
        command
            .env("AWS_PAGER", "")
            .env("AWS_CLI_AUTO_PROMPT", "off");
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}
