//! Starts the lab, or a process of a task: the lab starts its own program for each container.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;
use lab::Track;
use lab::options::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::try_parse_line(std::env::args_os()).unwrap_or_else(|error| error.exit());
    if let Err(message) = cli.options.check() {
        Cli::command()
            .error(ErrorKind::ValueValidation, message)
            .exit();
    }
    match cli.command {
        Some(Command::Task { image, bind }) => match lab::run_image(&image, bind) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        },
        Some(Command::Env { aws_port }) => exit_code(lab::print_environment(aws_port)),
        Some(Command::Reset { site_port, yes }) => exit_code(lab::reset(site_port, yes)),
        Some(Command::Load(options)) => lab::load(&options).unwrap_or_else(|error| error.report()),
        Some(Command::Goto {
            lab,
            sources,
            site_port,
            yes,
        }) => exit_code(lab::goto(lab, sources, site_port, yes)),
        Some(Command::Check {
            steps,
            aws_port,
            aws,
        }) => {
            let track = Track::new(aws_port, aws, |name| std::env::var_os(name).is_some());
            lab::check(steps, track)
        }
        Some(Command::Exam(options)) => lab::exam(options).unwrap_or_else(|error| error.report()),
        Some(Command::Ledger {
            after,
            json,
            site_port,
        }) => exit_code(lab::ledger(site_port, after, json)),
        None => exit_code(lab::run(cli.options)),
    }
}

fn exit_code(result: Result<(), lab::Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
