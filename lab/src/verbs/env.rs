//! `env`: prints the shell commands that point the AWS clients at the lab, and that set the names of the lab's resources.
//!
//! The output is for `eval` in a POSIX shell: sh, bash, zsh, dash. `infra/script/env` prints the same names for AWS.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use axum::http::Method;
use tokio::process::Command;

use super::output::{note, print};
use crate::client::{ClientEnvironment, Listener, block_on};
use crate::error::Error;
use crate::exports::{self, Export};
use crate::ports::AWS_PORT;
use crate::scenario;

/// Maximum time until `aws --version` has ended. Python starts slowly on a busy machine, and the command can be a wrapper that starts
/// a container.
const VERSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Prints the commands for the lab whose AWS endpoint has this port.
///
/// # Errors
///
/// Fails if no lab answers at the port.
pub fn print_environment(aws_port: u16) -> Result<(), Error> {
    let listener = Listener::aws(aws_port);
    let exports = exports_of(listener)?;
    let endpoint = listener.url();
    let mut commands = commands(ClientEnvironment::of_this_process(&endpoint), exports);
    if let Some(version) = installed_cli().filter(|&it| ignores_endpoint_variable(it)) {
        let [major, minor, patch] = version;
        note(format_args!(
            "warning: the AWS CLI {major}.{minor}.{patch} ignores AWS_ENDPOINT_URL. In this shell, an alias adds the option \
             --endpoint-url to the command aws. In scripts, add the option yourself, or install the version 2.13 or newer."
        ));
        let alias = quote(&format!("aws --endpoint-url {endpoint}"));
        commands.push_str(&format!("alias aws={alias};\n"));
    }
    let option = match aws_port {
        AWS_PORT => String::new(),
        port => format!(" --aws-port {port}"),
    };
    let comment =
        format!("# To run these commands in this shell: eval \"$(cargo run -q -- env{option})\"\n");
    commands.push_str(&comment);
    print(commands)
}

/// Reads the names of the lab's resources from its AWS endpoint.
///
/// # Errors
///
/// Fails if no lab answers at the port.
pub fn exports_of(aws: Listener) -> Result<Vec<Export>, Error> {
    let response = aws.send(Method::GET, exports::PATH)?;
    let exports: Vec<Export> = response.parse_success()?;
    // Any program of this machine can listen on the port. A shell executes its names, and `PATH` would be a name, too.
    if !exports.iter().all(|export| is_known(&export.name)) {
        return Err(response.other_program());
    }
    Ok(exports)
}

/// Returns the commands.
fn commands(clients: ClientEnvironment, exports: Vec<Export>) -> String {
    let ClientEnvironment { unset, set } = clients;
    // With the semicolons, `eval` also works without quotation marks.
    let mut commands = format!("unset {};\n", unset.join(" "));
    for Export { name, value } in set.into_iter().chain(exports) {
        let _ = writeln!(commands, "export {name}={};", quote(&value));
    }
    commands
}

/// Whether a lab exports a variable with this name.
fn is_known(name: &str) -> bool {
    let mut exports = scenario::EXPORTS.iter();
    exports.any(|(known, _)| *known == name)
}

/// Quotes a text such that a shell takes it literally.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The version of the command `aws`, if it is installed and prints its version in time.
fn installed_cli() -> Option<[u32; 3]> {
    let mut command = Command::new("aws");
    command.arg("--version").stdin(Stdio::null());
    command.kill_on_drop(true);
    let ended = block_on(VERSION_TIMEOUT, || command.output()).ok()?;
    let output = ended.ok()?.ok()?;
    // With an old Python, version 1 prints its version on standard error.
    let text = [output.stdout, output.stderr].concat();
    version_of_cli(&String::from_utf8_lossy(&text))
}

/// Parses the output of `aws --version`, for example `aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0`.
fn version_of_cli(output: &str) -> Option<[u32; 3]> {
    let version = output.trim_start().strip_prefix("aws-cli/")?;
    let version = version.split_whitespace().next()?;
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    Some([next()?, next()?, next()?])
}

/// Whether a version of the AWS CLI ignores `AWS_ENDPOINT_URL`. Version 1 knows the variable since 1.29.0, which is the first that
/// requires botocore 1.31.0; version 2 since 2.13.0.
fn ignores_endpoint_variable(version: [u32; 3]) -> bool {
    version < [1, 29, 0] || ([2, 0, 0]..[2, 13, 0]).contains(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_scenario_are_known() {
        assert!(is_known("CLUSTER"));
        for name in ["PATH", "A=1; id; export B", "CLUSTER ", ""] {
            assert!(!is_known(name), "{name}");
        }
    }

    #[test]
    fn values_are_quoted_for_shells() {
        assert_eq!(quote("a b$c"), "'a b$c'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn old_versions_of_the_cli_ignore_the_variable_of_the_endpoint() {
        for (output, ignores) in [
            ("aws-cli/1.28.1 Python/3.8.10 Linux/5.4", Some(true)),
            ("aws-cli/1.29.0 Python/3.8.10 Linux/5.4", Some(false)),
            (
                "aws-cli/1.45.11 Python/3.11.7 Linux/6.18 botocore/1.43.11\n",
                Some(false),
            ),
            (
                "aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 source/x86_64",
                Some(true),
            ),
            ("aws-cli/2.12.7 Python/3.11.4", Some(true)),
            ("aws-cli/2.13.0 Python/3.11.4", Some(false)),
            ("aws-cli/3.0.0 Python/3.14", Some(false)),
            ("aws: command not found", None),
            ("aws-cli/2.x", None),
        ] {
            let found = version_of_cli(output).map(ignores_endpoint_variable);
            assert_eq!(found, ignores, "{output}");
        }
    }
}
