//! Starts the metadata proxy: reads the configuration, initialises telemetry, and runs the server.

use std::process::ExitCode;

use http_shell::env::{ConfigError, Environment};
use http_shell::process::{self, ProcessError};
use metadata_proxy::{Application, Config, DEFAULT_PORT, SERVICE_INFO};

fn main() -> ExitCode {
    process::main_with_default_port(DEFAULT_PORT, serve)
}

fn serve(env: &Environment) -> Result<(), ProcessError> {
    let config = Config::read(env)?;
    // When `main` ends, the telemetry guard is dropped. Dropping the telemetry guard flushes spans, metrics
    // and log lines.
    let _telemetry = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    process::serve(config.http.port, async |listener, stop| {
        let application = Application::build(config, listener)?;
        application.run_until(stop.wait()).await
    })
}
