//! Runs the monolith: reads the configuration, starts the telemetry, and serves until a stop signal.

use std::process::ExitCode;

use http_shell::env::{ConfigError, Environment};
use http_shell::process::{self, ProcessError};
use monolith::{Application, Config, SERVICE_INFO};

fn main() -> ExitCode {
    process::main(serve)
}

fn serve(env: &Environment) -> Result<(), ProcessError> {
    let config = Config::read(env)?;
    // Dropping this guard flushes spans, metrics and log lines.
    let _telemetry = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    process::serve(config.http.port, async |listener, stop| {
        let application = Application::build(config, listener).await?;
        Ok::<_, ProcessError>(application.run_until(stop.wait()).await?)
    })
}
