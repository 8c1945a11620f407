//! Runs a service's binary in a process of its own, with an environment of its own and real sockets.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits for a condition before it fails.
pub const WAIT_LIMIT: Duration = Duration::from_secs(20);

/// A running service. Dropping it kills the process.
pub struct Service {
    /// The process.
    pub child: Child,
    /// The port on which it listens.
    pub port: u16,
    /// The lines of its standard output. Empty after `start_unread`.
    pub lines: Receiver<String>,
    _reserved: UdpSocket,
}

impl Service {
    /// Starts `binary` with this environment and no other, and waits until it listens.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let mut service = Self::spawn(binary, variables, Stdio::inherit());
        let stdout = BufReader::new(service.child.stdout.take().unwrap());
        let (sender, lines) = channel();
        service.lines = lines;
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        service
    }

    /// Starts `binary` like `start`, but reads neither its standard output nor its standard error.
    pub fn start_unread(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(binary, variables, Stdio::piped())
    }

    fn spawn(binary: &str, variables: &[(&str, &str)], stderr: Stdio) -> Self {
        let (port, reserved) = reserve_port();
        let child = command(binary, variables)
            .env("PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let (_, lines) = channel();
        let mut service = Self {
            child,
            port,
            lines,
            _reserved: reserved,
        };
        wait_until("the service listens", || {
            assert!(service.child.try_wait().unwrap().is_none(), "it ended");
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        service
    }

    /// The URL of a path of the service.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Opens a connection whose reads time out after [`WAIT_LIMIT`].
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
        stream
    }

    /// Sends `bytes` on a new connection and returns everything that the service sends until it closes it.
    pub fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The service may answer and close the connection before it has read all bytes.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits for a log line that `is_wanted` accepts. Lines before it are dropped.
    pub fn wait_for_line(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        self.wait_for_line_within(WAIT_LIMIT, is_wanted)
    }

    /// Waits like `wait_for_line`, at most for `time_limit`.
    pub fn wait_for_line_within(
        &self,
        time_limit: Duration,
        is_wanted: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + time_limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("no such log line");
            if is_wanted(&line) {
                return line;
            }
        }
    }

    /// The id of the process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends SIGTERM and waits for the end. Returns the exit status and the remaining log lines.
    pub fn stop(self) -> (ExitStatus, Vec<String>) {
        self.signal(Signal::TERM);
        self.wait_for_end()
    }

    /// Waits for the end of the process. Returns the exit status and the remaining log lines.
    pub fn wait_for_end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.wait();
        (status, self.lines.iter().collect())
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the service ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `binary` with these variables only, until it ends.
pub fn run_to_end(binary: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(binary, variables).args(arguments).output().unwrap()
}

fn command(binary: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// A TCP port on which nothing listens at the moment.
pub fn free_port() -> u16 {
    reserve_port().0
}

/// Reserves a TCP port on which nothing listens. No other test gets it while the returned socket is open.
///
/// Tests run in parallel. Without the reservation, two of them could choose the same port before either
/// service listens, and one test would talk to the other's service. The reservation is a UDP socket on the
/// same port number, which does not hinder TCP. Ports from 32768 on are left to the operating system, which
/// hands them out to sockets bound to port 0.
pub fn reserve_port() -> (u16, UdpSocket) {
    loop {
        let port = 10_000 + u16::try_from(RandomState::new().hash_one(()) % 20_000).unwrap();
        let address = (Ipv4Addr::LOCALHOST, port);
        let Ok(reservation) = UdpSocket::bind(address) else {
            continue;
        };
        if TcpListener::bind(address).is_ok() {
            return (port, reservation);
        }
    }
}

/// Polls `condition` until it is true.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT_LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
