//! The program `xray` runs a local X-Ray until the program receives SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use xray::{Options, Server, Sockets, Xray};

/// Exit status if an address cannot be bound: EX_UNAVAILABLE of sysexits.h.
const EXIT_UNAVAILABLE: u8 = 69;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let sockets = match bind_sockets(&options).await {
        Ok(sockets) => sockets,
        Err(error) => {
            eprintln!("xray: {error}");
            return ExitCode::from(EXIT_UNAVAILABLE);
        }
    };
    if let (Ok(address), Ok(otlp)) = (sockets.tcp.local_addr(), sockets.otlp.local_addr()) {
        println!(
            "X-Ray receives documents on udp:{address} and serves its API on http://{address}, for example:"
        );
        println!(
            "  aws xray get-service-graph --endpoint-url http://{address} \\\n    \
             --start-time $(($(date +%s) - 300)) --end-time $(date +%s)"
        );
        println!(
            "OpenTelemetry programs send spans with OTEL_EXPORTER_OTLP_ENDPOINT=http://{otlp}"
        );
    }
    let server = Server::new(
        Arc::new(Xray::new(options.config())),
        sockets,
        options.guard(),
    );
    let warn = Arc::new(|warning: &str| eprintln!("xray: {warning}"));
    match server.run_until(shutdown_token(), warn).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xray: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bind_sockets(options: &Options) -> Result<Sockets, String> {
    let bind_error = |address: SocketAddr, option: &'static str| {
        move |error| {
            format!("cannot listen on {address}: {error}; choose another {option} or --host")
        }
    };
    let address = options.address();
    let (udp, tcp) = Server::bind(address)
        .await
        .map_err(bind_error(address, "--port"))?;
    let address = options.otlp_address();
    let otlp = TcpListener::bind(address)
        .await
        .map_err(bind_error(address, "--otlp-port"))?;
    Ok(Sockets { udp, tcp, otlp })
}

/// Returns a cancellation token. The signals SIGTERM and SIGINT (Ctrl-C) cancel the token.
fn shutdown_token() -> CancellationToken {
    let shutdown = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // If the handler of a signal cannot be installed, the signal ends the process without a graceful
        // shutdown.
        if let Ok(mut signals) = signal(kind) {
            let shutdown = shutdown.clone();
            tokio::spawn(async move {
                signals.recv().await;
                shutdown.cancel();
            });
        }
    }
    shutdown
}
