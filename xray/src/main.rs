//! The local X-Ray by itself.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use xray::{Options, Server, Xray};

/// The port is taken or not permitted: EX_UNAVAILABLE of sysexits.h.
const UNAVAILABLE: u8 = 69;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let address = options.address();
    let (udp, tcp) = match Server::bind(address).await {
        Ok(sockets) => sockets,
        Err(error) => {
            eprintln!("xray: cannot listen on {address}: {error}; choose another --port or --host");
            return ExitCode::from(UNAVAILABLE);
        }
    };
    if let Ok(address) = tcp.local_addr() {
        println!(
            "X-Ray takes documents on udp:{address} and answers on http://{address}, for example:"
        );
        println!(
            "  aws xray get-service-graph --endpoint-url http://{address} \\\n    \
             --start-time $(($(date +%s) - 300)) --end-time $(date +%s)"
        );
    }
    let server = Server::new(Arc::new(Xray::new(options.config())), udp, tcp);
    match server.run_until(stop()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xray: {error}");
            ExitCode::FAILURE
        }
    }
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
