//! The images of sidecars, which task definitions of all workshops can name.

use std::net::SocketAddr;
use std::sync::Arc;

use http_shell::env::{Environment, Variables};
use http_shell::process::{ProcessError, block_on};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wire::Warn;

use super::image::{Added, Image};
use super::relay;
use crate::task::{self, Bind};

/// The UDP and TCP port of the X-Ray daemon.
pub const DAEMON_PORT: u16 = 2000;

/// The port on which the sidecar in the template receives OTLP.
const OTLP_PORT: u16 = 4318;

const XRAY_ADDRESS: &str = "XRAY_ADDRESS";
const OTLP_ADDRESS: &str = "XRAY_OTLP_ADDRESS";

/// Shows the metadata of its task to clients outside of the task.
pub const METADATA_PROXY: Image = Image {
    name: "metadata-proxy",
    is_in_worktree: false,
    run: metadata_proxy,
    added: &[("PORT", Added::Default("8001"))],
};

/// Relays traces to the local X-Ray.
pub const X_RAY_DAEMON: Image = Image {
    name: "x-ray-daemon",
    is_in_worktree: false,
    run: x_ray_daemon,
    added: &[
        ("PORT", Added::Text("2000")),
        (XRAY_ADDRESS, Added::Xray),
        (OTLP_ADDRESS, Added::XrayOtlp),
    ],
};

/// The images of all sidecars.
pub const SIDECARS: [Image; 2] = [METADATA_PROXY, X_RAY_DAEMON];

fn metadata_proxy(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    use metadata_proxy::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = task::start_telemetry(&config.telemetry, SERVICE_INFO)?;
    bind.serve(config.http.port, async |listener, stop| {
        let application = Application::build(config, listener)?;
        Ok(application.run_until(stop).await?)
    })
}

fn x_ray_daemon(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    let variables: Variables = env.read()?;
    let address =
        |name| variables.parse_required(name, "an address", |text| text.parse::<SocketAddr>().ok());
    let (xray, otlp) = (address(XRAY_ADDRESS)?, address(OTLP_ADDRESS)?);
    block_on(async {
        let stop = task::stop()?;
        let port = bind.port.unwrap_or(DAEMON_PORT);
        let refused = |port| move |source| ProcessError::Bind { port, source };
        let bound = xray::Server::bind((bind.address, port).into()).await;
        let (udp, tcp) = bound.map_err(refused(port))?;
        let mut listeners = vec![(tcp, xray)];
        // At an address that tasks share, only one port of each process is known.
        if bind.port.is_none() {
            let listener = TcpListener::bind((bind.address, OTLP_PORT)).await;
            listeners.push((listener.map_err(refused(OTLP_PORT))?, otlp));
        }
        task::announce(udp.local_addr()?)?;
        let token = CancellationToken::new();
        let warn: Warn = Arc::new(|warning| eprintln!("{warning}"));
        let relay = relay::run(udp, xray, listeners, token.clone(), warn);
        let stopped = async {
            stop.await;
            token.cancel();
        };
        let (relayed, ()) = tokio::join!(relay, stopped);
        relayed?;
        Ok::<_, ProcessError>(())
    })
}
