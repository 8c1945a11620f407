//! Starts the lab, or one task of it: the lab's binary starts itself again for each task.

use std::process::ExitCode;

use clap::Parser;
use lab::options::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Task { service }) => match lab::task::run(service) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        },
        Some(Command::Env { aws_port }) => exit_code(lab::print_environment(aws_port)),
        Some(Command::Reset { site_port, yes }) => exit_code(lab::reset(site_port, yes)),
        None => exit_code(lab::run(cli.options)),
    }
}

fn exit_code(result: Result<(), lab::Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
