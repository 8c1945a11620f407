//! The option `--health-check`: the health check of container images that contain neither a shell nor `curl`.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Timeout of each operation of the health check: connect, write, and read.
const STEP_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends `GET /health/live` to the service on `port` of this machine.
///
/// # Errors
///
/// Returns an error when no response arrives in time, or the status of the response is not 200.
pub fn check_liveness(port: u16) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, STEP_TIMEOUT)?;
    stream.set_read_timeout(Some(STEP_TIMEOUT))?;
    stream.set_write_timeout(Some(STEP_TIMEOUT))?;
    stream.write_all(
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nUser-Agent: health-check\r\nConnection: close\r\n\r\n",
    )?;
    let mut status_line = [0; 12];
    stream.read_exact(&mut status_line)?;
    if &status_line == b"HTTP/1.1 200" {
        Ok(())
    } else {
        let status_line = String::from_utf8_lossy(&status_line).into_owned();
        Err(io::Error::other(format!(
            "the response starts with '{status_line}'"
        )))
    }
}
