//! Starts the monolith: configuration, telemetry, port, service, flush.

use std::process::ExitCode;

use http_shell::env::{ConfigError, Environment};
use http_shell::process::{self, Failure};
use http_shell::signal;
use monolith::{Application, Config, Error, SERVICE_INFO};

fn main() -> ExitCode {
    process::main(serve)
}

fn serve(env: &Environment) -> Result<(), Failure> {
    let config = Config::read(env)?;
    let _flushed_at_the_end = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    process::block_on(async {
        // Before the port: a signal that comes once clients can connect must find its handler.
        let stop = signal::stop_requested().map_err(Error::Server)?;
        let listener = process::bind(config.http.port)?;
        let application = Application::build(config, listener).await?;
        Ok::<_, Failure>(application.run_until(stop).await?)
    })
}
