//! A process of a task: the code of an image, as its container would run it.
//!
//! The lab sets its environment and its address, reads the address from standard output, and holds its standard input: when
//! that ends, the lab has ended, and the process stops. Standard input is also the channel to the lab.

use std::io::{self, Write, stdout};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::pin::Pin;

use clap::Args;
use http_shell::env::ConfigError;
use http_shell::process::{ProcessError, block_on};
use http_shell::signal::StopSignal;
use telemetry::{FlushGuard, ServiceInfo};

use crate::channel::TaskEnd;

/// The beginning of the line with the address of a process.
pub(crate) const LISTENING: &str = "listening ";

/// Where a process listens.
#[derive(Clone, Copy, Debug, Args)]
pub struct Bind {
    /// The address of the task.
    #[arg(long)]
    pub address: IpAddr,
    /// The port, if it is not the one in the environment (0: any free port).
    #[arg(long)]
    pub port: Option<u16>,
}

impl Bind {
    /// Listens, and calls `serve` with the listener and a future that resolves when the process has to stop.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the port, or `serve` fails.
    pub(crate) fn serve(
        self,
        port: u16,
        serve: impl AsyncFnOnce(TcpListener, Stop) -> Result<(), ProcessError>,
    ) -> Result<(), ProcessError> {
        block_on(async {
            let stop = Box::pin(stop()?);
            serve(self.listen(port)?, stop).await
        })
    }

    /// The same for a program that opens the channel to the lab itself. `serve` gets the signals to stop.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the port or a signal handler, or `serve` fails.
    pub(crate) fn serve_with_channel(
        self,
        port: u16,
        serve: impl AsyncFnOnce(TcpListener, StopSignal) -> Result<(), ProcessError>,
    ) -> Result<(), ProcessError> {
        block_on(async {
            let signal = StopSignal::install()?;
            serve(self.listen(port)?, signal).await
        })
    }

    /// Listens on the port of the environment, unless there is another one, and prints the address.
    fn listen(self, port: u16) -> Result<TcpListener, ProcessError> {
        let port = self.port.unwrap_or(port);
        let listener = TcpListener::bind((self.address, port))
            .map_err(|source| ProcessError::Bind { port, source })?;
        announce(listener.local_addr()?)?;
        Ok(listener)
    }
}

/// Resolves when a process has to stop.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()>>>;

/// Starts the telemetry of a service. Dropping the guard flushes spans, metrics and log lines.
///
/// # Errors
///
/// When the configuration is invalid.
pub(crate) fn start_telemetry(
    config: &telemetry::Config,
    service: ServiceInfo,
) -> Result<FlushGuard, ConfigError> {
    telemetry::init(config, service).map_err(|error| ConfigError::Invalid(error.to_string()))
}

/// Prints the address at which the process listens.
///
/// # Errors
///
/// When the lab does not read standard output any more.
pub(crate) fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{LISTENING}{address}")?;
    stdout.flush()
}

/// Resolves on a signal to stop, and when the lab has ended. Ignores the lab's orders.
///
/// # Errors
///
/// When the operating system refuses a signal handler or a thread.
pub(crate) fn stop() -> io::Result<impl Future<Output = ()>> {
    let signal = StopSignal::install()?;
    let (_, lab_ended) = TaskEnd::open(|_| {})?;
    Ok(stop_at(signal, lab_ended))
}

/// Resolves on a signal to stop, and when the lab has ended.
pub(crate) async fn stop_at(signal: StopSignal, lab_ended: impl Future<Output = ()>) {
    tokio::select! {
        () = signal.wait() => {}
        () = lab_ended => {}
    }
}
