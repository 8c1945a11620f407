//! Performs the health checks of a container as its program does with `--health-check`: `GET /health/live`. The lab does it
//! itself, because the program checks `127.0.0.1`, and the task has another address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ecs::{ContainerHealth, ContainerHealthCheck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// The beginning of a successful response.
const STATUS_LINE: &[u8; 12] = b"HTTP/1.1 200";

/// Checks the program at `address` until this is dropped, and passes each change of its health to `report`.
pub async fn check_health(
    address: SocketAddr,
    settings: ContainerHealthCheck,
    report: impl Fn(bool),
) {
    let start = Instant::now();
    let mut health = ContainerHealth::default();
    loop {
        let begin = Instant::now();
        let has_passed = is_live(address, settings.timeout).await;
        if let Some(is_healthy) = health.observe(has_passed, &settings, start.elapsed()) {
            report(is_healthy);
        }
        sleep_until(begin + health.interval(&settings)).await;
    }
}

async fn is_live(address: SocketAddr, limit: Duration) -> bool {
    timeout(limit, status_line(address))
        .await
        .is_ok_and(|status_line| status_line.is_ok_and(|line| line == *STATUS_LINE))
}

async fn status_line(address: SocketAddr) -> io::Result<[u8; STATUS_LINE.len()]> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(
            b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nUser-Agent: health-check\r\nConnection: close\r\n\r\n",
        )
        .await?;
    let mut status_line = [0; STATUS_LINE.len()];
    stream.read_exact(&mut status_line).await?;
    Ok(status_line)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_program_that_answers_200_is_healthy_and_one_that_closes_is_not() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = ContainerHealthCheck {
            command: Vec::new(),
            interval: Duration::from_millis(10),
            timeout: Duration::from_secs(5),
            retries: 2,
            start_period: Duration::ZERO,
        };
        let (sender, mut reports) = mpsc::unbounded_channel();
        tokio::spawn(check_health(address, settings, move |is_healthy| {
            let _ = sender.send(is_healthy);
        }));
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        assert_eq!(reports.recv().await, Some(true));
        drop(stream);
        drop(listener);
        assert_eq!(reports.recv().await, Some(false));
    }
}
