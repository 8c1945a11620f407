//! The program whose tests run, and the environment it needs.

use std::process::Output;

use crate::service::{Service, run_to_end};

/// A service's binary, and the variables that the shared tests set.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Path of the binary: `env!("CARGO_BIN_EXE_…")`.
    pub binary: &'static str,
    /// The variables that the program needs to start.
    pub required: &'static [(&'static str, &'static str)],
    /// The variables without a default.
    pub without_default: &'static [&'static str],
    /// Values that the program rejects, beyond those that every service rejects.
    pub rejected_values: &'static [(&'static str, &'static str)],
}

impl Program {
    /// Starts the service with the required variables.
    pub fn start(&self) -> Service {
        self.start_with(&[])
    }

    /// Starts the service with the required variables and more.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Service {
        Service::start(self.binary, &[self.required, variables].concat())
    }

    /// Runs the program to its end, with these variables only.
    pub fn run_to_end(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        run_to_end(self.binary, variables, arguments)
    }
}
