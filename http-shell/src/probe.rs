//! `--health-check`: the health check of images that have no shell and no `curl`.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for each step of the probe.
const TIME: Duration = Duration::from_secs(2);

/// Asks the service on this machine's `port` whether it is live.
///
/// # Errors
///
/// When nothing answers there in time, or the answer is not 200.
pub fn live(port: u16) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIME)?;
    stream.set_read_timeout(Some(TIME))?;
    stream.set_write_timeout(Some(TIME))?;
    stream.write_all(
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nUser-Agent: health-check\r\nConnection: close\r\n\r\n",
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if &status == b"HTTP/1.1 200" {
        Ok(())
    } else {
        let status = String::from_utf8_lossy(&status).into_owned();
        Err(io::Error::other(format!("answered {status}")))
    }
}
