//! The program under test, and the environment variables that the program needs.

use std::process::Output;

use crate::service::{Service, run_to_end};

/// Reads a configuration from variables. The error of the function is the message for the user.
pub type ReadConfig = fn(&[(&str, &str)]) -> Result<(), String>;

/// A service's binary, and the variables that the shared tests set.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Path of the binary: `env!("CARGO_BIN_EXE_…")`.
    pub binary: &'static str,
    /// The variables that the program needs to start.
    pub required: &'static [(&'static str, &'static str)],
    /// The environment variables of the program that have no default.
    pub without_default: &'static [&'static str],
    /// Values of variables that this program rejects, in addition to the values that every service rejects.
    pub rejected_values: &'static [(&'static str, &'static str)],
    /// Reads the program's configuration from variables in the test process, without starting the program.
    pub read_config: ReadConfig,
}

impl Program {
    /// Starts the service with the required variables.
    pub fn start(&self) -> Service {
        self.start_with(&[])
    }

    /// Starts the service with the required variables and additional `variables`.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Service {
        Service::start(self.binary, &[self.required, variables].concat())
    }

    /// The required variables with `variables` added or replaced.
    pub fn required_with<'a>(&self, variables: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let is_replaced = |name: &str| variables.iter().any(|(other, _)| *other == name);
        let required = self.required.iter().copied();
        let not_replaced = required.filter(|(name, _)| !is_replaced(name));
        not_replaced.chain(variables.iter().copied()).collect()
    }

    /// Reads the configuration from the required variables with `variables` added or replaced, and returns
    /// the error. Panics if the configuration is valid.
    pub fn config_error(&self, variables: &[(&str, &str)]) -> String {
        let result = (self.read_config)(&self.required_with(variables));
        result.expect_err(&format!("{variables:?} is a valid configuration"))
    }

    /// Runs the program to its end, with no environment variables except `variables`.
    pub fn run_to_end(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
        run_to_end(self.binary, variables, arguments)
    }
}
