//! The local X-Ray by itself.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use xray::{Options, Server, Sockets, Xray};

/// The port is taken or not permitted: EX_UNAVAILABLE of sysexits.h.
const UNAVAILABLE: u8 = 69;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let sockets = match listen(&options).await {
        Ok(sockets) => sockets,
        Err(error) => {
            eprintln!("xray: {error}");
            return ExitCode::from(UNAVAILABLE);
        }
    };
    if let (Ok(address), Ok(otlp)) = (sockets.tcp.local_addr(), sockets.otlp.local_addr()) {
        println!(
            "X-Ray takes documents on udp:{address} and answers on http://{address}, for example:"
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
    match server.run_until(stop()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xray: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn listen(options: &Options) -> Result<Sockets, String> {
    let refused = |address: SocketAddr, option: &'static str| {
        move |error| {
            format!("cannot listen on {address}: {error}; choose another {option} or --host")
        }
    };
    let address = options.address();
    let (udp, tcp) = Server::bind(address)
        .await
        .map_err(refused(address, "--port"))?;
    let address = options.otlp_address();
    let otlp = TcpListener::bind(address)
        .await
        .map_err(refused(address, "--otlp-port"))?;
    Ok(Sockets { udp, tcp, otlp })
}

/// Cancelled on SIGTERM and Ctrl-C.
fn stop() -> CancellationToken {
    let stop = CancellationToken::new();
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // Where signals cannot be had, they end the process by themselves.
        if let Ok(mut signals) = signal(kind) {
            let stop = stop.clone();
            tokio::spawn(async move {
                signals.recv().await;
                stop.cancel();
            });
        }
    }
    stop
}
