//! One task: the real code of a service in a process of its own, as its container would run it.
//!
//! The lab tells it everything by the environment, reads its first lines of standard output for its
//! address, and holds its standard input: when that ends, the lab is gone and the task stops too.

use std::io::{self, Write, sink, stdin, stdout};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use http_shell::env::{ConfigError, Environment};
use http_shell::process::{ProcessError, block_on};
use http_shell::signal::StopSignal;
use tokio::sync::oneshot;

use crate::service::Service;

/// What the line begins with in which a task tells its address.
pub(crate) const LISTENING: &str = "listening ";

/// Runs one task of `service` until it is asked to stop or the lab is gone.
///
/// # Errors
///
/// When the environment makes no sense or the service fails.
pub fn run(service: Service) -> Result<(), ProcessError> {
    let env = Environment::snapshot();
    match service {
        Service::LikeService => like_service(&env),
        Service::Monolith => monolith(&env),
    }
}

fn like_service(env: &Environment) -> Result<(), ProcessError> {
    use like_service::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    block_on(async {
        let stop = stop()?;
        let listener = listen(config.http.port)?;
        let application = Application::build(config, listener)?;
        application.run_until(stop).await?;
        Ok::<_, ProcessError>(())
    })
}

fn monolith(env: &Environment) -> Result<(), ProcessError> {
    use monolith::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    block_on(async {
        let stop = stop()?;
        let listener = listen(config.http.port)?;
        let application = Application::build(config, listener).await?;
        application.run_until(stop).await?;
        Ok::<_, ProcessError>(())
    })
}

/// Listens on this machine alone and says where.
fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let address = listener.local_addr()?;
    let mut stdout = stdout().lock();
    writeln!(stdout, "{LISTENING}{address}")?;
    stdout.flush()?;
    Ok(listener)
}

fn stop() -> io::Result<impl Future<Output = ()>> {
    let signal = StopSignal::install()?;
    let abandoned = abandoned()?;
    Ok(async {
        tokio::select! {
            () = signal.wait() => {}
            () = abandoned => {}
        }
    })
}

/// Resolves once nobody holds the other end of standard input.
///
/// A thread and not the runtime's own standard input, whose last read would hold up the exit.
fn abandoned() -> io::Result<impl Future<Output = ()>> {
    let (ended, end) = oneshot::channel();
    thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            let _ = io::copy(&mut stdin().lock(), &mut sink());
            let _ = ended.send(());
        })?;
    Ok(async {
        let _ = end.await;
    })
}
